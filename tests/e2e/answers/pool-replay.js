// SPDX-License-Identifier: MIT
// Is the thread pool over time that `uvtree stats` tells what a plain replay of the stream gives?
//   pool-replay.js UVTREE FILE.jsonl [SOURCE]       SOURCE: where the stats come from, else the file
'use strict';
const assert = require('assert');
const { execFileSync } = require('child_process');
const fs = require('fs');

const [uvtree, stream, source = stream] = process.argv.slice(2);
const POOLED = /^uv_(fs_(?!event|poll)|queue_work$|getaddrinfo|getnameinfo|random)/;
const ECANCELED = -125;

// Works by process: when each came into the queue, was taken out of it, was begun, was done.
const processes = new Map();
let sole = 0;
let last = 0;
for (const line of fs.readFileSync(stream, 'utf8').split('\n')) {
  if (!line) continue;
  const event = JSON.parse(line);
  last = Math.max(last, event.time);
  if (event.event === 'process') sole ||= event.processID;
  const id = event.processID || sole;
  if (!processes.has(id)) processes.set(id, { works: new Map(), open: new Map() });
  const { works, open } = processes.get(id);
  const work = works.get(event.linkID);
  switch (event.event) {
  case 'link':
    if (POOLED.test(event.data.type) && event.data.layer !== 'js') works.set(event.linkID, { itself: event.data.type === 'uv_queue_work' });
    break;
  case 'state':
    if (!work) break;
    if (event.state === 'Queued') Object.assign(work, { queued: event.time, operation: event.operationID });
    if (event.state === 'Ready') work.ready = event.time;
    if (event.state === 'Retired' && work.left === undefined && work.executed === undefined) work.left = event.time;
    break;
  case 'poolBegin':
    if (work) work.begun = event.time;
    break;
  case 'poolEnd':
    if (work) work.done ??= event.time;
    break;
  case 'executeBegin':
    for (const one of works.values()) {
      if (one.operation !== event.operationID || !event.operationID) continue;
      one.executed = event.time;
      if (one.itself) open.set(event.executeID, one);
      if ((event.data?.result ?? event.data?.status) === ECANCELED) one.left = one.ready;
    }
    break;
  case 'executeEnd':
    if (open.has(event.executeID)) open.get(event.executeID).done ??= event.time;
    break;
  }
}

function fill(line, from, to, slot) {
  for (let i = Math.floor(from / slot); i * slot < to; i++) line[i] = (line[i] || 0) + Math.min(to, (i + 1) * slot) - Math.max(from, i * slot);
}

const { processes: told } = JSON.parse(execFileSync(uvtree, ['stats', '--format', 'json', source], { maxBuffer: 1 << 28 }));
let works = 0;
let compared = 0;
[...processes.values()].forEach((process, i) => {
  const { pool } = told[i];
  const mine = [...process.works.values()].filter((work) => work.begun !== undefined);
  works += mine.length;
  if (!pool) return assert.strictEqual(mine.length, 0, 'no pool is told of');
  const waiting = [];
  const working = [];
  for (const work of process.works.values()) {
    // Without a worker and not cancelled, while it is over: nobody knows that it was in the queue (io_uring).
    const unknown = work.begun === undefined && work.left === undefined && work.executed !== undefined;
    if (work.queued !== undefined && !unknown) fill(waiting, work.queued, work.begun ?? work.left ?? last, pool.slot);
    if (work.begun !== undefined) fill(working, work.begun, work.done ?? last, pool.slot);
  }
  for (let slot = 0; slot < Math.max(waiting.length, working.length, pool.waiting.length); slot++) {
    assert.strictEqual(pool.waiting[slot] || 0, waiting[slot] || 0, `process ${i}: waiting in slot ${slot}`);
    assert.strictEqual(pool.working[slot] || 0, working[slot] || 0, `process ${i}: working in slot ${slot}`);
    compared++;
  }
  assert.strictEqual(pool.works, mine.length);
  // At work at once: +1 where one begins, -1 where one is done; at the same time the done come first.
  const steps = mine.flatMap((work) => [[work.begun, 1], [work.done ?? Infinity, -1]]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let now = 0;
  let most = 0;
  for (const [, step] of steps) most = Math.max(most, (now += step));
  assert.strictEqual(pool.most, most);
});
console.log(`${works} works, ${compared} slots`);
