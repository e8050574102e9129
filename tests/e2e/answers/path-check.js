// SPDX-License-Identifier: MIT
// The chain of path-program.js, against the stream's own times:  path-check.js UVTREE SOURCE
'use strict';
const { execFileSync } = require('child_process');
const assert = require('assert');

const [uvtree, source] = process.argv.slice(2);
const run = (...args) => execFileSync(uvtree, args, { maxBuffer: 1 << 30 }).toString();
const events = run('convert', source).split('\n').filter(Boolean).map((line) => JSON.parse(line));
const find = (name, matches) => events.find((event) => event.event === name && matches(event));

function indexOfMarker() {
  const link = find('link', ({ data }) => data.type === 'uv_fs_stat' && data.path === '/path/marker');
  const { operationID } = find('operation', ({ linkID }) => linkID === link.linkID);
  return find('executeBegin', (event) => event.operationID === operationID).executeID;
}

const stateTime = (operationID, state) => find('state', (event) => event.operationID === operationID && event.state === state).time;

// Where the time between the parent's beginning and the hop's went, by the stream: what waits for the pool is split
// where the pool took it, everything else waits until it is Ready.
function spentBy({ linkID, operationID, begin }, parent) {
  const queued = stateTime(operationID, 'Queued');
  const ready = stateTime(operationID, 'Ready');
  const pool = (name) => find(name, (event) => event.linkID === linkID)?.time;
  const spent = { ran: queued - parent.begin, gap: 0, waited: 0, poolWait: 0, poolWork: 0, delay: begin - ready };
  if (pool('poolBegin') === undefined) return { ...spent, waited: ready - queued };
  assert.strictEqual(ready, pool('poolEnd'), 'Ready when the pool has done it');
  return { ...spent, poolWait: pool('poolBegin') - queued, poolWork: ready - pool('poolBegin') };
}

const index = String(indexOfMarker());
const { hops, total, spent } = JSON.parse(run('path', source, '--index', index, '--format', 'json'));
assert.deepStrictEqual(hops.map(({ type }) => type),
  ['uv_fs_stat', 'uv_queue_work.after', 'uv_timer_start', 'uv_fs_open', 'root']);
const [stat, after, timer, open] = hops;
assert.strictEqual(stat.detail, '/path/marker');
assert.strictEqual(timer.detail, '30 ms');
assert.strictEqual(after.causedBy.type, 'uv_queue_work');
const work = find('executeBegin', ({ executeID }) => executeID === after.causedBy.executeID);
assert.ok(after.ready >= work.time, 'the after-work callback waited for the work');
assert.ok(open.poolEnd >= open.poolBegin);
hops.slice(0, -1).forEach((hop, i) => {
  const parent = hops[i + 1];
  assert.deepStrictEqual(hop.sinceParentBegan, spentBy(hop, parent), `${hop.type} since its parent began`);
  const since = Object.values(hop.sinceParentBegan).reduce((a, b) => a + b);
  assert.strictEqual(since, hop.begin - parent.begin, `all of the time of ${hop.type} since its parent began`);
});
assert.strictEqual(Object.values(spent).reduce((a, b) => a + b), total);
const text = run('path', source, '--index', index);
console.log(text);
assert.ok(text.split('\n').every((line) => [...line].length <= 80), 'no line is longer than 80 columns');
