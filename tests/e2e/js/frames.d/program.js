// SPDX-License-Identifier: MIT
'use strict';
// program.js MODE: the stacks that a program sees, wherever its functions run: as text, each once, sorted, when it exits.
// `hooks`: also in async hooks and promise hooks of its own. `dies`, `rejects`, `emits`: ends by an error, whose report is
// Node's.
const { AsyncLocalStorage, AsyncResource, createHook } = require('async_hooks');
const { EventEmitter } = require('events');
const { execFile } = require('child_process');
const fs = require('fs');
const http = require('http');
const { pipeline, Readable, Writable } = require('stream');
const { isMainThread, MessageChannel, Worker } = require('worker_threads');
const v8 = require('v8');

const mode = process.argv[2];
Error.stackTraceLimit = 100;
const seen = new Set();
// By what Node comes to the next callback depends on what is due just then.
const turns = /\n +at [^\n]*(runNextTicks|processT|processImmediate|listOnTimeout|callbackTrampoline)[^\n]*/g;
const showError = (where, error) => { seen.add(`${where}\n${error.stack.replace(turns, '')}\n`); };
const show = (where) => showError(where, new Error(where));
const thread = isMainThread ? 'main' : 'worker';

function callSites() {
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = (_, sites) => sites.map((site) => `${site.getFunctionName()} ${site.getFileName()} ${site.getTypeName()}`).join('\n');
  const { stack } = new Error('sites');
  Error.prepareStackTrace = prepareStackTrace;
  return stack;
}

function attempt(where, f) {
  try {
    f();
  } catch (error) {
    showError(where, error);
  }
}

function emitters() {
  const emitter = new EventEmitter();
  emitter.on('newListener', (name, listener) => show(`newListener ${name} ${listener.name}`));
  emitter.on('removeListener', (name, listener) => show(`removeListener ${name} ${listener.name}`));
  emitter.on('a', function a() { show('on'); seen.add(`sites\n${callSites()}\n`); });
  emitter.once('a', function b() { show('once'); });
  emitter.prependListener('a', function c() { show('prepend'); });
  emitter.prependOnceListener('a', () => show('prependOnce'));
  emitter.on('throws', () => { throw new Error('thrown'); });
  seen.add(`listeners ${emitter.listeners('a').map((f) => f.name)} ${emitter.listenerCount('a')}\n`);
  emitter.emit('a', 1);
  emitter.emit('a', 2);
  seen.add(`listeners left ${emitter.listeners('a').map((f) => f.name)}\n`);
  attempt('a listener throws', () => emitter.emit('throws'));
  attempt('no listener', () => emitter.on('a', 3));
  attempt('no listener, once', () => emitter.once('a'));
  attempt('no hook', () => createHook({}).enable.call(3));
  const d = () => {};
  emitter.once('d', d);
  emitter.removeListener('d', d);
  seen.add(`removed ${emitter.listenerCount('d')}\n`);
  const own = new (class Own extends EventEmitter {
    on(name, listener) {
      show(`own on ${name} ${typeof listener}`);
      return super.on(name, listener);
    }
  })();
  own.once('e', () => show('own once'));
  own.emit('e');
}

function timers() {
  setTimeout(() => show('timeout'), 1);
  setImmediate(() => show('immediate'));
  process.nextTick(() => show('tick'));
  const interval = setInterval(() => { show('interval'); clearInterval(interval); }, 1);
}

async function promises() {
  await 1;
  show('await');
  await new Promise((done) => { setTimeout(done, 1); });
  show('await timer');
  Promise.reject(new Error('caught')).catch((error) => showError('catch', error));
  new AsyncLocalStorage().run(1, () => show('storage'));
}

function resources() {
  new AsyncResource('Own').runInAsyncScope(() => show('resource'));
  const bound = AsyncResource.bind(() => show('bound'));
  setImmediate(bound);
  const { port1, port2 } = new MessageChannel();
  port1.on('message', () => { show('message'); port1.close(); });
  port2.postMessage(1);
}

function files() {
  fs.readFile(__filename, () => show('readFile'));
  fs.promises.stat(__filename).then(() => show('promised stat'));
  fs.createReadStream(__filename).on('end', () => show('stream end')).resume();
  pipeline(Readable.from(['x']), new Writable({ write(chunk, encoding, done) { show('write'); done(); } }), () => show('pipeline'));
  execFile(process.execPath, ['-e', '0']).on('exit', () => show('child'));
}

function servers() {
  const server = http.createServer(function served(request, response) {
    show('request');
    response.on('finish', () => { show('finish'); server.close(); });
    response.end('x');
  });
  server.listen(0, '127.0.0.1', () => {
    show('listening');
    http.get({ port: server.address().port, agent: false }, (response) => {
      show('response');
      response.on('data', () => show('data')).once('end', () => show('end'));
    });
  });
}

function hooks() {
  const shown = new Set(['Timeout', 'PROMISE', 'Microtask', 'Own']);
  let deep = false;
  const once = (where) => {
    if (deep)
      return;
    deep = true;
    show(where);
    deep = false;
  };
  const types = new Map();
  createHook({
    init(id, type) {
      if (!shown.has(type))
        return;
      types.set(id, type);
      once(`init ${type}`);
    },
    before(id) { if (types.has(id)) once(`before ${types.get(id)}`); },
    after(id) { if (types.has(id)) once(`after ${types.get(id)}`); },
  }).enable();
  const stop = v8.promiseHooks.createHook({
    init: () => once('promise init'), before: () => once('promise before'), settled: () => once('promise settled'),
  });
  setTimeout(() => { Promise.resolve(1).then(() => once('reaction')); }, 1);
  queueMicrotask(() => show('microtask'));
  setTimeout(stop, 20);
}

process.on('exit', () => {
  show('exit');
  fs.writeSync(1, [...seen].sort().map((text) => `${thread} ${text}`).join(''));
});

const ends = {
  dies: () => { setTimeout(function dying() { throw new TypeError('dies'); }, 1); },
  rejects: () => { setTimeout(async function rejecting() { throw new Error('rejects', { cause: new Error('cause') }); }, 1); },
  emits: () => { setTimeout(function emitting() { new EventEmitter().on('x', () => { throw new Error('emits'); }).emit('x'); }, 1); },
  ticks: () => { process.nextTick(() => { throw new Error('ticks'); }); },
};
if (ends[mode]) {
  ends[mode]();
} else {
  process.on('uncaughtException', (error) => { show(`uncaught ${error.message}`); showError(`uncaught ${error.message}`, error); });
  process.on('unhandledRejection', (error) => { show('unhandled'); showError('unhandled', error); });
  process.on('warning', (warning) => showError('warning', warning));
  show('main');
  if (mode === 'hooks')
    hooks();
  emitters();
  timers();
  promises();
  resources();
  files();
  servers();
  setTimeout(() => { throw new Error('uncaught'); }, 2);
  setTimeout(() => { Promise.reject(new Error('rejected')); }, 2);
  setTimeout(() => process.emitWarning('warned'), 2);
  process.nextTick(() => { throw new Error('in a tick'); });
  if (isMainThread)
    new Worker(__filename, { argv: [mode] }).on('exit', () => show('worker exit'));
}
