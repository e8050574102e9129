// SPDX-License-Identifier: MIT
// program.js SEED LOG: timers of all kinds at random, on the main thread and in a worker. Each that runs writes into the
// log what Node's list has compared, in the order in which they ran: [thread, name, start, timeout, counts again].
'use strict';
const fs = require('fs');
const { runInThisContext } = require('vm');
const { isMainThread, workerData, Worker } = require('worker_threads');
const { setTimeout: sleep, setInterval: ticks } = require('timers/promises');

const seed = isMainThread ? Number(process.argv[2]) : workerData.seed;
const file = isMainThread ? process.argv[3] : workerData.file;
const prefix = isMainThread ? 'm' : 'w';

let state = seed;
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor(state / 2 ** 32 * below);
}

const log = [];
let made = 0;
const alive = [];
const refreshed = new Set(); // their count began again after they were Queued, maybe

// A function of its own for V8, too, which knows them by where they stand.
function named(body) {
  const name = `${prefix}${made++}`;
  return runInThisContext(`(body) => function ${name}() { body.call(this, '${name}'); }`, `${name}.js`)(body);
}

function note(name, timer) {
  log.push([prefix, name, timer._idleStart, timer._idleTimeout, refreshed.has(timer)]);
}

function spin(ms) {
  for (const until = performance.now() + ms; performance.now() < until;);
}

const DURATIONS = [0, 0, 1, 1, 2.7, NaN, 5, 5, 5, 10, 10, 20, 35, 60];

function makeTimeout(depth) {
  const run = named(function(name) {
    note(name, this);
    act(depth);
  });
  const timer = setTimeout(run, DURATIONS[random(DURATIONS.length)]);
  alive.push(timer);
  if (random(6) === 0)
    timer.unref();
}

function makeInterval() {
  let left = 1 + random(4);
  const run = named(function(name) {
    note(name, this);
    if (random(3) === 0)
      spin(random(12));
    if (--left === 0)
      clearInterval(this);
  });
  alive.push(setInterval(run, DURATIONS[random(DURATIONS.length)]));
}

// Does its work twice: the second time since it was armed again while it ran.
function makeRefreshing() {
  let again = true;
  const run = named(function(name) {
    note(name, this);
    if (again)
      this.refresh();
    again = false;
  });
  setTimeout(run, 1 + random(15));
}

function refresh(timer) {
  timer?.refresh();
  refreshed.add(timer);
}

async function loop() {
  let left = 2;
  for await (const unused of ticks(4 + random(10)))
    if (--left === 0)
      break;
}

const ACTIONS = [
  (depth) => makeTimeout(depth),
  (depth) => makeTimeout(depth),
  () => makeInterval(),
  () => makeRefreshing(),
  () => clearTimeout(alive[random(alive.length)]),
  () => refresh(alive[random(alive.length)]),
  () => spin(random(25)),
  () => sleep(random(20)),
  () => loop(),
  () => setImmediate(() => setImmediate(() => {})),
  () => process.nextTick(() => queueMicrotask(() => Promise.resolve().then(() => {}))),
];

function act(depth) {
  for (let i = random(4); depth > 0 && i > 0; i--)
    ACTIONS[random(ACTIONS.length)](depth - 1);
}

for (let i = 0; i < 60; i++)
  ACTIONS[random(ACTIONS.length)](3);
if (isMainThread)
  new Worker(__filename, { workerData: { seed: seed + 1000, file } });
process.on('exit', () => fs.appendFileSync(file, log.map((line) => `${JSON.stringify(line)}\n`).join('')));
