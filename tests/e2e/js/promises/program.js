// SPDX-License-Identifier: MIT
// program.js SEED LOG MODE: promises at random. Each reaction, continuation and job marks the invocation that it runs in
// by a look at a path of its own name, which the stream tells; the log says which one registered it and, where the
// program can know it, which one settled what it waited for. Of those that never run, who registered them.
//   MODE: plain, storage (in an AsyncLocalStorage), hooks (of its own), worker (on a thread)
'use strict';
const fs = require('fs');
const { AsyncLocalStorage, createHook } = require('async_hooks');
const { isMainThread, workerData, Worker } = require('worker_threads');

const [seed, file, mode] = isMainThread ? process.argv.slice(2) : workerData;

let state = Number(seed);
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 2 ** 32 * below);
}
const pick = (list) => list[random(list.length)];

const ROOT = 0;
const MADE_MAX = 1500;
let current = ROOT; // who runs
let made = ROOT;
const log = new Map(); // by who: { by, cause }

// Another one begins to wait.
function register() {
  log.set(++made, { by: current });
  return made;
}

// By someone that the program, or the stream, cannot know.
function registerUnknown() {
  log.set(++made, {});
  return made;
}

function mark(who) {
  fs.statSync(`/nowhere/${who}`, { throwIfNoEntry: false });
}

function begin(who) {
  current = who;
  mark(who);
  log.get(who).ran = true;
}

const settled = new WeakMap(); // promises of which the program knows: who settled them, undefined while they wait

const settle = (promise) => {
  if (settled.has(promise) && settled.get(promise) === undefined)
    settled.set(promise, current);
};

// Who enables a reaction: whoever registered it, if the promise is settled by then.
function follow(promise) {
  const who = register();
  const late = settled.get(promise) !== undefined;
  return () => {
    begin(who);
    if (settled.has(promise))
      log.get(who).cause = late ? log.get(who).by : settled.get(promise);
  };
}

const promises = [];
const resolvers = []; // of those that wait
class Sub extends Promise {}

function keep(promise) {
  promises.push(promise);
  return promise;
}

// A promise that some later action may settle.
function make() {
  const settlers = {};
  const promise = new (pick([Promise, Promise, Sub]))((resolve, reject) => Object.assign(settlers, { resolve, reject }));
  if (!(promise instanceof Sub))
    settled.set(promise, undefined);
  resolvers.push({ ...settlers, promise });
  return keep(promise);
}

// Nothing tells of the job that asks it, but where it is awaited: so who is `by`, or undefined.
function thenable(depth, by) {
  const who = by === undefined ? registerUnknown() : register();
  return {
    then(resolve) {
      begin(who);
      act(depth);
      pick([() => resolve(1), () => setTimeout(resolve, 1), () => {}])();
    },
  };
}

function resolveOne(depth) {
  if (resolvers.length === 0)
    return;
  const [{ resolve, reject, promise }] = resolvers.splice(random(resolvers.length), 1);
  pick([
    () => { resolve(1); settle(promise); },
    () => { resolve(1); settle(promise); },
    () => { reject(new Error('one of ours')); settle(promise); },
    () => { settled.delete(promise); resolve(pick(promises)); },
    () => { settled.delete(promise); resolve(thenable(depth)); },
  ])();
}

// What a reaction does, and what comes out of it; `itself` is the promise that it settles.
function react(depth, itself) {
  act(depth);
  return pick([
    () => { settle(itself()); return 1; },
    () => { settle(itself()); return 1; },
    () => { settle(itself()); throw new Error('one of ours'); },
    () => { settled.delete(itself()); return pick(promises.filter((promise) => promise !== itself())); },
    () => { settled.delete(itself()); return thenable(depth); },
  ])();
}

function then(depth) {
  const promise = pick(promises);
  const begins = follow(promise);
  const body = () => { begins(); return react(depth, () => derived); };
  const derived = pick([
    () => promise.then(body, body),
    () => promise.then(body, body),
    () => promise.finally(() => { begins(); act(depth); }),
  ])();
  if (!(promise instanceof Sub))
    settled.set(derived, undefined);
  keep(derived);
}

async function loop(depth) {
  for (let i = random(4); i > 0; i--) {
    const awaited = pick([() => pick(promises), () => 1, () => thenable(depth, current), () => make()])();
    const begins = follow(typeof awaited === 'object' ? awaited : ONE);
    try {
      await awaited;
    } catch {
      // one of ours
    }
    begins();
    act(depth);
  }
}
const ONE = {}; // a plain value is settled

async function* generator(depth) {
  for (let i = random(3); i > 0; i--) {
    const begins = follow(ONE);
    await 1;
    begins();
    act(depth);
    yield i;
  }
}

// What resumes it waits for promises of the generator's own.
async function iterate(depth) {
  for await (const value of generator(depth))
    begin(registerUnknown(value));
}

const combine = (depth) => {
  const some = [pick(promises), pick(promises), make()];
  const all = keep(Promise[pick(['all', 'race', 'any', 'allSettled'])](some));
  const begins = follow(all);
  const body = () => { begins(); act(depth); };
  all.then(body, body);
};

const queued = (queue) => (depth) => {
  const who = register();
  queue(() => { begin(who); act(depth); });
};

const ACTIONS = [
  make, make, then, then, then, loop, loop, iterate, combine, resolveOne, resolveOne, resolveOne,
  queued(queueMicrotask), queued(process.nextTick), queued(setImmediate), queued((f) => setTimeout(f, random(3))),
];

function act(depth) {
  const me = current;
  for (let i = random(4); depth > 0 && i > 0 && made < MADE_MAX; i--) {
    pick(ACTIONS)(depth - 1);
    current = me; // what ran within is over, or waits
  }
}

function run() {
  settled.set(ONE, ROOT);
  process.on('unhandledRejection', () => {});
  mark(ROOT);
  keep(Promise.resolve(1));
  make();
  while (made < 150) {
    pick(ACTIONS)(4);
    current = ROOT;
  }
  process.on('exit', () => {
    const lines = [...log].map(([who, { by, cause, ran }]) => `${JSON.stringify({ who, by, cause, ran })}\n`);
    fs.writeFileSync(file, lines.join(''));
  });
}

const MODES = {
  plain: run,
  storage: () => new AsyncLocalStorage().run({}, run),
  hooks() {
    createHook({ init() {}, before() {}, after() {}, promiseResolve() {} }).enable();
    run();
  },
  worker: () => (isMainThread ? new Worker(__filename, { workerData: [seed, file, mode] }) : run()),
};
MODES[mode]();
