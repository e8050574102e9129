// SPDX-License-Identifier: MIT
// What pool_accounting does (five works of at least 50 ms, one thread), by the stream's own times:
//   stats-check.js STATS.json STREAM.jsonl
'use strict';
const assert = require('assert');
const fs = require('fs');

const LENGTH = 50e6; // nanosleep does not return earlier, and sleeps by the clock of the trace
const [program] = JSON.parse(fs.readFileSync(process.argv[2], 'utf8')).processes;
const stream = fs.readFileSync(process.argv[3], 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const { types, pool, loops, startup, to } = program;
const work = types.find(({ type }) => type === 'uv_queue_work');
const after = types.find(({ type }) => type === 'uv_queue_work.after');
const sum = (line) => line.reduce((a, b) => a + b, 0);

// Of each work, in the order in which they were queued.
function times() {
  const links = stream.filter(({ event, data }) => event === 'link' && data.type === 'uv_queue_work');
  const at = (name, { linkID }) => stream.find((event) => event.event === name && event.linkID === linkID).time;
  return links.map((link) => ({ queued: link.time, begun: at('poolBegin', link), ended: at('poolEnd', link) }));
}

// The median may be told too large by 1/128 (tools/costs/histogram.h); the rest is exact.
function check(found, values, what) {
  const median = [...values].sort((a, b) => a - b)[Math.ceil(values.length / 2) - 1];
  console.log(`${what}: ${values.map((value) => value / 1e6).join(', ')} ms`);
  assert.strictEqual(found.count, values.length, `${what}: count`);
  assert.strictEqual(found.total, sum(values), `${what}: together`);
  assert.strictEqual(found.max, Math.max(...values), `${what}: longest`);
  assert.ok(found.p50 >= median && found.p50 <= median * (1 + 1 / 128) + 1, `${what}: median ${found.p50}, not ${median}`);
  assert.strictEqual(sum(found.histogram.map(([, count]) => count)), values.length, `${what}: histogram`);
}

const works = times();
assert.strictEqual(work.count, 5);
assert.strictEqual(after.count, 5);
check(work.poolWork, works.map(({ begun, ended }) => ended - begun), 'pool work');
check(work.poolWait, works.map(({ queued, begun }) => begun - queued), 'pool wait');
works.forEach(({ begun, ended }, i) => {
  assert.ok(ended - begun >= LENGTH, `work ${i} takes ${ended - begun} ns`);
  if (i) assert.ok(begun >= works[i - 1].ended, `work ${i} begins when the one before has ended`);
});
assert.ok(!work.run, 'the callback of a work is the work, not a run on the loop');
assert.strictEqual(pool.threads, 1);
assert.strictEqual(pool.most, 1);
assert.strictEqual(pool.works, 5);
assert.strictEqual(sum(pool.working), work.poolWork.total, 'the time line has all of the work');
assert.strictEqual(sum(pool.waiting), work.poolWait.total, 'and all of the waiting');
assert.ok(pool.working.length * pool.slot >= to, 'to the end');
const polls = (name) => stream.filter(({ event }) => event === name).map(({ time }) => time);
assert.strictEqual(sum(loops.map(({ idle }) => idle)), sum(polls('pollEnd')) - sum(polls('pollBegin')), 'idle is what was polled');
assert.strictEqual(startup, null);
