// SPDX-License-Identifier: MIT
// The async call tree of a stream (uvtree convert) in a form that two runs, routes or builds can be compared in:
//   canonical-tree.js [OPTIONS] FILE.jsonl
//
// IDs and times are gone; what remains is the tree of registrations and their operations, in the order in which
// they were linked, with their states, their data that does not differ from run to run, and their causes:
//
//   root                                       an invocation of a thread's root function
//     uv_read_start                            a registration, with its data; "cancel REASON" where it was cancelled
//       run QRECX nread=5                      an operation that ran: its states by their first letters (C: children
//         uv_close                             pending, X: retired), what it was given, what it linked
//           run QREX caused by uv_async_init#2 its cause, where another invocation than the one that linked it
//       never QX                               an operation that never ran
//     blocking uv_fs_open path=a               a synchronous call
//
// Options:
//   --marker PATH     only what is linked from the first uv_fs_access of PATH on, up to the last one
//   --types A,B,...   only these types (blocking:A for synchronous calls); what others linked hangs from the nearest one that is kept
//   --without A,B,... not these types
//   --registrations   only registrations: no operations, states or causes; a registration's invocations are one
//   --no-values       operations without what they were given
//   --no-timeouts     timers without their timeouts (a program that computes them is at the clock's mercy)
//   --no-platform     without the timers that V8's platform starts when its own threads ask for them
//   --base DIR        paths in DIR are shown relative to it
'use strict';
const fs = require('fs');

const LINK_DATA = ['timeout', 'signum', 'bytes', 'interval', 'path', 'host', 'file', 'repeat'];
const VALUE_DATA = ['status', 'nread', 'result', 'signum', 'exit_status', 'events'];
const CONCURRENT = new Set(['uv_thread_create', 'uv_thread_create_ex', 'uv_queue_work']);
const LETTERS = { Queued: 'Q', Ready: 'R', Executing: 'E', ChildrenPending: 'C', Retired: 'X' };

function parseArguments(argv) {
  const options = { values: true, timeouts: true, platform: true, without: new Set(), base: '' };
  while (argv[0] && argv[0].startsWith('--')) {
    const name = argv.shift();
    if (name === '--marker') options.marker = argv.shift();
    else if (name === '--types') options.types = new Set(argv.shift().split(','));
    else if (name === '--without') options.without = new Set(argv.shift().split(','));
    else if (name === '--registrations') options.registrations = true;
    else if (name === '--no-values') options.values = false;
    else if (name === '--no-timeouts') options.timeouts = false;
    else if (name === '--no-platform') options.platform = false;
    else if (name === '--base') options.base = `${argv.shift()}/`;
    else throw new Error(`no such option: ${name}`);
  }
  options.file = argv[0];
  return options;
}

// One process's registrations, invocations, operations, by their IDs.
class Process {
  constructor() {
    this.links = new Map();
    this.causes = new Map();
    this.invocations = new Map();
    this.operations = new Map();
    this.roles = new Map();
    this.position = 0;
  }

  invocation(id) {
    if (!this.invocations.has(id)) this.invocations.set(id, { id, items: [], unknown: true });
    return this.invocations.get(id);
  }

  operation(event) {
    let operation = this.operations.get(event.operationID);
    if (!operation) {
      operation = { states: '', data: {} };
      this.operations.set(event.operationID, operation);
      const link = this.links.get(event.linkID);
      if (link) link.operations.push(operation);
    }
    return operation;
  }

  add(event) {
    this.position++;
    const handler = this[`on_${event.event}`];
    if (handler) handler.call(this, event, event.data || {});
  }

  on_thread(event, data) {
    this.roles.set(event.tid, data.role);
  }

  on_link(event, data) {
    const link = { id: event.linkID, by: event.executeID, data, type: data.type, operations: [], position: this.position };
    this.links.set(event.linkID, link);
    this.invocation(event.executeID).items.push(link);
  }

  on_blocking(event, data) {
    this.invocation(event.executeID).items.push({ blocking: true, type: data.type, data, position: this.position });
  }

  on_cause(event) {
    this.causes.set(event.causeID, { by: event.executeID, linkID: event.linkID });
  }

  on_operation(event) {
    this.operation(event);
  }

  on_externalCause(event, data) {
    if (event.operationID) Object.assign(this.operation(event).data, data);
  }

  on_state(event) {
    this.operation(event).states += LETTERS[event.state];
  }

  on_executeBegin(event, data) {
    const invocation = this.invocation(event.executeID);
    invocation.unknown = false;
    invocation.tid = event.tid;
    invocation.within = event.within;
    if (!event.causeID) {
      invocation.root = true;
      return;
    }
    const cause = this.causes.get(event.causeID);
    invocation.link = cause && this.links.get(cause.linkID);
    const operation = this.operation({ ...event, linkID: cause && cause.linkID });
    operation.invocation = invocation;
    operation.cause = cause;
    operation.coalesced = (event.coalesced || []).length;
    Object.assign(operation.data, data);
  }

  on_poolBegin(event) {
    this.links.get(event.linkID).pool = 'began';
  }

  on_poolEnd(event) {
    const link = this.links.get(event.linkID);
    link.pool = link.pool === 'began' ? 'pool' : 'pool-end-without-begin';
  }

  on_cancel(event, data) {
    const link = this.links.get(event.linkID);
    if (link) link.cancel = [data.reason, data.status ? `status=${data.status}` : ''].filter(Boolean).join(' ') || 'yes';
  }
}

function readStream(file) {
  const processes = new Map();
  let first;
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    if (!line) continue;
    const event = JSON.parse(line);
    if (event.event === 'process' && !first) first = event.processID;
    const id = event.processID || first; // left out as long as there is but one
    if (!processes.has(id)) processes.set(id, new Process());
    processes.get(id).add(event);
  }
  return [...processes.values()];
}

// Names that a run makes up, descriptors and where node is installed are no part of the tree.
function stable(key, value, type, base) {
  if (typeof value === 'boolean') return value ? key : '';
  if (key === 'result' && value > 0 && /^uv_fs_(open|mkstemp)$/.test(type)) return 'result=fd';
  if (typeof value !== 'string') return `${key}=${value}`;
  const text = value.replace(/\btmp[A-Za-z0-9]{6}$/, 'tmpXXXXXX').replace(base, '');
  return `${key}=${key === 'file' ? text.replace(/^.*\/node$/, 'node') : text}`;
}

class Printer {
  constructor(process, options) {
    this.process = process;
    this.options = options;
    this.lines = [];
    this.names = new Map();
    this.counts = new Map();
    this.range = this.markerRange();
  }

  // Positions of the first and last registration of the marker.
  markerRange() {
    if (!this.options.marker) return { first: 0, last: Infinity };
    const marks = [...this.process.links.values()]
      .filter((link) => link.type === 'uv_fs_access' && link.data.path === this.options.marker)
      .map((link) => link.position);
    return marks.length ? { first: marks[0], last: marks[marks.length - 1] } : { first: Infinity, last: -1 };
  }

  shown(keys, data, type) {
    return keys.filter((key) => data[key] !== undefined && data[key] !== null && data[key] !== '')
      .filter((key) => key !== 'timeout' || this.options.timeouts)
      .map((key) => stable(key, data[key], type, this.options.base)).filter(Boolean).join(' ');
  }

  kept(item) {
    if (item.position < this.range.first || item.position > this.range.last) return false;
    const name = item.blocking ? `blocking:${item.type}` : item.type;
    return (!this.options.types || this.options.types.has(name)) && !this.options.without.has(name);
  }

  // What the invocation linked; where a type is left out, what its invocations linked instead.
  items(invocation) {
    return invocation.items.flatMap((item) => {
      if (this.kept(item)) return [item];
      return item.blocking || item.position < this.range.first ? [] : this.below(item);
    });
  }

  below(link) {
    return link.operations.flatMap((operation) => (operation.invocation ? this.items(operation.invocation) : []));
  }

  print(depth, text) {
    this.lines.push('  '.repeat(depth) + text.trimEnd());
  }

  // Numbers invocations of a type in the order in which they are printed, so that causes can name them.
  name(invocation) {
    const type = invocation.root ? 'root' : invocation.link ? invocation.link.type : 'unknown';
    const number = (this.counts.get(type) || 0) + 1;
    this.counts.set(type, number);
    this.names.set(invocation.id, `${type}#${number}`);
  }

  nameOf(id) {
    if (!this.names.has(id)) return 'something else';
    return this.names.get(id);
  }

  printItem(depth, item) {
    if (item.blocking) return this.print(depth, `blocking ${item.type} ${this.shown(['result', 'path', 'host', 'address'], item.data, item.type)}`);
    const cancel = item.cancel && !this.options.registrations ? ` cancel ${item.cancel}` : '';
    this.print(depth, `${item.type} ${this.shown(LINK_DATA, item.data, item.type)}`.trimEnd() + cancel);
    if (this.options.registrations) {
      for (const child of this.below(item)) this.printItem(depth + 1, child);
    } else {
      for (const operation of item.operations) this.printOperation(depth + 1, item, operation);
    }
  }

  // A thread may end before or after the invocation that made it: whether that waits for its children is chance.
  states({ states, invocation }) {
    const concurrent = invocation && invocation.items.length &&
      invocation.items.every((item) => CONCURRENT.has(item.type));
    return concurrent ? states.replace('C', '') : states;
  }

  printOperation(depth, link, operation) {
    const invocation = operation.invocation;
    const parts = [invocation ? 'run' : 'never', this.states(operation)];
    if (link.pool) parts.push(link.pool);
    if (this.options.values) parts.push(this.shown(VALUE_DATA, operation.data, link.type));
    if (operation.coalesced) parts.push(`coalesced=${operation.coalesced}`);
    if (invocation) this.name(invocation);
    // Invocations that are printed further down have no name yet: the rest is filled in when all have.
    const cause = operation.cause && operation.cause.by !== link.by && operation.cause.by;
    const line = this.lines.length;
    this.print(depth, parts.filter(Boolean).join(' '));
    if (cause) this.later(line, () => ` caused by ${this.nameOf(cause)}`);
    if (invocation && invocation.within) this.later(line, () => ` within ${this.nameOf(invocation.within)}`);
    if (invocation) for (const item of this.items(invocation)) this.printItem(depth + 1, item);
  }

  later(line, text) {
    this.pending = this.pending || [];
    this.pending.push({ line, text });
  }

  ofPlatform(invocation, item) {
    return invocation.link && invocation.link.type === 'uv_async_init' && item.type === 'uv_timer_start';
  }

  printTop(invocation) {
    this.name(invocation);
    const items = this.items(invocation).filter((item) => this.options.platform || !this.ofPlatform(invocation, item));
    if (!items.length) return;
    const role = this.process.roles.get(invocation.tid);
    const kind = invocation.root ? 'root' : invocation.unknown ? 'unknown' : `before ${invocation.link && invocation.link.type}`;
    this.print(0, kind + (role && role !== 'main' ? ` of ${role} thread` : ''));
    for (const item of items) this.printItem(1, item);
  }

  // Invocations that nothing above leads to: roots, and those of registrations made before the marker.
  tops() {
    return [...this.process.invocations.values()].filter((invocation) =>
      invocation.root || invocation.unknown || (invocation.link && invocation.link.position < this.range.first));
  }

  text() {
    const main = (invocation) => (this.process.roles.get(invocation.tid) === 'main' ? 0 : 1);
    for (const invocation of this.tops().sort((a, b) => main(a) - main(b) || a.id - b.id)) this.printTop(invocation);
    for (const { line, text } of this.pending || []) this.lines[line] += text();
    return this.lines;
  }
}

function main() {
  const options = parseArguments(process.argv.slice(2));
  const trees = readStream(options.file).map((one) => new Printer(one, options).text()).filter((lines) => lines.length);
  trees.forEach((lines, index) => {
    if (trees.length > 1) console.log(`process ${index + 1}`);
    if (lines.length) console.log(lines.join('\n'));
  });
}

main();
