// SPDX-License-Identifier: MIT
// What pool_accounting does (five works of 50 ms, one thread):  stats-check.js STATS.json
'use strict';
const assert = require('assert');
const fs = require('fs');

const MS = 1e6;
const [program] = JSON.parse(fs.readFileSync(process.argv[2], 'utf8')).processes;
const { types, pool, loops, startup, to } = program;
const work = types.find(({ type }) => type === 'uv_queue_work');
const after = types.find(({ type }) => type === 'uv_queue_work.after');

function between(value, least, most, what) {
  console.log(`${what}: ${value / MS} ms`);
  assert.ok(value >= least * MS && value <= most * MS, `${least} <= ${what} <= ${most}`);
}

assert.strictEqual(work.count, 5);
assert.strictEqual(after.count, 5);
assert.strictEqual(work.poolWork.count, 5);
between(work.poolWork.p50, 50, 60, 'pool work, median');
between(work.poolWork.total, 250, 350, 'pool work, together');
// They waited for 0, 1, 2, 3 and 4 others.
between(work.poolWait.p50, 100, 140, 'pool wait, median');
between(work.poolWait.max, 200, 300, 'pool wait, longest');
between(work.poolWait.total, 500, 700, 'pool wait, together');
assert.ok(!work.run, 'the callback of a work is the work, not a run on the loop');
assert.strictEqual(pool.threads, 1);
assert.strictEqual(pool.most, 1);
assert.strictEqual(pool.works, 5);
const sum = (line) => line.reduce((a, b) => a + b, 0);
assert.strictEqual(sum(pool.working), work.poolWork.total, 'the time line has all of the work');
assert.strictEqual(sum(pool.waiting), work.poolWait.total, 'and all of the waiting');
assert.ok(pool.working.length * pool.slot >= to, 'to the end');
assert.strictEqual(sum(work.poolWork.histogram.map(([, count]) => count)), 5);
between(loops.reduce((most, { idle }) => Math.max(most, idle), 0), 200, 350, 'idle');
assert.strictEqual(startup, null);
