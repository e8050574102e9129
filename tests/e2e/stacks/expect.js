// SPDX-License-Identifier: MIT
// expect.js KIND < `uvtree stack --failed -f json`: the long stack of chain.js, hop by hop. KIND: uncaught, unhandled,
// or one of these with "-without": no stacks were taken, functions are known all the same.
//
// Of a hop what counts here are the frames of the program itself, each with its line. Node 18's V8 tells no column.
'use strict';
const assert = require('assert');
const kind = process.argv[2];
const failure = kind.replace('-without', '');
const answer = JSON.parse(require('fs').readFileSync(0, 'utf8'));

const chain = [
  ['Timeout', 'onTask', 37],
  ['Timeout', 'first', 40],
  ['Timeout', 'work', 36, '(anonymous)', 1],
  ['uv_thread_create', 'useWorker', 18, 'onPromise', 11],
  ['PROMISE', 'onTimer', 10],
  ['Timeout', 'onStat', 9],
  ['FSREQCALLBACK', 'begin', 8, '(anonymous)', 1],
];
const last = {
  uncaught: ['FSREQCALLBACK', 'fail', 28, 'onMessage', 20],
  unhandled: ['PROMISE', 'fail', 28, 'onMessage', 20],
};

const ofProgram = (frames) => frames.flatMap((frame) => {
  const parts = /^(.*) [^ ]*chain\.js:(\d+)(:\d+)?$/.exec(frame);
  return parts ? [parts[1], Number(parts[2])] : [];
});

assert.strictEqual(answer.failures.length, 1);
const [{ error, message, hops, handled }] = answer.failures;
assert.strictEqual(message, 'the end of the chain');
assert.strictEqual(handled, false);
assert.match(error[1], /at .*onLast \(.*chain\.js:\d+:\d+\)$/);
const lastLine = Number(/:(\d+):\d+\)$/.exec(error[1])[1]);
assert.strictEqual(lastLine, failure === 'uncaught' ? 30 : 32);

const type = (hop) => hop.type.replace(/_ex$/, '');
if (kind === failure) {
  const found = hops.filter((hop) => hop.via === 'linked')
    .map((hop) => [type(hop), ...ofProgram(hop.stack ?? [])]).filter((hop) => hop.length > 1);
  assert.deepStrictEqual(found, [last[failure], ...chain]);
  assert(hops.some((hop) => hop.stack?.some((frame) => frame.endsWith(')'))), 'native frames have names');
} else {
  assert.strictEqual(answer.stacks, false);
  assert(hops.every((hop) => !hop.stack));
  const functions = hops.map((hop) => /(?:^|, )(\w+ \S*chain\.js:\d+)/.exec(hop.detail ?? '')?.[1].replace(/ .*:/, ' '))
    .filter(Boolean);
  const known = ['onWorked 38', 'second 41', 'first 40', 'onTimer 10'];
  assert.deepStrictEqual(functions.filter((name) => known.includes(name)), known);
}

// The true parents of messages: the one that sent, on the other thread; three times over.
const sent = hops.map((hop, i) => [hop, hops[i + 1]]).filter(([hop]) => hop.via === 'sent');
const crossing = sent.filter(([hop, from]) => hop.tid !== from.tid);
for (const [hop, from] of crossing) {
  assert.strictEqual(hop.type, 'uv_async_init');
  assert.strictEqual(hop.causedBy.executeID, from.executeID);
}
assert.deepStrictEqual(crossing.slice(0, 3).map(([, from]) => type(from)), ['Timeout', 'MESSAGEPORT', 'Timeout']);
assert.strictEqual(hops[hops.length - 1].type, 'root');
