// SPDX-License-Identifier: MIT
// HTTP requests and what each cost, as `uvtree requests` tells it: a table to be sorted, and of one request where its
// time went.
import { List } from './list.js';
import { duration, element } from './words.js';

// Each instant of the wall time belongs to one of these (requests.h).
export const parts = { running: 'running', ready: 'ready', poolWork: 'pool work', poolWait: 'pool wait', outside: 'outside' };
const colours = { running: '#00674c', ready: '#e6b800', poolWork: '#d55e00', poolWait: '#f0a070', outside: '#d0d7de' };
const columns = { name: 'request', status: 'status', wall: 'wall', ...parts, operations: 'operations', in: 'bytes in', out: 'bytes out' };
const isTime = (key) => key === 'wall' || key in parts;

// The wall time as a bar, its parts one after the other.
export function bar(request, width) {
  const whole = Math.max(1, request.wall);
  return element(
    'span',
    { class: 'bar', style: `width:${width}px` },
    ...Object.keys(parts).map((key) => element('i', { title: `${parts[key]} ${duration(request[key])}`, style: `width:${(100 * request[key]) / whole}%;background:${colours[key]}` }))
  );
}

const quantile = (sorted, q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];

export class Requests {
  constructor(parent, data, select) {
    this.data = data;
    this.select = select;
    this.order = 'wall';
    this.rows = [...data.requests];
    this.head = element('div', { class: 'requests head' });
    parent.append(element('p', { class: 'summary' }, this.summary()), this.head);
    this.list = new List(parent, { row: (i) => this.row(this.rows[i]) });
    this.sort();
  }

  summary() {
    const walls = this.rows.filter((row) => row.finished).map((row) => row.wall).sort((a, b) => a - b);
    const count = `${this.rows.length} requests, ${this.rows.filter((row) => row.failed).length} failed`;
    if (!walls.length) return count;
    const told = [['p50', 0.5], ['p90', 0.9], ['p99', 0.99], ['max', 1]].map(([name, q]) => `${name} ${duration(quantile(walls, q))}`);
    return `${count}; wall time of those answered: ${told.join(', ')}`;
  }

  sort() {
    const { order } = this;
    this.rows.sort((a, b) => (order === 'name' ? a.name.localeCompare(b.name) : b[order] - a[order]) || a.begun - b.begun);
    this.head.replaceChildren(
      element('span'),
      ...Object.entries(columns).map(([key, name]) =>
        element('button', { 'data-order': key, 'aria-pressed': String(key === order), onclick: () => ((this.order = key), this.sort()) }, name)
      )
    );
    this.list.show(this.rows.length);
  }

  row(request) {
    const cells = Object.keys(columns).map((key) => {
      if (key === 'name') return element('span', { class: 'name', title: request.name }, request.name);
      if (key === 'status') return element('span', { class: request.failed ? 'failed' : undefined }, request.outcome);
      return element('span', {}, isTime(key) ? duration(request[key]) : String(request[key]));
    });
    const { operation } = request;
    return element(
      'div',
      { class: `row requests${operation === this.selected ? ' selected' : ''}`, 'data-request': operation, onclick: () => operation && this.select(operation) },
      bar(request, 80),
      ...cells
    );
  }

  show(operation) {
    this.selected = operation;
    this.list.draw();
  }
}
