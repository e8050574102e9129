// SPDX-License-Identifier: MIT
/*
 * random.js SEED: a random program whose functions register all kinds of things by all kinds of ways: inlined, hot, in
 * eval, new Function and vm, in generators and async generators, constructors, bound functions, accessors, callbacks of V8's
 * built-ins and through Node's internals, in a worker, in a module; while code and bytecode are moved and thrown away.
 */
'use strict';
const { AsyncResource } = require('async_hooks');
const { EventEmitter } = require('events');
const { PassThrough } = require('stream');
const { Worker, isMainThread, workerData } = require('worker_threads');
const crypto = require('crypto');
const fs = require('fs');
const vm = require('vm');

const seed = isMainThread ? Number(process.argv[2]) : workerData;
let state = seed;
const random = (below) => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
};
const pick = (list) => list[random(list.length)];

// What a function body does, with `go` for a call of another.
const nothing = '() => {}).bind(null)'; // bound: the registration has no function of its own
const registers = [
  () => 'Promise.resolve(1).then(() => {});',
  () => 'Promise.reject(1).catch(() => {}).finally(() => {});',
  () => `setTimeout((${nothing}, 0);`,
  () => `setImmediate((${nothing});`,
  () => `process.nextTick((${nothing});`,
  () => `queueMicrotask((${nothing});`,
  () => 'new AsyncResource("Random").emitDestroy();',
  () => 'new Resource();',
  () => `fs.stat(".", (${nothing});`,
  () => `crypto.randomBytes(1, (${nothing});`,
  () => 'fs.promises.stat(".");',
  () => 'stream.write("x");',
  () => 'new Promise((done) => done(1)).then();',
  () => 'Promise.all([1, Promise.resolve(2)]);',
];
const calls = [
  (go) => `${go};`,
  (go) => `[1, 2].forEach(() => ${go});`,
  (go) => `[2, 1].sort(() => (${go}, 0));`,
  (go) => `"ab".replace(/./g, () => (${go}, ""));`,
  (go) => `JSON.parse("[1]", () => ${go});`,
  (go) => `({ get x() { return ${go}; } }).x;`,
  (go) => `new (class { constructor() { ${go}; } })();`,
  (go) => `Reflect.apply(() => ${go}, null, []);`,
  (go) => `new Proxy({}, { get() { return ${go}; } }).x;`,
  (go) => `try { ${go}; throw 1; } catch { ${go}; } finally { ${go}; }`,
  (go) => `emitter.once("event", () => ${go}); emitter.emit("event");`,
  (go) => `(function*() { yield ${go}; })().next();`,
  (go) => `(async() => { ${go}; await 1; ${go}; })();`,
  (go) => `(async() => { for await (const x of (async function*() { yield ${go}; yield 2; })()) x; })();`,
  (go) => `eval(${JSON.stringify(go)});`,
  (go) => `setTimeout(() => ${go}, 0);`,
  (go) => `process.nextTick(() => ${go});`,
  (go) => `Promise.resolve().then(() => ${go});`,
  (go) => `for (let i = 0; i < 3; i++) ${go};`,
];
const FUNCTIONS = 12;

function body(number, isAsync) {
  const lines = [];
  for (let count = 2 + random(4); count > 0; count--) {
    const go = `f${random(FUNCTIONS)}(depth - 1)`;
    lines.push(pick([pick(registers)(), pick(registers)(), pick(calls)(go), isAsync ? 'await depth;' : pick(registers)()]));
  }
  return lines.join('\n    ');
}

function source() {
  let text = 'class Resource extends AsyncResource {\n  constructor() {\n    super("Made");\n  }\n}\n';
  for (let number = 0; number < FUNCTIONS; number++) {
    const isAsync = random(3) === 0;
    text += `${isAsync ? 'async ' : ''}function f${number}(depth) {
  if (depth > 0 && budget.left-- > 0) {
    ${body(number, isAsync)}
  }
}
`;
  }
  return `${text}return [${Array.from({ length: FUNCTIONS }, (_, number) => `f${number}`)}];`;
}

const budget = { left: 0 };
const stream = new PassThrough().resume();
const given = { AsyncResource, fs, crypto, process, budget, emitter: new EventEmitter(), stream, setTimeout, setImmediate,
                queueMicrotask };
const names = Object.keys(given);

let made = 0;
function make() {
  const text = source();
  const filename = `/random-${seed}-${++made}.js`;
  const wrapped = `(function(${names}) {${text}\n})`;
  const functions = pick([
    () => vm.runInThisContext(wrapped, { filename }),
    () => vm.runInNewContext(wrapped, given, { filename }),
    () => new Function(...names, text),
    () => new Function(...names, `${text}\n//# sourceURL=${filename}`),
  ])();
  return functions(...Object.values(given));
}

// What is moved and thrown away: code of functions that are gone, and much else.
function collect() {
  let junk = [];
  for (let i = 0; i < 200; i++)
    junk.push(new Array(2000 + random(2000)).fill(i), new Function(`return ${random(1e9)}`));
  for (const f of junk.slice(1).filter((x) => typeof x === 'function'))
    f();
  junk = junk.filter((_, i) => i % 3);
  globalThis.gc();
  return junk;
}

const turn = () => new Promise((done) => setImmediate(done));

async function main() {
  process.on('unhandledRejection', () => {});
  for (let round = 0; round < 3; round++) {
    const functions = make();
    for (let hot = 0; hot < 300; hot++) {
      budget.left = 100;
      functions[hot % FUNCTIONS](4);
      await null;
      if (hot % 100 === 99)
        collect();
      if (hot % 10 === 9)
        await turn();
    }
    for (let i = 0; i < 5000; i++) {
      budget.left = 1;
      functions[0](1);
      if (i % 500 === 0)
        await turn();
    }
  }
  if (isMainThread)
    await new Promise((done) => new Worker(__filename, { workerData: seed + 1 }).on('exit', done));
}

main();
