// SPDX-License-Identifier: MIT
'use strict';
// program.js SEED MODE: recursion to the end of the stack, from random depths and callbacks, whose frames do something
// asynchronous each, by a random pattern. MODE has the words `storage`, `hooks` (has those of its own) and `worker`.
const { AsyncLocalStorage, AsyncResource, createHook } = require('async_hooks');
const EventEmitter = require('events');
const { isMainThread, Worker } = require('worker_threads');

const [, , seed, mode] = process.argv;
const ROUNDS = 6;
let state = Number(seed);

function random(n) {
  state = (state + 0x6d2b79f5) | 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
}

const storage = new AsyncLocalStorage();
const within = mode.includes('storage') ? (value, f) => storage.run(value, f) : (value, f) => f();
const emitter = new EventEmitter();
emitter.on('deep', () => { Promise.resolve().finally(() => {}); });
const nothing = () => {};
const steps = {
  reaction() { Promise.resolve(1).then(nothing); },
  rejection() { Promise.reject(new Error('deep')).catch(nothing); },
  never() { new Promise(nothing).then(nothing); },
  timer() { clearTimeout(setTimeout(nothing, 1)); },
  immediate() { clearImmediate(setImmediate(nothing)); },
  tick() { process.nextTick(nothing); },
  microtask() { queueMicrotask(nothing); },
  resource() { new AsyncResource('Deep').emitDestroy(); },
  event() { emitter.emit('deep'); },
  nested() { try { steps.reaction(); } finally { steps.tick(); } },
};
const names = Object.keys(steps);
const ways = {
  sink(pattern, level) {
    pattern[level % pattern.length]();
    ways.sink(pattern, level + 1);
  },
  async sinkAsync(pattern, level) {
    pattern[level % pattern.length]();
    await ways.sinkAsync(pattern, level + 1);
  },
  store(pattern, level) {
    pattern[level % pattern.length]();
    within(level, () => ways.store(pattern, level + 1));
  },
  then(pattern, level) {
    pattern[level % pattern.length]();
    ({ then: () => ways.then(pattern, level + 1) }).then();
  },
};
const starts = [
  (f) => f(),
  (f) => setTimeout(f, 1),
  (f) => setImmediate(f),
  (f) => process.nextTick(f),
  (f) => Promise.resolve().then(f),
];

const descend = (depth, f) => (depth === 0 ? f() : descend(depth - 1, f));

function round(number) {
  const way = Object.keys(ways)[random(4)];
  const chosen = Array.from({ length: 1 + random(4) }, () => names[random(names.length)]);
  const depth = random(3000);
  const start = starts[random(starts.length)];
  const say = (how, error) => console.log(number, way, chosen.join(), how, error.name, error.message);
  return new Promise((done) => {
    start(() => {
      const result = within(number, () => {
        try {
          return descend(depth, () => ways[way](chosen.map((name) => steps[name]), random(4)));
        } catch (error) {
          say('caught', error);
        }
      });
      Promise.resolve(result).catch((error) => say('rejected', error)).finally(done);
    });
  });
}

// Of what had no room left for its handler.
process.on('unhandledRejection', nothing);

async function rounds() {
  for (let number = 0; number < ROUNDS; number++)
    await round(number);
  setTimeout(function later() { Promise.resolve(1).then(function reaction() { console.log('survived'); }); }, 5);
}

if (mode.includes('worker') && isMainThread) {
  new Worker(__filename, { argv: [seed, mode] }).on('exit', (status) => console.log('worker', status));
} else {
  if (mode.includes('hooks'))
    createHook({ init() {}, before() {}, after() {}, destroy() {} }).enable();
  rounds();
}
