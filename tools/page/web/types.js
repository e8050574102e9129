// SPDX-License-Identifier: MIT
// Per type: how often, and how long in each part of its operations' time, as a table and as a histogram.
import uPlot from 'uplot';
import { measures, measureNames, typeOf } from './data.js';
import { colour, duration, element } from './words.js';

const PER_DECADE = 5;

// Values of each measure, by type: sorted once they are asked for.
function collect(data) {
  const types = new Map();
  for (let i = 1; i < data.count; i++) {
    if (!data.type[i]) continue;
    let values = types.get(data.type[i]);
    if (!values) types.set(data.type[i], (values = { count: 0, first: i }));
    values.count++;
    const parts = measures(data, i);
    for (const key in parts) if (parts[key] >= 0) (values[key] ||= []).push(parts[key]);
  }
  return types;
}

const quantile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];

export class Types {
  constructor(parent, data) {
    this.data = data;
    this.types = collect(data);
    this.measure = 'ran';
    this.order = 'total';
    this.box = element('div', { class: 'scroll' });
    this.histogram = element('div', { id: 'histogram' });
    const choice = element('select', { onchange: (event) => ((this.measure = event.target.value), this.draw()) }, ...Object.entries(measureNames).map(([key, name]) => element('option', { value: key, selected: key === 'ran' || undefined }, name)));
    parent.append(element('p', { style: 'margin:6px 8px' }, 'time: ', choice), this.histogram, this.box);
    this.draw();
  }

  rows() {
    const rows = [];
    for (const [type, values] of this.types) {
      const sorted = values[this.measure];
      if (!sorted) continue;
      if (!sorted.sorted) {
        sorted.sort((a, b) => a - b);
        sorted.sorted = true;
      }
      rows.push({ type, name: this.data.texts[type], count: sorted.length, p50: quantile(sorted, 0.5), p90: quantile(sorted, 0.9), p99: quantile(sorted, 0.99), max: sorted.at(-1), total: sorted.reduce((sum, value) => sum + value, 0) });
    }
    const order = this.order;
    return rows.sort((a, b) => (order === 'name' ? a.name.localeCompare(b.name) : b[order] - a[order]));
  }

  draw() {
    const rows = this.rows();
    if (!rows.some((row) => row.type === this.selected)) this.selected = rows[0]?.type;
    const columns = { name: 'type', count: 'count', p50: 'p50', p90: 'p90', p99: 'p99', max: 'max', total: 'total' };
    const head = Object.entries(columns).map(([key, name]) => element('th', { 'aria-sort': key === this.order ? 'descending' : undefined }, element('button', { onclick: () => ((this.order = key), this.draw()) }, name)));
    const body = rows.map((row) =>
      element(
        'tr',
        { class: row.type === this.selected ? 'selected' : undefined, 'data-type': row.name, onclick: () => ((this.selected = row.type), this.draw()) },
        ...Object.keys(columns).map((key) => element('td', {}, key === 'name' ? row.name : key === 'count' ? String(row.count) : duration(row[key])))
      )
    );
    this.box.replaceChildren(element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...body)));
    this.drawHistogram();
  }

  drawHistogram() {
    this.chart?.destroy();
    const values = this.types.get(this.selected)?.[this.measure];
    if (!values) return;
    const bucket = (value) => Math.floor(Math.log10(Math.max(1, value)) * PER_DECADE);
    const low = bucket(values[0]);
    const counts = new Array(bucket(values.at(-1)) - low + 3).fill(0);
    for (const value of values) counts[bucket(value) - low + 1]++;
    const x = counts.map((_, i) => low + i - 1);
    const label = (at) => duration(10 ** (at / PER_DECADE));
    const name = this.data.texts[this.selected];
    this.chart = new uPlot(
      {
        title: `${name}: ${measureNames[this.measure]}`,
        width: Math.max(300, this.histogram.clientWidth - 10),
        height: 190,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false }, y: { range: (chart, min, max) => [0, max * 1.05] } },
        axes: [{ splits: () => x, values: () => x.map((at, i) => (i % Math.ceil(x.length / 12) ? '' : label(at))) }, { label: 'operations' }],
        series: [{}, { fill: colour(name), stroke: '#333', paths: uPlot.paths.bars({ size: [1], align: 1 }), points: { show: false } }],
      },
      [x, counts],
      this.histogram
    );
  }
}

// Operations with a label (requests of an HTTP server and the like), the longest first. Only where there are any.
export function labelled(data) {
  return [...data.label.keys()].sort((a, b) => data.ended[b] - data.begun[b] - (data.ended[a] - data.begun[a]));
}

export const typeName = typeOf;
