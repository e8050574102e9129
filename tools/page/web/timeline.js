// SPDX-License-Identifier: MIT
// The timeline: a row for each thread (and for what is nested on it), with its invocations, its work for the thread
// pool, and, paler, its polls. Drawn inside a uPlot chart, which has the axes, the zoom and the cursor. What is narrower
// than a pixel is drawn once a pixel.
import uPlot from 'uplot';
import { detailOf, typeOf } from './data.js';
import { colour, duration, element } from './words.js';

const ROW = 17;
const DEEPEST = 3;

// Of one row: spans that do not overlap, by time.
class Spans {
  constructor() {
    this.items = [];
  }

  add(begin, end, operation) {
    this.items.push([begin, end, operation]);
  }

  finish() {
    this.items.sort((a, b) => a[0] - b[0]);
    this.begin = Float64Array.from(this.items, (item) => item[0]);
    this.end = Float64Array.from(this.items, (item) => item[1]);
    this.operation = Uint32Array.from(this.items, (item) => item[2]);
    this.items = undefined;
  }

  // The first that ends after the time.
  after(time) {
    let low = 0;
    let high = this.end.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.end[middle] <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function depths(data) {
  const depth = new Uint8Array(data.count);
  for (let i = 1; i < data.count; i++) if (data.within[i]) depth[i] = Math.min(DEEPEST, depth[data.within[i]] + 1);
  return depth;
}

function makeRows(data) {
  const rows = data.tracks.map((track) => ({ name: track.name, polls: new Spans(), levels: [new Spans()] }));
  const depth = depths(data);
  for (let i = 1; i < data.count; i++) {
    const levels = rows[data.track[i]].levels;
    if (!data.track[i] || Number.isNaN(data.begun[i])) continue;
    while (levels.length <= depth[i]) levels.push(new Spans());
    levels[depth[i]].add(data.begun[i], Number.isNaN(data.ended[i]) ? data.processes[data.process[i]].end : data.ended[i], i);
  }
  for (let i = 0; i < data.polls.begin.length; i++) rows[data.polls.track[i]].polls.add(data.polls.begin[i], data.polls.end[i], 0);
  for (let i = 0; i < data.pool.begin.length; i++) rows[data.pool.track[i]].levels[0].add(data.pool.begin[i], data.pool.end[i], data.pool.operation[i]);
  const lines = [];
  const rank = (i) => data.tracks[i].process * 10 + Math.max(0, ['main', 'worker', 'thread', 'other', 'pool'].indexOf(data.tracks[i].role));
  const order = [...rows.keys()].slice(1).sort((a, b) => rank(a) - rank(b) || a - b);
  for (const row of order.map((i) => rows[i])) {
    row.levels.forEach((spans, level) => lines.push({ name: level ? '' : row.name, spans, polls: level ? undefined : row.polls }));
  }
  for (const line of lines) {
    line.spans.finish();
    line.polls?.finish();
  }
  return lines;
}

const cut = (name) => (name.length > 22 ? name.slice(0, 21) + '\u2026' : name);

export class Timeline {
  constructor(parent, data, select) {
    this.data = data;
    this.parent = parent;
    this.select = select;
    this.lines = makeRows(data);
    this.colours = data.texts.map((text) => colour(text));
    this.chain = new Set();
    this.tip = element('div', { class: 'tip' });
    this.chart = new uPlot(this.options(), [[0, Math.max(1, data.end)], [null, null]], parent);
    parent.append(this.tip);
    addEventListener('resize', () => this.chart.setSize(this.size()));
    this.listen();
  }

  size() {
    return { width: this.parent.clientWidth, height: this.lines.length * ROW + 50 };
  }

  options() {
    const { lines } = this;
    return {
      ...this.size(),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
      scales: { x: { time: false }, y: { range: [0, lines.length], dir: -1 } },
      series: [{}, {}],
      axes: [
        { side: 0, values: (chart, splits) => splits.map((ns) => duration(ns)), grid: { stroke: '#eee' } },
        { size: 150, splits: () => lines.map((line, i) => i + 0.5), values: () => lines.map((line) => cut(line.name)), grid: { show: false }, ticks: { show: false } },
      ],
      hooks: { draw: [(chart) => this.draw(chart)], setCursor: [(chart) => this.hover(chart)] },
    };
  }

  draw(chart) {
    const { ctx, bbox } = chart;
    const { min, max } = chart.scales.x;
    const scale = bbox.width / (max - min);
    const height = bbox.height / this.lines.length;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    this.lines.forEach((line, i) => {
      const top = bbox.top + i * height + 1;
      const paint = (spans, style) => this.drawSpans(ctx, spans, { min, max, scale, left: bbox.left, top, height: height - 2 }, style);
      if (line.polls) paint(line.polls, () => '#e8eef2');
      paint(line.spans, (operation) => this.colours[this.data.type[operation]]);
    });
    ctx.restore();
  }

  drawSpans(ctx, spans, { min, max, scale, left, top, height }, style) {
    let drawn = -Infinity;
    for (let i = spans.after(min); i < spans.begin.length && spans.begin[i] < max; i++) {
      const from = left + (spans.begin[i] - min) * scale;
      const to = Math.max(from + 1, left + (spans.end[i] - min) * scale);
      const marked = this.chain.has(spans.operation[i]) && spans.operation[i];
      if (to - drawn < 1 && !marked) continue;
      ctx.fillStyle = style(spans.operation[i]);
      ctx.fillRect(Math.max(from, drawn), top, to - Math.max(from, drawn), height);
      drawn = to;
      if (!marked) continue;
      ctx.strokeStyle = '#000';
      ctx.lineWidth = 2;
      ctx.strokeRect(from, top, Math.max(2, to - from), height);
    }
  }

  // The operation at a place of the chart, in CSS pixels; what is nearest within three pixels.
  at(x, y) {
    const line = this.lines[Math.floor(this.chart.posToVal(y, 'y'))];
    if (!line) return 0;
    const time = this.chart.posToVal(x, 'x');
    const near = 3 * (this.chart.posToVal(1, 'x') - this.chart.posToVal(0, 'x'));
    const i = line.spans.after(time);
    const distances = [i - 1, i].filter((k) => k >= 0 && k < line.spans.begin.length).map((k) => [Math.max(0, line.spans.begin[k] - time, time - line.spans.end[k]), k]);
    const [distance, k] = distances.sort((a, b) => a[0] - b[0])[0] || [Infinity];
    return distance <= near ? line.spans.operation[k] : 0;
  }

  hover(chart) {
    const { left, top } = chart.cursor;
    const operation = left >= 0 ? this.at(left, top) : 0;
    this.tip.style.display = operation ? 'block' : 'none';
    if (!operation) return;
    const { data } = this;
    const ran = data.ended[operation] - data.begun[operation];
    this.tip.textContent = `${typeOf(data, operation)} ${detailOf(data, operation)} #${data.execute[operation]}${ran >= 0 ? ', ran ' + duration(ran) : ''}`;
    this.tip.style.left = Math.min(left + 165, this.parent.clientWidth - this.tip.clientWidth - 10) + 'px';
    this.tip.style.top = top + 65 + 'px';
  }

  listen() {
    const { over } = this.chart;
    over.addEventListener('click', (event) => {
      const operation = this.at(event.offsetX, event.offsetY);
      if (operation) this.select(operation);
    });
    over.addEventListener(
      'wheel',
      (event) => {
        if (!event.ctrlKey && !event.shiftKey) return;
        event.preventDefault();
        const { min, max } = this.chart.scales.x;
        const centre = this.chart.posToVal(event.offsetX, 'x');
        const factor = event.deltaY < 0 ? 0.8 : 1.25;
        this.zoom(centre - (centre - min) * factor, centre + (max - centre) * factor);
      },
      { passive: false }
    );
  }

  zoom(min, max) {
    this.chart.setScale('x', { min: Math.max(0, min), max: Math.min(Math.max(1, this.data.end), max) });
  }

  // Brings the operation into the part of time that is in sight, and marks what it hangs from.
  show(operation) {
    const { data, chart } = this;
    this.chain = new Set();
    for (let i = operation; i; i = data.parent[i]) this.chain.add(i);
    const begun = data.begun[operation];
    const { min, max } = chart.scales.x;
    if (begun < min || begun > max) this.zoom(begun - (max - min) / 2, begun + (max - min) / 2);
    else chart.redraw(false);
  }
}
