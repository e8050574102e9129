// SPDX-License-Identifier: MIT
// The async call tree. A node is a process (-1 - process in `kinds`), a registration with several operations, or an
// operation; what is open is known by operation, registration and process.
import { List } from './list.js';
import { detailOf, measures, measureNames, states, typeOf } from './data.js';
import { colour, duration, element } from './words.js';

const PROCESS = 0;
const GROUP = 1;
const OPERATION = 2;

export function operationWords(data, i) {
  const label = data.label.get(i);
  const parts = measures(data, i);
  const told = Object.keys(measureNames).filter((name) => parts[name] >= 0);
  const times = told.map((name) => `${measureNames[name]} ${duration(parts[name])}`).join(', ');
  const state = states[data.state[i]];
  return [
    element('span', { class: 'mark', style: 'background:' + colour(typeOf(data, i)) }),
    typeOf(data, i),
    element('span', { class: 'detail' }, ` ${detailOf(data, i)}${data.execute[i] ? ' #' + data.execute[i] : ''}  `),
    label ? element('b', {}, data.texts[label] + '  ') : '',
    data.result.has(i) ? element('span', { class: data.isError.has(i) ? 'failed' : 'detail' }, data.result.get(i) + '  ') : '',
    data.failure.has(i) ? element('span', { class: 'failed' }, 'failed  ') : '',
    element('span', { class: 'times' }, times + '  '),
    state && state !== 'Retired' ? element('span', { class: 'state ' + state }, state) : '',
    state === 'Retired' && !data.execute[i] ? element('span', { class: 'state Queued' }, 'never ran') : '',
  ];
}

export class Tree {
  constructor(parent, data, select) {
    this.data = data;
    this.select = select;
    this.open = { [PROCESS]: new Set(data.processes.keys()), [GROUP]: new Set(), [OPERATION]: new Set() };
    for (const tops of data.tops) for (const r of tops) this.openRegistration(r);
    this.list = new List(parent, { row: (i) => this.row(i), key: (event) => this.key(event) });
    this.rebuild();
  }

  openRegistration(r) {
    this.open[GROUP].add(r);
    if (this.data.countOf[r] === 1) this.open[OPERATION].add(this.data.firstOf[r]);
  }

  // All rows in sight or not, from the top down, without recursion: a chain may be as deep as the trace is long.
  rebuild() {
    const { data, open } = this;
    const kinds = [];
    const ids = [];
    const depths = [];
    const stack = [];
    const pushRegistrations = (first, depth) => {
      const all = [];
      for (let r = first; r; r = data.nextRegistration[r]) all.push(r);
      for (let i = all.length; i--; ) stack.push(GROUP, all[i], depth);
    };
    for (let p = data.processes.length; p--; ) stack.push(PROCESS, p, 0);
    while (stack.length) {
      const depth = stack.pop();
      let id = stack.pop();
      let kind = stack.pop();
      if (kind === GROUP && data.countOf[id] === 1) {
        kind = OPERATION;
        id = data.firstOf[id];
      }
      kinds.push(kind);
      ids.push(id);
      depths.push(depth);
      if (!open[kind].has(id)) continue;
      if (kind === PROCESS) for (let i = data.tops[id].length; i--; ) stack.push(GROUP, data.tops[id][i], 1);
      if (kind === OPERATION) pushRegistrations(data.firstChild[id], depth + 1);
      if (kind === GROUP) {
        const all = [];
        for (let i = data.firstOf[id]; i; i = data.nextOfSame[i]) all.push(i);
        for (let i = all.length; i--; ) stack.push(OPERATION, all[i], depth + 1);
      }
    }
    Object.assign(this, { kinds, ids, depths });
    this.list.show(kinds.length);
  }

  hasChildren(kind, id) {
    return kind !== OPERATION || this.data.firstChild[id] !== 0;
  }

  words(kind, id) {
    const { data } = this;
    if (kind === OPERATION) return operationWords(data, id);
    if (kind === PROCESS) return [element('b', {}, data.processes[id].title), element('span', { class: 'detail' }, data.processes[id].versions)];
    const first = data.firstOf[id];
    return [
      element('span', { class: 'mark', style: 'background:' + colour(typeOf(data, first)) }),
      typeOf(data, first),
      element('span', { class: 'detail' }, ` ${detailOf(data, first)}  \u00d7${data.countOf[id]}`),
    ];
  }

  row(index) {
    const kind = this.kinds[index];
    const id = this.ids[index];
    const sign = this.hasChildren(kind, id) ? (this.open[kind].has(id) ? '\u25be' : '\u25b8') : '';
    const toggle = element('span', { class: 'toggle', onclick: (event) => (event.stopPropagation(), this.toggle(kind, id)) }, sign);
    const selected = kind === OPERATION && id === this.selected;
    const depth = Math.min(this.depths[index], 40); // deeper ones stay in sight
    return element(
      'div',
      {
        class: selected ? 'row selected' : 'row',
        style: `padding-left:${8 + depth * 16}px`,
        'data-operation': kind === OPERATION ? id : undefined,
        onclick: () => (kind === OPERATION ? this.select(id) : this.toggle(kind, id)),
        ondblclick: () => this.toggle(kind, id),
      },
      toggle,
      ...this.words(kind, id)
    );
  }

  toggle(kind, id) {
    if (!this.hasChildren(kind, id)) return;
    if (!this.open[kind].delete(id)) this.open[kind].add(id);
    this.rebuild();
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const index = this.indexOf(this.selected);
    if (step) {
      let next = index + step;
      while (this.kinds[next] !== undefined && this.kinds[next] !== OPERATION) next += step;
      if (this.kinds[next] === OPERATION) this.select(this.ids[next]);
    } else if (index >= 0 && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) {
      if (this.open[OPERATION].has(this.selected) !== (event.key === 'ArrowRight')) this.toggle(OPERATION, this.selected);
    } else {
      return;
    }
    event.preventDefault();
  }

  indexOf(operation) {
    for (let i = 0; i < this.ids.length; i++) if (this.kinds[i] === OPERATION && this.ids[i] === operation) return i;
    return -1;
  }

  show(operation) {
    const { data } = this;
    this.selected = operation;
    let closed = false;
    const unfold = (set, id) => {
      closed ||= !set.has(id);
      set.add(id);
    };
    if (operation) unfold(this.open[PROCESS], data.process[operation]);
    for (let i = operation; i; i = data.parent[i]) {
      if (data.countOf[data.registration[i]] > 1) unfold(this.open[GROUP], data.registration[i]);
      if (data.parent[i]) unfold(this.open[OPERATION], data.parent[i]);
    }
    if (closed) this.rebuild();
    const index = this.indexOf(operation);
    if (index >= 0) this.list.reveal(index);
  }
}
