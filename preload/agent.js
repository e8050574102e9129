// SPDX-License-Identifier: MIT
/*
 * The agent: loaded by Node before the program's own code, on its main thread and in its workers, because the
 * constructor of libuvtree.so added a --require to NODE_OPTIONS (js_prepare.c). It hears Node's hooks and hands
 * numbers to native code (js.c), which records them.
 *
 * Where each kind of registration is heard:
 *   promise reactions      V8's promise hooks (v8.promiseHooks): a promise made with a parent is a reaction on it
 *   everything else        async_hooks, which is kept off promises: they would get async ids, as visible properties
 *   cleared timers         wrappers of clearTimeout and its kin, since async_hooks tells it too late
 *   failures               process._fatalException; V8's promise reject callback (js.c)
 *   HTTP                   diagnostics_channel
 *   listeners (on demand)  wrappers of EventEmitter.prototype.on and its kin
 *
 * Whatever goes wrong here must not be the program's trouble: it ends the layer and is told in the debug log.
 */
'use strict';

// As in tracepoints/schema.h.
const LINK_CAUSED = 1;
const LINK_REPEAT = 2;
const LINK_INTERNAL = 4;
const LINK_HOLD = 0x80; // js.c: to be taken back by drop()
const BEGIN_MORE = 1;
const REASON_STOPPED = 0;
const REASON_CLOSED = 1;
const LIFE_CREATE = 0;
const LIFE_RESOLVE = 1;
const LIFE_REJECT = 2;
// As in js.c.
const OPTION_LISTENERS = 1;
const OPTION_PROMISES = 2;
const OPTION_LOCATIONS = 4;

// Taken before the program can change them.
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const mapDelete = uncurry(Map.prototype.delete);
const mapForEach = uncurry(Map.prototype.forEach);
const mapClear = uncurry(Map.prototype.clear);
const weakGet = uncurry(WeakMap.prototype.get);
const weakSet = uncurry(WeakMap.prototype.set);
const { apply, getPrototypeOf } = Reflect;
const { defineProperty, getOwnPropertyDescriptor, getOwnPropertySymbols } = Object;

// Async resources that run once. All others may run again: a socket, a parser, an AsyncResource of the program.
const ONCE = new Set(['TickObject', 'Immediate', 'Microtask', 'FSREQCALLBACK', 'FSREQPROMISE', 'FILEHANDLECLOSEREQ',
  'GETADDRINFOREQWRAP', 'GETNAMEINFOREQWRAP', 'QUERYWRAP', 'PIPECONNECTWRAP', 'TCPCONNECTWRAP', 'SHUTDOWNWRAP',
  'WRITEWRAP', 'UDPSENDWRAP', 'RANDOMBYTESREQUEST', 'RANDOMPRIMEREQUEST', 'CHECKPRIMEREQUEST', 'PBKDF2REQUEST',
  'SCRYPTREQUEST', 'KEYPAIRGENREQUEST', 'KEYGENREQUEST', 'KEYEXPORTREQUEST', 'SIGNREQUEST', 'VERIFYREQUEST',
  'HASHREQUEST', 'CIPHERREQUEST', 'DERIVEBITSREQUEST', 'ARGON2REQUEST', 'RANDOMUUIDREQUEST']);
// What runs only when the stack is empty: once one of these begins, the main script has ended.
const AFTER_MAIN = new Set(['TickObject', 'Immediate', 'Microtask', 'Timeout']);

let native; // the functions of js.c
let log = () => {};

function quietly(f) {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return f();
  } finally {
    process.emitWarning = emitWarning;
  }
}

// ---- Texts ----

const texts = new Map();

function textNumber(text) {
  let number = mapGet(texts, text);
  if (number === undefined)
    mapSet(texts, text, number = native.text(text));
  return number;
}

// ---- Places: where a registration was made, when its function is not known ----

let locations = false;
const PLACE_FRAMES = 20;
const UNKNOWN_PLACE = '@node:internal';

function callSites() {
  const limit = getOwnPropertyDescriptor(Error, 'stackTraceLimit');
  const prepare = getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  const holder = {};
  try {
    defineProperty(Error, 'stackTraceLimit',
                   { value: PLACE_FRAMES, writable: true, enumerable: true, configurable: true });
    defineProperty(Error, 'prepareStackTrace',
                   { value: (_, sites) => sites, writable: true, enumerable: true, configurable: true });
    Error.captureStackTrace(holder, callSites);
    return holder.stack;
  } catch {
    return undefined; // frozen
  } finally {
    if (limit)
      defineProperty(Error, 'stackTraceLimit', limit);
    if (prepare)
      defineProperty(Error, 'prepareStackTrace', prepare);
    else
      delete Error.prepareStackTrace;
  }
}

function isNodes(file) {
  return file.startsWith('node:');
}

function describe(site) {
  const file = site.getFileName();
  return `@${file.startsWith('file://') ? file.slice(7) : file}:${site.getLineNumber()}`;
}

// Who called what made the registration. A promise reaction is made by who calls then or awaits, an AsyncResource by
// who calls its constructor, any other resource by the one function of Node that is called for it. What lies deeper in
// Node, or is part of making one of Node's objects, is Node's own doing: "@node:internal".
function place(throughNode) {
  if (!locations)
    return 0;
  const sites = callSites();
  if (!Array.isArray(sites))
    return 0;
  for (const site of sites) {
    const file = site.getFileName();
    if (site.isAsync())
      break; // what follows has ended
    if (!file || file === __filename || file === 'node:internal/async_hooks')
      continue;
    if (!isNodes(file))
      return textNumber(describe(site));
    if (file === 'node:async_hooks')
      throughNode = false;
    else if (!throughNode || site.isConstructor())
      break;
    else
      throughNode = false;
  }
  return textNumber(UNKNOWN_PLACE);
}

// ---- The main script ----

let mainOpen = false;

function endMain() {
  mainOpen = false;
  native.mainEnd();
}

// ---- Async resources ----

const resources = new Map(); // registrations by async id
const running = [];          // those whose invocations are open, innermost last
let asyncIdSymbol;           // by which Node's timers carry their async id

class Registration {
  constructor(id, link, once, afterMain, timer) {
    this.id = id;
    this.link = link;
    this.once = once;
    this.afterMain = afterMain;
    this.timer = timer; // a Timeout or Immediate: to see whether it was cleared
    this.begun = false;
    this.cancelled = false;
  }
}

// The listener that a request will be given to: http's parser is known by its connection's server, or by its request.
function requestListener(resource) {
  const events = resource?.socket?.server?._events;
  const listener = events ? events.request : resource?.req?._events?.response;
  const first = Array.isArray(listener) ? listener[0] : listener;
  return typeof first === 'function' && typeof first.listener === 'function' ? first.listener : first;
}

function functionOf(type, resource) {
  switch (type) {
    case 'Timeout': return resource._onTimeout;
    case 'Immediate': return resource._onImmediate;
    case 'TickObject': return resource.callback;
    case 'HTTPINCOMINGMESSAGE':
    case 'HTTPCLIENTREQUEST': return requestListener(resource);
    default: return undefined;
  }
}

function register(id, type, resource, callback) {
  const isTimer = type === 'Timeout' || type === 'Immediate';
  const once = ONCE.has(type) || (type === 'Timeout' && !resource._repeat);
  const number = typeof callback === 'function' ? native.function(callback) : 0;
  const link = native.link(textNumber(type), number || place(true),
                           once ? LINK_CAUSED : LINK_CAUSED | LINK_REPEAT);
  mapSet(resources, id, new Registration(id, link, once, AFTER_MAIN.has(type), isTimer ? resource : null));
}

// queueMicrotask sets the callback only after the resource has been made.
function registerMicrotask(id, resource) {
  defineProperty(resource, 'callback', {
    configurable: true,
    enumerable: true,
    get: () => undefined,
    set(callback) {
      defineProperty(resource, 'callback', { value: callback, writable: true, configurable: true, enumerable: true });
      guarded(register)(id, 'Microtask', resource, callback);
    },
  });
}

function onInit(id, type, trigger, resource) {
  if (type === 'PROMISE')
    return;
  if (type === 'Microtask') {
    registerMicrotask(id, resource);
    return;
  }
  if (type === 'Timeout' || type === 'Immediate')
    meetTimer(type, resource);
  register(id, type, resource, functionOf(type, resource));
}

function onBefore(id) {
  const registration = mapGet(resources, id);
  if (mainOpen && (!registration || registration.afterMain))
    endMain();
  if (!registration)
    return; // made before us
  registration.begun = true;
  running[running.length] = registration;
  native.begin(registration.link, registration.once ? 0 : BEGIN_MORE);
}

function onAfter(id) {
  let at = running.length - 1;
  while (at >= 0 && running[at].id !== id)
    at--;
  if (at < 0)
    return;
  const registration = running[at];
  running.length = at;
  native.end(registration.link);
  if (registration.once && mapGet(resources, id) === registration)
    mapDelete(resources, id);
}

function cancel(registration, reason) {
  if (registration.cancelled || (registration.once && registration.begun))
    return;
  registration.cancelled = true;
  native.cancel(registration.link, reason);
}

function onDestroy(id) {
  const registration = mapGet(resources, id);
  if (!registration)
    return;
  mapDelete(resources, id);
  cancel(registration, REASON_CLOSED);
}

// ---- Timers: clearing, and arming again ----

function timerRegistration(timer) {
  const isObject = typeof timer === 'object' && timer !== null;
  const registration = mapGet(resources, isObject && asyncIdSymbol ? timer[asyncIdSymbol] : Number(timer));
  return registration?.timer ? registration : undefined;
}

// A function that calls the original, then `then` with the timer's registration as it was before.
function followed(original, timerOf, then) {
  return new Proxy(original, {
    apply(target, self, args) {
      let registration;
      try {
        registration = timerRegistration(timerOf(self, args));
      } catch { /* a value that cannot be made a number: Node's business */ }
      const result = apply(target, self, args);
      if (registration)
        guarded(then)(registration);
      return result;
    },
  });
}

function replace(object, name, make) {
  const descriptor = getOwnPropertyDescriptor(object, name);
  if (typeof descriptor?.value === 'function' && (descriptor.configurable || descriptor.writable))
    defineProperty(object, name, { ...descriptor, value: make(descriptor.value) });
}

function cleared(registration) {
  if (registration.timer._destroyed)
    cancel(registration, REASON_STOPPED);
}

// The program takes an AsyncResource out of its queue, or will not run it again.
function followDestroying() {
  const { prototype } = require('async_hooks').AsyncResource;
  replace(prototype, 'emitDestroy', (original) => new Proxy(original, {
    apply(target, self, args) {
      const result = apply(target, self, args);
      guarded(() => {
        const registration = mapGet(resources, self.asyncId());
        if (registration)
          cancel(registration, REASON_STOPPED);
      })();
      return result;
    },
  }));
}

// Of a timer whose callback runs: it is to run once more, and Node keeps its async id.
function armedAgain(registration) {
  const { id, timer } = registration;
  if (registration.begun && registration.once && !timer._destroyed && mapGet(resources, id) === registration)
    register(id, 'Timeout', timer, timer._onTimeout);
}

function followClearing() {
  const timers = require('timers');
  const first = (self, args) => args[0];
  for (const name of ['clearTimeout', 'clearInterval', 'clearImmediate']) {
    const original = timers[name];
    const ours = followed(original, first, cleared);
    replace(timers, name, () => ours);
    if (globalThis[name] === original)
      replace(globalThis, name, () => ours);
  }
  require('module').syncBuiltinESMExports();
}

// The classes of timers are nowhere exported: their methods are followed when the first one is met.
const met = { Timeout: false, Immediate: false };
function meetTimer(type, timer) {
  if (met[type])
    return;
  met[type] = true;
  asyncIdSymbol ??= getOwnPropertySymbols(timer).find((symbol) => symbol.description === 'asyncId');
  const prototype = getPrototypeOf(timer);
  const own = (self) => self;
  for (const name of ['close', Symbol.dispose ?? Symbol.for('nodejs.dispose')])
    replace(prototype, name, (original) => followed(original, own, cleared));
  replace(prototype, 'refresh', (original) => followed(original, own, armedAgain));
}

// ---- Promises ----

// What is known of a promise. It hangs from it by a private field, which no reflection shows.
class Itself {
  constructor(object) {
    return object;
  }
}
class Note extends Itself {
  #note;
  constructor(promise, note) {
    super(promise);
    this.#note = note;
  }
  static of(promise) {
    return #note in promise ? promise.#note : undefined;
  }
}

const NONE = 0;
let promiseType;
let held;      // a promise just made with a parent that is pending: a reaction, unless it is settled at once
let adopting;  // the note of a promise that adopts another: between before and after of its job
let lifeCycle = false;
let lastPromise = 0;

function note(promise) {
  const made = {
    link: NONE,      // of the reaction whose result this promise is
    caused: false,
    begun: false,
    settled: false,
    waiting: null,   // notes of the reactions on it, until it settles: one, or an array
    on: null,        // the note of the promise it is a reaction on, until it is caused
    adoption: NONE,  // link of the internal reaction by which it adopts another promise
    id: 0,
  };
  new Note(promise, made);
  return made;
}

function wait(parent, reaction) {
  reaction.on = parent;
  if (parent.waiting === null)
    parent.waiting = reaction;
  else if (Array.isArray(parent.waiting))
    parent.waiting[parent.waiting.length] = reaction;
  else
    parent.waiting = [parent.waiting, reaction];
}

function waitNoMore(reaction) {
  const parent = reaction.on;
  reaction.on = null;
  if (!parent)
    return;
  if (parent.waiting === reaction)
    parent.waiting = null;
  else if (Array.isArray(parent.waiting))
    parent.waiting.splice(parent.waiting.lastIndexOf(reaction), 1);
}

function cause(reaction) {
  reaction.on = null;
  reaction.caused = true;
  native.cause(reaction.link);
}

// The reaction by which a promise adopts `parent`. It was linked where the adopter was locked in, if that was seen.
function adopt(adopter, reaction, parent) {
  reaction.link = adopter.adoption || native.link(promiseType, 0, LINK_INTERNAL);
  adopter.adoption = NONE;
  if (parent.settled)
    cause(reaction);
  else
    wait(parent, reaction);
}

function react(promise, reaction, parent) {
  const where = place(false);
  if (parent.settled) {
    reaction.caused = true;
    reaction.link = native.link(promiseType, where, LINK_CAUSED);
    return;
  }
  held = promise;
  reaction.link = native.link(promiseType, where, LINK_HOLD);
  wait(parent, reaction);
}

// A promise that was made before us: whether it is settled is asked.
function noteOld(promise) {
  const old = note(promise);
  old.settled = native.state(promise) !== 0;
  return old;
}

function onPromiseInit(promise, parentPromise) {
  const made = note(promise);
  if (lifeCycle)
    native.promise(made.id = ++lastPromise, LIFE_CREATE);
  if (parentPromise === undefined)
    return;
  const parent = Note.of(parentPromise) ?? noteOld(parentPromise);
  if (adopting !== undefined) {
    const adopter = adopting;
    adopting = undefined;
    adopt(adopter, made, parent);
  } else {
    react(promise, made, parent);
  }
}

function onPromiseBefore(promise) {
  if (mainOpen)
    endMain();
  held = undefined;
  const reaction = Note.of(promise);
  if (reaction === undefined)
    return;
  if (reaction.link === NONE || reaction.begun) {
    adopting = reaction;
    return;
  }
  reaction.begun = true;
  if (!reaction.caused) { // the job that calls the then of something that is no promise
    waitNoMore(reaction);
    cause(reaction);
  }
  native.begin(reaction.link, 0);
}

function onPromiseAfter(promise) {
  const reaction = Note.of(promise);
  if (adopting !== undefined) {
    adopting = undefined;
    return;
  }
  if (reaction === undefined || reaction.link === NONE)
    return;
  if (!reaction.settled && reaction.adoption === NONE) // its handler returned a promise
    reaction.adoption = native.link(promiseType, 0, LINK_INTERNAL);
  native.end(reaction.link);
  reaction.link = NONE;
}

function onPromiseSettled(promise) {
  const settled = Note.of(promise);
  if (settled === undefined)
    return;
  if (held === promise) { // what await wraps a value in: it has the async function's promise as parent
    held = undefined;
    native.drop();
    waitNoMore(settled);
    settled.link = NONE;
  }
  settled.settled = true;
  if (settled.id)
    native.promise(settled.id, native.state(promise) === 2 ? LIFE_REJECT : LIFE_RESOLVE);
  const { waiting } = settled;
  settled.waiting = null;
  if (waiting === null)
    return;
  if (Array.isArray(waiting)) {
    for (let i = 0; i < waiting.length; i++)
      cause(waiting[i]);
  } else {
    cause(waiting);
  }
}

// ---- Failures ----

const rejected = new Map();     // promises that were rejected without a handler, not told yet
const toldFailed = new WeakMap(); // of those told, the invocation

function textOf(get) {
  try {
    const text = get();
    return typeof text === 'string' ? text : String(text);
  } catch {
    return '';
  }
}

function tellFailed(invocation, error) {
  const isError = typeof error === 'object' && error !== null;
  native.failed(invocation, textOf(() => (isError && error.message !== undefined ? error.message : error)),
                isError ? textOf(() => error.stack ?? '') : '');
}

function tellRejected() {
  mapForEach(rejected, ({ invocation, error }, promise) => {
    weakSet(toldFailed, promise, invocation);
    tellFailed(invocation, error);
  });
  mapClear(rejected);
}

// With nothing: Node has looked after its ticks and microtasks; who has no handler now is unhandled.
function onReject(event, promise, error) {
  if (event === undefined) {
    tellRejected();
  } else if (event === 0) {
    mapSet(rejected, promise, { invocation: native.current(), error });
  } else if (!mapDelete(rejected, promise)) {
    const invocation = weakGet(toldFailed, promise);
    if (invocation !== undefined)
      native.handled(invocation);
  }
}

function followFailures() {
  replace(process, '_fatalException', (original) => function(error, fromPromise) {
    guarded(() => (fromPromise ? tellRejected() : tellFailed(0, error)))();
    return apply(original, this, arguments);
  });
  native.onReject(guarded(onReject));
}

// ---- HTTP ----

const labelled = new WeakMap(); // numbers of requests
let lastLabel = 0;

function labelNumber(request) {
  let number = weakGet(labelled, request);
  if (number === undefined)
    weakSet(labelled, request, number = ++lastLabel);
  return number;
}

const nameOf = (request) => `${request.method ?? ''} ${request.path ?? request.url ?? ''}`;

function followHttp() {
  const channels = require('diagnostics_channel');
  const on = (channel, of, kind, status) => {
    const told = guarded((message) => {
      const request = of(message);
      native.label(labelNumber(request), status ? status(message) ?? 0 : 0, kind, nameOf(request));
    });
    channels.channel(channel).subscribe(told);
  };
  const ofRequest = (message) => message.request;
  on('http.server.request.start', ofRequest, 'http.server.request');
  on('http.server.response.finish', ofRequest, 'http.server.response', (message) => message.response?.statusCode);
  on('http.client.request.start', ofRequest, 'http.client.request');
  on('http.client.response.finish', ofRequest, 'http.client.response', (message) => message.response?.statusCode);
  on('undici:request:create', ofRequest, 'http.client.request');
  on('undici:request:headers', ofRequest, 'http.client.headers', (message) => message.response?.statusCode);
  on('undici:request:trailers', ofRequest, 'http.client.response');
}

// ---- Listeners ----

// Node knows a listener that stands for another by its property `listener`.
function followedListener(emitter, listener, once) {
  const link = native.link(textNumber('EventListener'), native.function(listener), once ? 0 : LINK_REPEAT);
  return {
    link,
    function: function(...args) {
      guarded(() => {
        native.cause(link);
        native.begin(link, once ? 0 : BEGIN_MORE);
      })();
      try {
        return apply(listener, this, args);
      } finally {
        guarded(() => native.end(link))();
      }
    },
  };
}

function followListeners() {
  const EventEmitter = require('events');
  const links = new WeakMap();
  const { prototype } = EventEmitter;
  const removeListener = prototype.removeListener;
  const adding = (original, once) => new Proxy(original, {
    apply(target, self, args) {
      const [event, listener] = args;
      if (typeof listener !== 'function' || weakGet(links, listener) !== undefined)
        return apply(target, self, args);
      const ours = followedListener(self, listener, once);
      let wrapper = ours.function;
      if (once)
        wrapper = function(...given) {
          apply(removeListener, self, [event, wrapper]);
          return apply(ours.function, this, given);
        };
      wrapper.listener = listener;
      weakSet(links, wrapper, ours.link);
      return apply(target, self, [event, wrapper]);
    },
  });
  const { on, prependListener } = prototype;
  for (const name of ['on', 'addListener', 'prependListener'])
    replace(prototype, name, (original) => adding(original, false));
  replace(prototype, 'once', () => adding(on, true));
  replace(prototype, 'prependOnceListener', () => adding(prependListener, true));
}

// ---- Start ----

// The layer ends at the first error: what would follow could be wrong, and the program must not see it.
let stop = () => {};
let stopped = false;

function guarded(f) {
  return (a, b, c, d) => { // no rest parameters: this is on the path of every event
    if (stopped)
      return;
    try {
      f(a, b, c, d);
    } catch (error) {
      giveUp(error);
    }
  };
}

function giveUp(error) {
  stopped = true;
  log(`the JavaScript layer ends: ${textOf(() => error.stack)}`);
  try {
    stop();
  } catch { /* then its hooks go on doing nothing */ }
}

// NODE_OPTIONS as it was before the constructor added its part (js_prepare.c).
function restoreOptions() {
  const ours = /^--require "(?:[^"\\]|\\.)*uvtree-agent\.cjs"( ?)/;
  for (let value; (value = process.env.NODE_OPTIONS) !== undefined;) {
    const match = ours.exec(value);
    if (!match)
      return;
    if (match[0] === value && !match[1])
      delete process.env.NODE_OPTIONS;
    else
      process.env.NODE_OPTIONS = value.slice(match[0].length);
  }
}

function leaveNoTrace() {
  const Module = require('module');
  delete require.cache[__filename];
  for (const key of Object.keys(Module._pathCache ?? {}))
    if (Module._pathCache[key] === __filename)
      delete Module._pathCache[key];
  const preloaded = getOwnPropertyDescriptor(process, '_preload_modules');
  if (preloaded?.configurable && Array.isArray(preloaded.value))
    defineProperty(process, '_preload_modules',
                   { ...preloaded, value: preloaded.value.filter((path) => !path.endsWith('uvtree-agent.cjs')) });
  const siblings = quietly(() => module.parent?.children);
  if (siblings?.includes(module))
    siblings.splice(siblings.indexOf(module), 1);
}

// Node's own debug log has no say before the native side is there.
function logToFile(text) {
  const where = process.env.UVTREE_DEBUG;
  if (!where || where === '0')
    return;
  const line = `uvtree[${process.pid}]: agent: ${text}\n`;
  if (where === '1')
    require('fs').writeSync(2, line);
  else
    require('fs').appendFileSync(where, line);
}

function loadNative() {
  const loaded = { exports: {} };
  process.dlopen(loaded, require('path').join(__dirname, 'libuvtree.so'));
  return loaded.exports;
}

function followPromises() {
  const hooks = {
    init: guarded(onPromiseInit),
    before: guarded(onPromiseBefore),
    after: guarded(onPromiseAfter),
    settled: guarded(onPromiseSettled),
  };
  promiseType = textNumber('PROMISE');
  return { hooks, stop: require('v8').promiseHooks.createHook(hooks) };
}

/*
 * Node's async_hooks would hook promises, too. From 24 on an option keeps it off them, in 22 its own mark does; before,
 * its promise hooks are taken out again: when the program makes hooks of its own, Node puts all in.
 */
function followResources(promiseHooks) {
  const hook = require('async_hooks').createHook({
    init: guarded(onInit),
    before: guarded(onBefore),
    after: guarded(onAfter),
    destroy: guarded(onDestroy),
    trackPromises: false,
  });
  const mark = getOwnPropertySymbols(hook).find((symbol) => symbol.description === 'kNoPromiseHook');
  if (mark)
    hook[mark] = true;
  hook.enable();
  native.noTrampoline();
  if (!mark) {
    const { setPromiseHooks } = quietly(() => process.binding('async_wrap'));
    setPromiseHooks(promiseHooks.init, promiseHooks.before, promiseHooks.after, promiseHooks.settled);
  }
  return () => hook.disable();
}

function follow() {
  lifeCycle = Boolean(native.options & OPTION_PROMISES);
  locations = Boolean(native.options & OPTION_LOCATIONS);
  const promises = followPromises();
  const stopResources = followResources(promises.hooks);
  stop = () => {
    promises.stop();
    stopResources();
  };
  followClearing();
  followDestroying();
  followFailures();
  followHttp();
  if (native.options & OPTION_LISTENERS)
    followListeners();
  native.main();
  mainOpen = true;
}

try {
  restoreOptions();
  leaveNoTrace();
  log = logToFile;
  native = loadNative();
  if (native.follow) {
    log = native.log;
    follow();
  }
} catch (error) {
  try {
    giveUp(error);
  } catch { /* there is nobody to tell */ }
}
