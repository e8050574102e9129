// SPDX-License-Identifier: MIT
// check.js LOG STREAM: what program.js has logged, against the stream: which timers ran, in which order, and that each
// was Ready when it was due. Node counts in ms from a moment that the stream does not know, of each thread: but it must
// be one and the same for all of the thread's timers. Only recorded times are compared, never with the clock.
'use strict';
const fs = require('fs');
const assert = require('assert');

const MS = 1e6;
const SLACK = 0.3 * MS; // two readings of one moment, by clocks of ms: a mistake would be of 1 ms at least

const [logFile, streamFile] = process.argv.slice(2);
const read = (file) => fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

const links = new Map();      // linkID: its event
const operations = new Map(); // operationID: { link, queued, ready, begun, within, tid, causedAt }
const invocations = new Map(); // executeID: operation
const causes = new Map();     // causeID: time
const order = [];
for (const event of read(streamFile)) {
  if (event.event === 'link') {
    links.set(event.linkID, event);
  } else if (event.event === 'operation') {
    operations.set(event.operationID, { link: links.get(event.linkID) });
  } else if (event.event === 'cause') {
    causes.set(event.causeID, event.time);
  } else if (event.event === 'state' && event.state in { Queued: 0, Ready: 0 }) {
    operations.get(event.operationID)[event.state.toLowerCase()] = event.time;
  } else if (event.event === 'executeBegin') {
    const { time, within, tid, executeID } = event;
    const operation = Object.assign(operations.get(event.operationID),
                                    { begun: time, within, tid, executeID, causedAt: causes.get(event.causeID) });
    invocations.set(executeID, operation);
    order.push(operation);
  } else if (event.event === 'executeEnd') {
    invocations.get(event.executeID).ended = event.time;
  }
}
const typeOf = (operation) => operation.link?.data.type;
const ran = (type) => order.filter((operation) => typeOf(operation) === type);
const nameOf = (operation) => operation.link.data.function?.split(' ')[0] ?? '';
const at = (operation) => `${typeOf(operation)} ${nameOf(operation)} #${operation.executeID}`;

// The innermost of libuv's invocations that it runs in.
function host(operation) {
  for (let open = invocations.get(operation.within); open; open = invocations.get(open.within))
    if (open.link?.data.layer === 'uv')
      return open;
  return assert.fail(`${at(operation)} runs in no callback of libuv`);
}

const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const logged = read(logFile);
for (const prefix of ['m', 'w']) {
  const lines = logged.filter(([thread]) => thread === prefix);
  const mine = ran('Timeout').filter((operation) => new RegExp(`^${prefix}\\d+$`).test(nameOf(operation)));
  assert.ok(lines.length > 10, `only ${lines.length} timers ran`);
  assert.deepStrictEqual(mine.map(nameOf), lines.map(([, name]) => name));
  const due = lines.map(([, , start, timeout]) => (start + Math.trunc(timeout)) * MS);
  // Where Node's count begins, by the timers that were due after they were queued and before they ran.
  const begins = mine.map((operation, i) => operation.ready - due[i])
    .filter((_, i) => mine[i].ready > mine[i].queued && mine[i].ready < mine[i].begun);
  const begin = middle(begins);
  mine.forEach((operation, i) => {
    const expected = Math.min(Math.max(begin + due[i], operation.queued), operation.begun);
    assert.ok(Math.abs(operation.ready - expected) < SLACK, `${at(operation)} Ready ${operation.ready - expected} ns late`);
    assert.strictEqual(operation.link.data.timeout, Math.trunc(lines[i][3]), at(operation));
  });
  // A count begins where its timer is Queued, in the same ms; just before or after, and on a busy machine not at once.
  const apart = middle(mine.map((operation, i) => operation.queued - begin - lines[i][2] * MS).filter((_, i) => !lines[i][4]));
  assert.ok(apart > -SLACK && apart < MS + SLACK, `timers are Queued ${apart} ns after their counts begin`);
}

// An immediate is Ready when the check phase begins that runs it, so a nested one after the end of the other's.
const immediates = ran('Immediate');
assert.ok(immediates.length > 0, 'no immediates');
for (const operation of immediates) {
  assert.strictEqual(typeOf(host(operation)), 'uv_check_start');
  assert.strictEqual(operation.ready, host(operation).begun, at(operation));
  const parent = invocations.get(operation.link.executeID);
  if (typeOf(parent) === 'Immediate')
    assert.ok(operation.ready >= host(parent).ended, at(operation));
}
for (const operation of ['TickObject', 'Microtask', 'PROMISE'].flatMap(ran))
  assert.strictEqual(operation.ready, operation.causedAt, at(operation));
