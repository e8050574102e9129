// SPDX-License-Identifier: MIT
// What V8's promise hooks tell, one line for each way to use a promise: the facts that preload/js/agent/promises.js rests on. The
// same on every Node (expected.txt). iN: promise N made, iN<M: with parent M; bN, aN: before, after; sN: settled;
// [text]: the program's own functions.
'use strict';
const { promiseHooks } = require('v8');

const numbers = new WeakMap();
let last = 0;
let line = '';
const number = (promise) => numbers.get(promise) ?? (numbers.set(promise, ++last), last);
const log = (text) => { line += `${text} `; };
const say = (text) => log(`[${text}]`);
let waiting = 0;
const later = (resolve) => { waiting++; setTimeout(() => { waiting--; say('timer'); resolve(); }, 2); };
const deferred = () => { let resolve, reject; const promise = new Promise((a, b) => { resolve = a; reject = b; }); return { promise, resolve, reject }; };

const ways = {
  'then, pending': () => { const d = deferred(); d.promise.then(() => say('f')); later(d.resolve); },
  'then, settled': () => { Promise.resolve(1).then(() => say('f')); },
  'then without a handler for the outcome': () => { Promise.reject(1).then(() => say('never')).catch(() => say('f')); },
  'finally': () => { Promise.resolve(1).finally(() => say('f')); },
  'throw': () => { Promise.resolve(1).then(() => { throw 1; }).catch(() => say('f')); },
  'await a value': () => { (async () => { await 1; say('f'); })(); },
  'await a pending promise': () => { const d = deferred(); (async () => { await d.promise; say('f'); })(); later(d.resolve); },
  'await twice': () => { (async () => { await 1; say('f'); await 2; say('g'); })(); },
  'await a thenable': () => { (async () => { await { then(f) { say('then'); f(); } }; say('f'); })(); },
  'resolve with a pending promise': () => { const d = deferred(); new Promise((resolve) => resolve(d.promise)).then(() => say('f')); later(d.resolve); },
  'resolve with a settled promise': () => { const q = Promise.resolve(1); new Promise((resolve) => resolve(q)).then(() => say('f')); },
  'resolve with a rejected promise': () => { const q = Promise.reject(1); new Promise((resolve) => resolve(q)).catch(() => say('f')); },
  'resolve with a promise, then again': () => { const d = deferred(); d.resolve(new Promise(() => {})); d.resolve(2); },
  'resolve twice': () => { const d = deferred(); d.promise.then(() => say('f')); d.resolve(1); d.resolve(2); d.reject(3); },
  'resolve with a thenable': () => { new Promise((resolve) => resolve({ then(f) { say('then'); later(f); } })).then(() => say('f')); },
  'return a promise from a reaction': () => { const d = deferred(); Promise.resolve(1).then(() => d.promise).then(() => say('f')); later(d.resolve); },
  'return a promise from an async function': () => { const d = deferred(); (async () => d.promise)().then(() => say('f')); later(d.resolve); },
  'Promise.all': () => { const d = deferred(); Promise.all([d.promise, 1]).then(() => say('f')); later(d.resolve); },
  'Promise.race': () => { const d = deferred(); Promise.race([d.promise, 1]).then(() => say('f')); later(d.resolve); },
  'Promise.allSettled': () => { Promise.allSettled([1, Promise.reject(2)]).then(() => say('f')); },
  'Promise.any': () => { Promise.any([Promise.reject(2), 1]).then(() => say('f')); },
  'async generator': () => { async function* g() { yield 1; await 0; yield 2; } (async () => { for await (const x of g()) say(x); say('f'); })(); },
  'for await of an array': () => { (async () => { for await (const x of [Promise.resolve(1), 2]) say(x); say('f'); })(); },
  'queueMicrotask': () => { queueMicrotask(() => say('f')); },
  'a subclass': () => { (class Own extends Promise {}).resolve(1).then(() => say('f')); },
};

// Driven by timers, so that no promise of this program's own is among them.
const names = Object.keys(ways);
(function next(at) {
  if (at === names.length)
    return;
  setTimeout(() => {
    line = '';
    last = 0;
    const stop = promiseHooks.createHook({
      init: (promise, parent) => log(`i${number(promise)}${parent ? `<${number(parent)}` : ''}`),
      before: (promise) => log(`b${number(promise)}`),
      after: (promise) => log(`a${number(promise)}`),
      settled: (promise) => log(`s${number(promise)}`),
    });
    ways[names[at]]();
    setTimeout(function end() {
      if (waiting)
        return setTimeout(end, 2);
      stop();
      process._rawDebug(`${names[at]}: ${line.trim()}`);
      next(at + 1);
    }, 12);
  }, 1);
})(0);
