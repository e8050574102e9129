// SPDX-License-Identifier: MIT
// The chain of path-program.js:  path-check.js UVTREE SOURCE
'use strict';
const { execFileSync } = require('child_process');
const assert = require('assert');

const [uvtree, source] = process.argv.slice(2);
const run = (...args) => execFileSync(uvtree, args, { maxBuffer: 1 << 30 }).toString();

function indexOfMarker() {
  const events = run('convert', source).split('\n').filter(Boolean).map((line) => JSON.parse(line));
  const link = events.find(({ event, data }) => event === 'link' && data.type === 'uv_fs_stat' && data.path === '/path/marker');
  const { operationID } = events.find(({ event, linkID }) => event === 'operation' && linkID === link.linkID);
  return events.find((event) => event.event === 'executeBegin' && event.operationID === operationID).executeID;
}

const index = String(indexOfMarker());
const { hops, total, spent } = JSON.parse(run('path', source, '--index', index, '--format', 'json'));
assert.deepStrictEqual(hops.map(({ type }) => type),
  ['uv_fs_stat', 'uv_queue_work.after', 'uv_timer_start', 'uv_fs_open', 'root']);
const [stat, after, timer, open] = hops;
assert.strictEqual(stat.detail, '/path/marker');
assert.strictEqual(after.causedBy.type, 'uv_queue_work');
assert.ok(timer.sinceParentBegan.waited >= 29e6 && timer.sinceParentBegan.waited < 60e6, `the timer waited ${timer.sinceParentBegan.waited}`);
assert.ok(after.sinceParentBegan.waited >= 2e6, `the after-work callback waited for the work: ${after.sinceParentBegan.waited}`);
assert.ok(open.poolEnd > open.poolBegin);
for (const hop of hops.slice(0, -1)) {
  const parent = hops[hops.indexOf(hop) + 1];
  const since = Object.values(hop.sinceParentBegan).reduce((a, b) => a + b);
  assert.strictEqual(since, hop.begin - parent.begin, `${hop.type} since its parent began`);
}
assert.strictEqual(Object.values(spent).reduce((a, b) => a + b), total);
const text = run('path', source, '--index', index);
console.log(text);
assert.ok(text.split('\n').every((line) => [...line].length <= 80), 'no line is longer than 80 columns');
