// SPDX-License-Identifier: MIT
// Is `uvtree tree --at T` what a plain replay of the stream's lines with a time up to T gives?
//   tree-at.js UVTREE FILE.jsonl [MOMENTS [SEED [SOURCE]]]       SOURCE: where the tree comes from, else the file
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');

// The operations of one process, replayed. Nothing is shared with the program under test.
class Process {
  constructor() {
    this.links = new Map();
    this.operations = new Map();
    this.executes = new Map();
    this.causes = new Map();
  }

  operation(id, linkID) {
    if (!this.operations.has(id)) this.operations.set(id, { operationID: id, linkID });
    return this.operations.get(id);
  }

  take(event) {
    const { time, linkID, executeID } = event;
    const link = this.links.get(linkID);
    const invoked = this.executes.get(executeID);
    switch (event.event) {
    case 'link':
      this.links.set(linkID, { type: event.data.type, by: executeID });
      break;
    case 'cause':
      this.causes.set(event.causeID, executeID);
      break;
    case 'cancel':
      if (link) link.cancelled = time;
      break;
    case 'poolBegin':
      if (link) link.poolBegin = time;
      break;
    case 'poolEnd':
      if (link) link.poolEnd = time;
      break;
    case 'operation':
      if (event.n > 0) this.operation(event.operationID, linkID);
      break;
    case 'state': {
      if (linkID === undefined && event.state !== 'Retired' && event.state !== 'ChildrenPending') break;
      const operation = this.operation(event.operationID, linkID);
      operation.state = event.state;
      if (event.state === 'Queued') operation.queued = time;
      if (event.state === 'Ready') operation.ready = time;
      if (event.state === 'Retired') operation.retired = time;
      break;
    }
    case 'executeBegin': {
      const operation = this.operation(event.operationID);
      operation.executeID = executeID;
      operation.begin = time;
      operation.state = 'Executing';
      operation.tid = event.tid;
      operation.causedBy = this.causes.get(event.causeID);
      operation.within = event.within;
      this.executes.set(executeID, operation);
      break;
    }
    case 'executeEnd':
      if (invoked) invoked.end = time;
      break;
    default:
    }
  }

  // As the program tells it.
  told() {
    return [...this.operations.values()].map((operation) => {
      const link = this.links.get(operation.linkID) ?? { type: operation.linkID === undefined ? 'root' : 'unknown' };
      const parent = this.executes.get(link.by);
      const { type, cancelled, poolBegin, poolEnd } = link;
      return { ...operation, type, cancelled, poolBegin, poolEnd, parent: parent?.operationID, parentExecuteID: parent?.executeID };
    });
  }
}

function replay(events, at) {
  const processes = new Map();
  let first;
  for (const event of events) {
    const id = event.processID ?? first;
    if (first === undefined) first = id;
    if (event.time > at || id === undefined) continue;
    if (!processes.has(id)) processes.set(id, new Process());
    processes.get(id).take(event);
  }
  return processes;
}

const KEYS = ['operationID', 'parent', 'parentExecuteID', 'linkID', 'type', 'executeID', 'causedBy', 'within', 'tid', 'state', 'queued',
  'ready', 'begin', 'end', 'retired', 'cancelled', 'poolBegin', 'poolEnd'];

function line(operation) {
  return KEYS.map((key) => `${key}=${operation[key] ?? '-'}`).join(' ');
}

function lines(operations) {
  return operations.sort((a, b) => a.operationID - b.operationID).map(line);
}

function compare(uvtree, source, events, at) {
  const shown = JSON.parse(execFileSync(uvtree, ['tree', source, '--at', String(at), '--format', 'json'], { maxBuffer: 1 << 30 }));
  const replayed = replay(events, at);
  let wrong = 0;
  for (const { process: { processID }, operations } of shown.processes) {
    const expected = lines(replayed.get(processID)?.told() ?? []);
    const found = lines(operations);
    for (let i = 0; i < Math.max(expected.length, found.length) && wrong < 5; i++) {
      if (expected[i] === found[i]) continue;
      wrong++;
      console.error(`at ${at}, process ${processID}:\n  replayed ${expected[i]}\n  shown    ${found[i]}`);
    }
    replayed.delete(processID);
  }
  for (const [processID, left] of replayed) {
    if (left.operations.size === 0) continue;
    wrong++;
    console.error(`at ${at}: process ${processID} is not shown`);
  }
  return wrong === 0;
}

function main([uvtree, file, moments = '20', seed = '1', source = file]) {
  const events = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((text) => JSON.parse(text));
  const times = events.map((event) => event.time);
  let random = Number(seed) + 12345;
  const next = (limit) => (random = (random * 1103515245 + 12345) % 2147483648) % limit;
  let good = true;
  for (let i = 0; i < Number(moments); i++) {
    // At an event, just before one, or at the ends.
    const at = i === 0 ? times[0] : i === 1 ? Math.max(...times.slice(-1000)) : Math.max(0, times[next(times.length)] - next(2));
    good = compare(uvtree, source, events, at) && good;
  }
  process.exitCode = good ? 0 : 1;
}

main(process.argv.slice(2));
