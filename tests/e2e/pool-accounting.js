// SPDX-License-Identifier: MIT
// Holds the pool times of a stream against what one pool thread must have done, by the trace's own times:
//   pool-accounting.js work|fs FILE.jsonl
'use strict';
const fs = require('fs');

function check(condition, text) {
  if (condition) return;
  console.error(`not so: ${text}`);
  process.exitCode = 1;
}

// Each registration's times: linked, begun and ended on the pool's thread. For uv_queue_work that is its invocation.
function poolTimes(events) {
  const links = new Map();
  const causes = new Map();
  const executing = new Map();
  for (const event of events) {
    const link = links.get(event.linkID);
    if (event.event === 'link') links.set(event.linkID, { type: event.data.type, linked: event.time });
    if (event.event === 'cause') causes.set(event.causeID, event.linkID);
    if (event.event === 'poolBegin') Object.assign(link, { begun: event.time, tid: event.tid });
    if (event.event === 'poolEnd') link.ended = event.time;
    if (event.event === 'executeBegin') {
      const executed = links.get(causes.get(event.causeID));
      if (executed && executed.type === 'uv_queue_work') {
        Object.assign(executed, { begun: event.time, tid: event.tid });
        executing.set(event.executeID, executed);
      }
    }
    if (event.event === 'executeEnd' && executing.has(event.executeID)) executing.get(event.executeID).ended = event.time;
  }
  return [...links.values()].filter((link) => link.begun !== undefined);
}

// One thread: in the order of submission, one after the other; none waits longer than those before it worked.
function checkOneThread(items) {
  check(new Set(items.map((item) => item.tid)).size === 1, 'one thread did all of it');
  items.forEach((item, index) => {
    check(item.linked <= item.begun && item.begun <= item.ended, `${item.type} ${index} is linked, begun, ended`);
    const before = items[index - 1];
    if (before) check(before.ended <= item.begun, `${item.type} ${index} begins when the one before has ended`);
  });
}

function checkWork(items) {
  const length = 50e6;
  check(items.length === 5, `5 works, not ${items.length}`);
  let worked = 0;
  items.forEach((item, index) => {
    const wait = item.begun - item.linked;
    const work = item.ended - item.begun;
    check(work >= length, `work ${index} takes its 50 ms, not ${work / 1e6}`);
    // Until all before it have worked, less what those were queued earlier.
    const head = items[index].linked - items[0].linked;
    check(wait >= worked - head, `work ${index} waits ${worked - head} ns, not ${wait}`);
    worked += work;
  });
}

function checkFs(items, events) {
  const count = (type) => items.filter((item) => item.type === type).length;
  for (const type of ['uv_fs_open', 'uv_fs_fstat', 'uv_fs_read', 'uv_fs_close'])
    check(count(type) >= 100, `100 ${type}, not ${count(type)}`);
  const worked = items.reduce((sum, item) => sum + item.ended - item.begun, 0);
  const span = items[items.length - 1].ended - items[0].linked;
  check(worked <= span, `${worked} ns of work in ${span} ns`);
  check(worked > 0, 'work takes time');
  // Waiting is what is left of an operation's time in the pool, so the queue is never negative.
  const gaps = items.slice(1).map((item, index) => item.begun - Math.max(items[index].ended, item.linked));
  check(gaps.every((gap) => gap >= 0), 'nothing begins before it is linked and the thread is free');
  console.log(`${items.length} operations, ${worked / 1e6} ms of work in ${span / 1e6} ms, ${events.length} events`);
}

const [kind, file] = process.argv.slice(2);
const events = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const items = poolTimes(events);
checkOneThread(items);
if (kind === 'work') checkWork(items);
else checkFs(items, events);
