// SPDX-License-Identifier: MIT
/*
 * The agent: a part of libuvtree.so that Node runs in place of its own main script, on its main thread and in its
 * workers, and then again that script (js_load.c). It hears Node's hooks and hands numbers to native code (js.c), which
 * records them. It is the body of a function (js_source.S) of `native`, what js.c gives it, and of what Node gives its main
 * scripts: process, its internal require and internalBinding, and primordials, its copies of JavaScript's built-ins.
 *
 * Where each kind of registration is heard:
 *   promise reactions      V8's promise hooks (v8.promiseHooks): a promise made with a parent is a reaction on it
 *   everything else        async_hooks, which is kept off promises: they would get async ids, as visible properties
 *   what is ended by hand  timers that are cleared, AsyncResources that are destroyed: Node's binding, by which it tells
 *                          that at once; async_hooks, later
 *   failures               process._fatalException; V8's promise reject callback (js.c)
 *   HTTP                   diagnostics_channel
 *   listeners (on demand)  wrappers of EventEmitter.prototype.on and its kin
 *
 * Whatever goes wrong here must not be the program's trouble: it ends the layer and is told in the debug log.
 *
 * From the program's first line on, nothing here may run through what the program can replace: no global, no method of a
 * prototype, no iterator (for-of, spread, array patterns, a derived class without a constructor), no getter or setter that
 * Object.prototype or Array.prototype can be given (what is assigned to has its property already, or no prototype).
 */
'use strict';

// As in tracepoints/schema.h.
const LINK_CAUSED = 1;
const LINK_REPEAT = 2;
const LINK_INTERNAL = 4;
const BEGIN_MORE = 1;
const BEGIN_DUE = 16; // as in js.c: with when it was put into Node's list, and its timeout
const REASON_STOPPED = 0;
const REASON_CLOSED = 1;
const LIFE_CREATE = 0;
const LIFE_RESOLVE = 1;
const LIFE_REJECT = 2;
// As in js.c.
const OPTION_LISTENERS = 1;
const OPTION_PROMISES = 2;
const OPTION_LOCATIONS = 4;
// As in js_emit.h.
const HEAR_CALLBACKS = 1;
const HEAR_INIT = 2;
const CANCELLED = 1;
const DESTROYED = 2;

const {
  ArrayIsArray: isArray, ArrayPrototypeLastIndexOf, ArrayPrototypeSplice, Map, MapPrototypeClear: mapClear,
  MapPrototypeDelete: mapDelete, MapPrototypeForEach: mapForEach, MapPrototypeGet: mapGet, MapPrototypeSet: mapSet,
  Error, Number, ObjectDefineProperty: defineProperty, ObjectGetOwnPropertyDescriptor: getOwnPropertyDescriptor,
  ObjectGetOwnPropertySymbols: getOwnPropertySymbols, ObjectGetPrototypeOf: getPrototypeOf,
  ObjectPrototypeHasOwnProperty: hasOwn, ObjectSetPrototypeOf: setPrototypeOf, Proxy, RangeErrorPrototype,
  ReflectApply: apply, String, WeakMap, WeakMapPrototypeDelete: weakDelete, WeakMapPrototypeGet: weakGet,
  WeakMapPrototypeHas: weakHas, WeakMapPrototypeSet: weakSet,
} = primordials;
const { executionAsyncId } = require('internal/async_hooks');
const { isProxy } = internalBinding('types');

// Async resources that run once. All others may run again: a socket, a parser, an AsyncResource of the program.
const ONCE = setOf('TickObject', 'Immediate', 'Microtask', 'FSREQCALLBACK', 'FSREQPROMISE', 'FILEHANDLECLOSEREQ',
                   'GETADDRINFOREQWRAP', 'GETNAMEINFOREQWRAP', 'QUERYWRAP', 'PIPECONNECTWRAP', 'TCPCONNECTWRAP',
                   'SHUTDOWNWRAP', 'WRITEWRAP', 'UDPSENDWRAP', 'RANDOMBYTESREQUEST', 'RANDOMPRIMEREQUEST',
                   'CHECKPRIMEREQUEST', 'PBKDF2REQUEST', 'SCRYPTREQUEST', 'KEYPAIRGENREQUEST', 'KEYGENREQUEST',
                   'KEYEXPORTREQUEST', 'SIGNREQUEST', 'VERIFYREQUEST', 'HASHREQUEST', 'CIPHERREQUEST',
                   'DERIVEBITSREQUEST', 'ARGON2REQUEST', 'RANDOMUUIDREQUEST');
// What runs only when the stack is empty: once one of these begins, the main script has ended.
const AFTER_MAIN = setOf('TickObject', 'Immediate', 'Microtask', 'Timeout');

const NONE = 0; // no link

let stop = () => {};
let stopped = false;

// Of the functions of js.c, constants, so that V8's optimised code has them and the array in itself. Those that are called
// often find their arguments in this array, and leave their result there (js.c, OPERATIONS).
const values = new Float64Array(native.values);
const { link: doLink, timer: doTimer, hold: doHold, drop: doDrop, cause: doCause, cancel: doCancel, begin: doBegin,
        end: doEnd, finish: doFinish, resume: doResume, current: doCurrent, promise: doPromise, label: doLabel,
        missed: doMissed } = native;
// Those are given a value, and leave an answer there (js.c, QUESTIONS).
const { settled: askSettled, scripted: askScripted } = native;
const NO = 0; // as in js.c
const UNKNOWN = 2;

function link(type, place, flags) {
  values[0] = type;
  values[1] = place;
  values[2] = flags;
  doLink();
  return values[0];
}

function linkTimer(type, place, flags, timeout) {
  values[0] = type;
  values[1] = place;
  values[2] = flags;
  values[3] = timeout;
  doTimer();
  return values[0];
}

function begin(linkID, flags) {
  values[0] = linkID;
  values[1] = flags;
  doBegin();
}

function end(linkID) {
  values[0] = linkID;
  doEnd();
}

function tellCause(linkID) {
  values[0] = linkID;
  doCause();
}

function tellCancel(linkID, reason) {
  values[0] = linkID;
  values[1] = reason;
  doCancel();
}

function setOf(...names) {
  const set = { __proto__: null };
  for (const name of names)
    set[name] = true;
  return set;
}

// Of an object that has no prototype no setter of the program's can be met when something is added to it.
function withoutPrototype(object) {
  return setPrototypeOf(object, null);
}

// Near the end of the stack V8 throws one; else nothing here does.
function isOutOfStack(error) {
  return getPrototypeOf(error) === RangeErrorPrototype;
}

// What we know of an object hangs from it by a private field, which no reflection shows: a WeakMap would cost the
// program's garbage collector more than all the rest. Where a field cannot be added, nothing is known. A class that
// adds one extends this, whose constructor gives it the object to add it to, and as itself a derived class makes none.
class Itself extends null {
  constructor(object) {
    return object;
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

// Number of the text for where a registration was made; through one function of Node's, or by who called it.
function place(throughNode) {
  return locations ? native.place(throughNode ? 1 : 0) : 0;
}

// ---- The main script ----

let mainOpen = false;

function endMain() {
  mainOpen = false;
  native.mainEnd();
}

// ---- What is heard natively ----

/*
 * While ours are the only hooks, native code hears what Node itself makes and calls back (js_emit.c): it does what
 * onInit(), onBefore() and onAfter() do, in the arrays below; callbacks from the end of the main script on. `alone` is
 * what no hooks of others want to hear, `heard` what is heard natively of that.
 */
let alone = 0;
let heard = 0;

function hear(what) {
  if (heard === what)
    return;
  if ((heard ^ what) & HEAR_CALLBACKS)
    what & HEAR_CALLBACKS ? releaseAfter() : holdAfter();
  heard = what;
  native.hear(what);
}

// What began in a hook must end in one: so it is begun with when nothing has.
function hearCallbacks() {
  if (alone & HEAR_CALLBACKS && !mainOpen && begunByHook === 0) {
    hear(heard | HEAR_CALLBACKS);
    native.log('callbacks of Node are heard natively');
  }
}

/*
 * Node's count of `after` hooks says that there are none while nothing ends by ours: callbacks that are heard natively do
 * not, nor do ticks, which end where Node destroys them. What does holds it.
 */
const { getHookArrays, symbols } = require('internal/async_hooks');
const { async_hook_fields: counts, constants: { kInit, kBefore, kAfter, kDestroy } } = internalBinding('async_wrap');
let holds = 1; // ours, as long as callbacks are not heard natively
let holding = false; // our hook is among Node's

function holdAfter() {
  if (++holds === 1 && holding)
    counts[kAfter]++;
}

function releaseAfter() {
  if (--holds === 0 && holding && counts[kAfter] > 0)
    counts[kAfter]--;
}

// Async ids of what has begun by a hook and will end by one.
const BEGUN_MAX = 256;
const begunIds = new Array(BEGUN_MAX).fill(0);
let begunByHook = 0;

function willEndByHook(id) {
  holdAfter();
  if (begunByHook < BEGUN_MAX) // else it stays held
    begunIds[begunByHook++] = id;
}

function endedByHook(id) {
  let at = begunByHook - 1;
  while (at >= 0 && begunIds[at] !== id)
    at--;
  if (at < 0)
    return;
  for (begunByHook--; at < begunByHook; at++)
    begunIds[at] = begunIds[at + 1];
  releaseAfter();
}

// ---- Async resources ----

class Kind {
  constructor(type) {
    this.number = kindCount;
    this.type = textNumber(type);
    this.once = ONCE[type] === true;
    this.afterMain = AFTER_MAIN[type] === true;
    this.isTimeout = type === 'Timeout';
    this.isTimer = type === 'Timeout' || type === 'Immediate';
    this.functionOf = FUNCTION_OF[type];
  }
}

withoutPrototype(Kind.prototype);

const kinds = new Map(); // by type
const kindsByNumber = withoutPrototype([]);
let kindCount = 0;
const TICK = 0; // the first
const KINDS_MAX = 65536;

let timeout; // the kind that there is most of, but for ticks

function kindOf(type) {
  if (type === 'Timeout')
    return timeout ??= makeKind(type);
  return mapGet(kinds, type) ?? makeKind(type);
}

function makeKind(type) {
  if (kindCount === KINDS_MAX) // of a program that makes up types: those that are left have no number for a text
    return kindsByNumber[KINDS_MAX - 1];
  const kind = new Kind(type);
  kindsByNumber[kindCount++] = kind;
  mapSet(kinds, type, kind);
  if (kind.functionOf === undefined && !kind.isTimer && !locations)
    native.kind(type, kind.type, kind.number, kind.once ? 1 : 0);
  return kind;
}

// Of what runs once and cannot be cleared, ticks above all, only numbers are kept, in arrays, at the low bits of its
// async id: they rise by one, and most are over soon. What lies there still when its place is needed becomes a
// Registration.
const PLACES = 4096;
const onceIds = new Float64Array(PLACES); // 0: free
const onceLinks = new Float64Array(PLACES);
const onceKinds = new Uint16Array(PLACES);
const onceBegun = new Uint8Array(PLACES);

class Registration {
  constructor(id, link, kind, once, timer) {
    this.id = id;
    this.link = link;
    this.kind = kind;
    this.once = once;
    this.timer = timer;   // a Timeout or Immediate: to see whether it was cleared
    this.begun = false;
    this.cancelled = false;
    this.open = 0;        // invocations that have not ended
    this.destroyed = false;
  }
}

withoutPrototype(Registration.prototype);

// The same for what may run again, but for timers: sockets, parsers, an AsyncResource of the program. It stays for long:
// there is room for a server's connections, since what has to be moved from here is called back through the hooks.
const LASTING = 16384;
const lastingIds = new Float64Array(LASTING); // 0: free
const lastingLinks = new Float64Array(LASTING);
const lastingKinds = new Uint16Array(LASTING);
const lastingOpen = new Uint32Array(LASTING); // invocations that have not ended
const lastingState = new Uint8Array(LASTING); // CANCELLED, DESTROYED: to be forgotten once it has ended

// Timers, which come and go, and what had to make room.
const TIMERS = 1024;
const timers = new Array(TIMERS).fill(undefined);
const resources = new Map();

function find(id) {
  const registration = timers[id & (TIMERS - 1)];
  return registration !== undefined && registration.id === id ? registration : mapGet(resources, id);
}

function keep(registration) {
  const at = registration.id & (TIMERS - 1);
  const old = timers[at];
  if (old !== undefined && old.id !== registration.id)
    mapSet(resources, old.id, old);
  timers[at] = registration;
}

function forget(id) {
  const at = id & (TIMERS - 1);
  if (timers[at] !== undefined && timers[at].id === id)
    timers[at] = undefined;
  else
    mapDelete(resources, id);
}

// Where there is no room for what lies there. What runs just then ends by a hook.
function makeRoom(at) {
  const id = onceIds[at];
  const moved = new Registration(id, onceLinks[at], kindsByNumber[onceKinds[at]], true, null);
  mapSet(resources, id, moved);
  if (onceBegun[at] === 0)
    return;
  moved.begun = true;
  moved.open = 1;
  willEndByHook(id);
}

function makeLastingRoom(at) {
  const id = lastingIds[at];
  const moved = new Registration(id, lastingLinks[at], kindsByNumber[lastingKinds[at]], false, null);
  moved.open = lastingOpen[at];
  moved.cancelled = (lastingState[at] & CANCELLED) !== 0;
  moved.destroyed = (lastingState[at] & DESTROYED) !== 0;
  mapSet(resources, id, moved);
  for (let open = 0; open < moved.open; open++)
    willEndByHook(id);
}

// Node's own functions that are registered again and again stay for ever: theirs are found here first. They come in the
// same order at each request, some several times in a row: so the last found is tried first, then what followed it last.
const NODES_MAX = 16;
const nodesFunctions = new Array(NODES_MAX).fill(undefined);
const nodesNumbers = new Array(NODES_MAX).fill(0);
const nodesFollowing = new Uint8Array(NODES_MAX);
let nodesNext = 0;
let nodesLast = 0;

function knownNodes(f) {
  const last = nodesLast;
  if (nodesFunctions[last] === f)
    return nodesNumbers[last];
  const following = nodesFollowing[last];
  if (nodesFunctions[following] !== f)
    return findNodes(f, last);
  nodesLast = following;
  return nodesNumbers[following];
}

function findNodes(f, last) {
  for (let at = 0; at < NODES_MAX; at++)
    if (nodesFunctions[at] === f) {
      nodesFollowing[last] = nodesLast = at;
      return nodesNumbers[at];
    }
  return 0;
}

// Node's tick for a stream that is destroyed with an error; null: not met yet.
let failingTick = null;

function knowNodes(f, number) {
  if (failingTick === null && f.name === 'emitErrorCloseNT')
    failingTick = f;
  nodesFunctions[nodesNext] = f;
  nodesNumbers[nodesNext] = number;
  nodesNext = (nodesNext + 1) % NODES_MAX;
  return number;
}

// Number of the function's name and place, negative for one of Node's own. It hangs from the function: most run more
// than once.
class Place extends Itself {
  #number;
  constructor(f, number) {
    super(f);
    this.#number = number;
  }
  static of(f) {
    return #number in f ? f.#number : undefined;
  }
}

function functionNumber(f) {
  if (typeof f !== 'function')
    return 0;
  let number = knownNodes(f);
  if (number !== 0)
    return number;
  number = Place.of(f);
  if (number !== undefined)
    return number < 0 ? knowNodes(f, -number) : number; // not one that Node makes anew each time
  askScripted(f);
  if (values[0] === NO) // bound, of which there is rarely one twice, or native
    return 0;
  number = native.function(f);
  try {
    new Place(f, number);
  } catch { /* not extensible */ }
  return number < 0 ? -number : number;
}

// Of an emitter's listeners to an event the first, and of one that runs once that which it stands for.
function listenerOf(events, event) {
  const listener = events?.[event];
  const first = isArray(listener) ? listener[0] : listener;
  return typeof first === 'function' && hasOwn(first, 'listener') && typeof first.listener === 'function' ?
    first.listener :
    first;
}

const FUNCTION_OF = {
  __proto__: null,
  Timeout: (resource) => resource._onTimeout,
  Immediate: (resource) => resource._onImmediate,
  TickObject: (resource) => resource.callback,
  // The listener that a request will be given to: http's parser is known by its connection's server, or by its request.
  HTTPINCOMINGMESSAGE: (resource) => listenerOf(resource.socket?.server?._events, 'request'),
  HTTPCLIENTREQUEST: (resource) => listenerOf(resource.req?._events, 'response'),
  HTTP2STREAM: meetStream,
};

function registerTimer(id, kind, timer, callback) {
  const once = kind.once || !timer._repeat;
  const where = functionNumber(callback) || place(true);
  const flags = once ? LINK_CAUSED : LINK_CAUSED | LINK_REPEAT;
  const made = kind.isTimeout ? linkTimer(kind.type, where, flags, timer._idleTimeout) : link(kind.type, where, flags);
  const registration = new Registration(id, made, kind, once, timer);
  keep(registration);
  return registration;
}

function registerLasting(id, kind, callback) {
  const at = id & (LASTING - 1);
  if (lastingIds[at] !== 0)
    makeLastingRoom(at);
  lastingLinks[at] = link(kind.type, functionNumber(callback) || place(true), LINK_CAUSED | LINK_REPEAT);
  lastingIds[at] = id;
  lastingKinds[at] = kind.number;
  lastingOpen[at] = lastingState[at] = 0;
}

// queueMicrotask sets the callback only after the resource has been made.
function registerMicrotask(id, resource) {
  defineProperty(resource, 'callback', {
    __proto__: null,
    configurable: true,
    enumerable: true,
    get: () => undefined,
    set(callback) {
      defineProperty(resource, 'callback',
                     { __proto__: null, value: callback, writable: true, configurable: true, enumerable: true });
      guarded(registerOnce)(id, kindOf('Microtask'), callback);
    },
  });
}

function onInit(id, type, trigger, resource) {
  if (type === 'TickObject') {
    if (awaited !== undefined)
      awaitStream(resource);
    registerOnce(id, kindsByNumber[TICK], resource.callback);
    if (resource.callback === failingTick)
      onFailedStream(resource.args);
    return;
  }
  if (type === 'PROMISE')
    return;
  if (type === 'Microtask') {
    registerMicrotask(id, resource);
    return;
  }
  const kind = kindOf(type);
  if (kind.isTimer) {
    registerTimer(id, kind, resource, kind.functionOf(resource));
    return;
  }
  const callback = kind.functionOf === undefined ? undefined : kind.functionOf(resource);
  if (kind.once)
    registerOnce(id, kind, callback);
  else
    registerLasting(id, kind, callback);
}

function registerOnce(id, kind, callback) {
  const at = id & (PLACES - 1);
  if (onceIds[at] !== 0)
    makeRoom(at);
  onceLinks[at] = link(kind.type, functionNumber(callback) || place(true), LINK_CAUSED);
  onceIds[at] = id;
  onceKinds[at] = kind.number;
  onceBegun[at] = 0;
}

// What begins or ends by that id: the arguments of doBegin or doEnd are left in the array. False: nothing of ours.
function onBefore(id) {
  const at = id & (PLACES - 1);
  if (onceIds[at] !== id)
    return onOtherBefore(id);
  if (mainOpen && kindsByNumber[onceKinds[at]].afterMain)
    endMain();
  if (onceKinds[at] !== TICK)
    willEndByHook(id);
  onceBegun[at] = 1;
  values[0] = onceLinks[at];
  values[1] = 0;
  return true;
}

function onOtherBefore(id) {
  const at = id & (LASTING - 1);
  if (lastingIds[at] === id) {
    willEndByHook(id);
    lastingOpen[at]++;
    values[0] = lastingLinks[at];
    values[1] = BEGIN_MORE;
    return true;
  }
  const registration = find(id);
  if (mainOpen && (!registration || registration.kind.afterMain))
    endMain();
  if (registration === undefined)
    return false; // made before us
  willEndByHook(id);
  registration.begun = true;
  registration.open++;
  const flags = registration.once ? 0 : BEGIN_MORE;
  values[0] = registration.link;
  values[1] = flags;
  if (registration.kind.isTimeout)
    beginTimer(registration.timer, flags);
  return true;
}

// When it was due: by what Node's list has compared.
function beginTimer(timer, flags) {
  values[1] = flags | BEGIN_DUE;
  values[2] = timer._idleStart;
  values[3] = timer._idleTimeout;
}

function onAfter(id) {
  const at = id & (PLACES - 1);
  endedByHook(id);
  if (alone !== heard)
    hearCallbacks();
  if (onceIds[at] !== id)
    return onOtherAfter(id);
  values[0] = onceLinks[at];
  onceIds[at] = 0;
  return true;
}

function onOtherAfter(id) {
  const at = id & (LASTING - 1);
  if (lastingIds[at] === id) {
    values[0] = lastingLinks[at];
    if (--lastingOpen[at] === 0 && lastingState[at] & DESTROYED)
      lastingIds[at] = 0;
    return true;
  }
  const registration = find(id);
  if (registration === undefined)
    return false;
  registration.open--;
  if (registration.once || (registration.destroyed && registration.open === 0))
    forget(id);
  if (isArmedAgain(registration))
    registerTimer(id, registration.kind, registration.timer, registration.timer._onTimeout);
  values[0] = registration.link;
  return true;
}

function cancel(registration, reason) {
  if (registration.cancelled || (registration.once && registration.begun))
    return;
  registration.cancelled = true;
  tellCancel(registration.link, reason);
}

function cancelLasting(at, reason) {
  if (lastingState[at] & CANCELLED)
    return;
  lastingState[at] |= CANCELLED;
  tellCancel(lastingLinks[at], reason);
}

// `reason`: why it ends, if it is no timer: these are stopped.
function onDestroy(id, reason) {
  const at = id & (PLACES - 1);
  if (onceIds[at] === id) {
    if (onceBegun[at] === 0) {
      tellCancel(onceLinks[at], REASON_CLOSED);
      onceIds[at] = 0;
    }
    return;
  }
  const lasts = id & (LASTING - 1);
  if (lastingIds[lasts] === id) {
    cancelLasting(lasts, reason);
    if (lastingOpen[lasts] === 0)
      lastingIds[lasts] = 0;
    else
      lastingState[lasts] |= DESTROYED;
    return;
  }
  const registration = find(id);
  if (registration === undefined)
    return;
  if (registration.open === 0)
    forget(id);
  else
    registration.destroyed = true;
  cancel(registration, registration.timer ? REASON_STOPPED : reason);
}

// ---- The end of ticks ----

// Node destroys a tick when its function has returned or thrown: it has finished. Where it threw, Node goes on with its
// error as part of it: there it has not. Resumed, it is the one that failed.
let finishedTick = 0; // its async id

// False: something in it has not ended, so it ends by a hook. Nothing here can throw.
function finishTick(id, at) {
  values[0] = onceLinks[at];
  doFinish();
  if (values[0] === NO)
    return false;
  onceIds[at] = 0;
  finishedTick = id;
  return true;
}

// The invocation that threw; 0: it is the current one.
function resumeTick() {
  const id = finishedTick;
  const at = id & (PLACES - 1);
  finishedTick = 0;
  if (id === 0 || executionAsyncId() !== id)
    return 0;
  onceIds[at] = id;
  values[0] = onceLinks[at];
  doResume();
  return values[0];
}

// A timer that its own callback has refreshed will run once more, and Node keeps its async id.
function isArmedAgain({ kind, once, timer }) {
  return once && kind.isTimeout && timer._idleNext && !timer._destroyed;
}

// `make` makes a function that calls the original.
function replace(object, name, make) {
  const descriptor = getOwnPropertyDescriptor(object, name);
  if (typeof descriptor?.value === 'function' && (descriptor.configurable || descriptor.writable))
    defineProperty(object, name, { __proto__: null, ...descriptor, value: make(descriptor.value) });
}

// ---- Promises ----

let promiseType;
let held;      // a promise just made with a parent that is pending: a reaction, unless it is settled at once
let adopting;  // the note of a promise that adopts another: between before and after of its job
let lifeCycle = false;
let lastPromise = 0;

// What is known of a promise: null where there is nothing to know yet, as of most. All have the field: V8's optimised
// code finds quickly what is there.
class Noted extends Itself {
  #note = null;
  constructor(promise) {
    super(promise);
  }
  static has(promise) {
    return #note in promise;
  }
  static get(promise) {
    return promise.#note;
  }
  static set(promise, note) {
    promise.#note = note;
  }
}

// A promise that is a reaction's, that reactions wait for, or whose life is told.
class Note {
  constructor(settled) {
    this.link = NONE;      // of the reaction whose result this promise is
    this.caused = false;
    this.begun = false;
    this.settled = settled;
    this.waiting = null;   // notes of the reactions on it, until it settles: one, or an array
    this.on = null;        // the note of the promise it is a reaction on, until it is caused
    this.adoption = NONE;  // link of the internal reaction by which it adopts another promise
    this.id = 0;
  }
}
withoutPrototype(Note.prototype);

// Of a promise of which nothing was known when it settled.
const SETTLED = new Note(true);

// Of one that was made before us, too.
function noteOf(promise) {
  return Noted.has(promise) ? Noted.get(promise) : null;
}

function note(promise, settled) {
  const made = new Note(settled);
  if (!Noted.has(promise))
    new Noted(promise);
  Noted.set(promise, made);
  return made;
}

function isSettled(promise) {
  askSettled(promise);
  return (values[0] === UNKNOWN ? native.state(promise) : values[0]) !== 0;
}

function wait(parent, reaction) {
  reaction.on = parent;
  if (parent.waiting === null)
    parent.waiting = reaction;
  else if (isArray(parent.waiting))
    parent.waiting[parent.waiting.length] = reaction;
  else
    parent.waiting = withoutPrototype([parent.waiting, reaction]);
}

function waitNoMore(reaction) {
  const parent = reaction.on;
  reaction.on = null;
  if (!parent)
    return;
  if (parent.waiting === reaction)
    parent.waiting = null;
  else if (isArray(parent.waiting))
    ArrayPrototypeSplice(parent.waiting, ArrayPrototypeLastIndexOf(parent.waiting, reaction), 1);
}

function cause(reaction) {
  reaction.on = null;
  reaction.caused = true;
  tellCause(reaction.link);
}

// The reaction by which a promise adopts `parent`. It was linked where the adopter was locked in, if that was seen.
function adopt(adopter, reaction, parent) {
  reaction.link = adopter.adoption || link(promiseType, 0, LINK_INTERNAL);
  adopter.adoption = NONE;
  if (parent.settled)
    cause(reaction);
  else
    wait(parent, reaction);
}

// Links a reaction; one that is caused already is left to the hook, with the arguments of doLink in the array.
function react(promise, reaction, parent) {
  const known = noteOf(parent);
  const caused = known === null ? isSettled(parent) : known.settled;
  values[0] = promiseType;
  values[1] = place(false);
  if (caused) {
    values[2] = LINK_CAUSED;
    reaction.caused = true;
    return;
  }
  values[2] = 0;
  doHold();
  reaction.link = values[0];
  held = promise;
  wait(known ?? note(parent, false), reaction);
}

function tellLife(id, life) {
  values[0] = id;
  values[1] = life;
  doPromise();
}

// Its note, or null. That of a reaction whose link is NONE is to be linked yet: the arguments of doLink are in the array.
function onPromiseInit(promise, parent) {
  if (parent === undefined && !lifeCycle)
    return null;
  const made = new Note(false);
  if (lifeCycle)
    tellLife(made.id = ++lastPromise, LIFE_CREATE);
  if (parent === undefined)
    return made;
  if (adopting === undefined) {
    react(promise, made, parent);
    return made;
  }
  const adopter = adopting;
  adopting = undefined;
  adopt(adopter, made, noteOf(parent) ?? note(parent, isSettled(parent)));
  return made;
}

// As onBefore() and onAfter().
function onPromiseBefore(promise) {
  if (mainOpen)
    endMain();
  held = undefined;
  if (!Noted.has(promise))
    return false; // made before us
  const reaction = Noted.get(promise);
  if (reaction === null || reaction.link === NONE || reaction.begun) {
    adopting = reaction ?? note(promise, false);
    return false;
  }
  reaction.begun = true;
  if (!reaction.caused) { // the job that calls the then of something that is no promise
    waitNoMore(reaction);
    cause(reaction);
  }
  values[0] = reaction.link;
  values[1] = 0;
  return true;
}

function onPromiseAfter(promise) {
  const reaction = noteOf(promise);
  if (adopting !== undefined) {
    adopting = undefined;
    return false;
  }
  if (reaction === null || reaction.link === NONE)
    return false;
  if (!reaction.settled && reaction.adoption === NONE) // its handler returned a promise
    reaction.adoption = link(promiseType, 0, LINK_INTERNAL);
  values[0] = reaction.link;
  reaction.link = NONE;
  return true;
}

function onPromiseSettled(promise) {
  if (!Noted.has(promise))
    return; // made before us
  const settled = Noted.get(promise);
  if (settled === null) {
    Noted.set(promise, SETTLED);
    return;
  }
  if (held === promise) { // what await wraps a value in: it has the async function's promise as parent
    held = undefined;
    values[0] = settled.link;
    doDrop();
    waitNoMore(settled);
    settled.link = NONE;
  }
  settled.settled = true;
  if (settled.id)
    tellLife(settled.id, native.state(promise) === 2 ? LIFE_REJECT : LIFE_RESOLVE);
  const { waiting } = settled;
  settled.waiting = null;
  if (waiting === null)
    return;
  if (isArray(waiting)) {
    for (let i = 0; i < waiting.length; i++)
      cause(waiting[i]);
  } else {
    cause(waiting);
  }
}

// ---- Failures ----

const rejected = new Map();     // promises that were rejected without a handler, not told yet
const toldFailed = new WeakMap(); // of those told, the invocation

const isObject = (value) => (typeof value === 'object' || typeof value === 'function') && value !== null;
const PROTOTYPES_MAX = 64;
const stackGetter = getOwnPropertyDescriptor(new Error(), 'stack').get;
const preparer = getOwnPropertyDescriptor(Error, 'prepareStackTrace')?.value;

// An error's stack has one, of V8's own, since V8 12; in each context another one.
function isNativeGetter(get) {
  if (get === undefined || get === stackGetter)
    return get !== undefined;
  askScripted(get);
  const scripted = values[0] === UNKNOWN ? native.function(get) !== 0 : values[0] !== NO;
  return !scripted && getOwnPropertyDescriptor(get, 'name')?.value === '';
}

// What the property is, if no function of the program has to be called for it: no getter, no trap of a Proxy.
function valueOf(object, name) {
  for (let at = object, i = 0; at !== null && i < PROTOTYPES_MAX && !isProxy(at); at = getPrototypeOf(at), i++) {
    const property = getOwnPropertyDescriptor(at, name);
    if (property === undefined)
      continue;
    withoutPrototype(property);
    return name === 'stack' && isNativeGetter(property.get) ? apply(property.get, object, []) : property.value;
  }
  return undefined;
}

// In one line, of what is thrown and is no error, too.
function messageOf(error) {
  if (!isObject(error))
    return String(error);
  const message = valueOf(error, 'message');
  if (typeof message === 'string')
    return message;
  const made = valueOf(error, 'constructor');
  const name = isObject(made) ? valueOf(made, 'name') : undefined;
  return `[${typeof name === 'string' && name !== '' ? name : 'object'}]`;
}

// By error: what makes its stack, once, in place of what Node has V8 call (which has another name in Node 18).
const { overrideStackTrace: stackMakers, prepareStackTrace, prepareStackTraceCallback: makeStack = prepareStackTrace } =
  require('internal/errors');
const NOT_KEPT = withoutPrototype({});
const NO_GLOBALS = withoutPrototype({}); // the program's may have an Error.prepareStackTrace

// V8 makes it when it is first asked for, with the error's name and message, and what the program has set to make it: so
// these must call nothing, either. What was made V8 keeps, but the program may yet set what makes it, as Node's REPL does:
// so it is thrown to us, which V8 does not keep.
function stackOf(error) {
  if (valueOf(Error, 'prepareStackTrace') !== preparer)
    return '';
  const isPlain = (value) => value !== undefined && !isObject(value);
  const known = isObject(error) && isPlain(valueOf(error, 'name')) && isPlain(valueOf(error, 'message'));
  if (!known || weakHas(stackMakers, error))
    return '';
  let stack;
  weakSet(stackMakers, error, (_, frames) => {
    stack = makeStack(NO_GLOBALS, error, frames);
    throw NOT_KEPT;
  });
  try {
    stack = valueOf(error, 'stack'); // made before
  } catch (thrown) {
    if (thrown !== NOT_KEPT)
      throw thrown;
  } finally {
    weakDelete(stackMakers, error);
  }
  return typeof stack === 'string' ? stack : '';
}

const CAUSES_MAX = 16;
const CAUSES_LENGTH = 4096; // as in js.c: more is cut off

// What led to an error, and what led to that: of each its path and its stack. None twice.
function causesOf(error) {
  const found = withoutPrototype([{ error, path: '' }]);
  let text = '';
  const add = (cause, path) => {
    for (let i = 0; isObject(cause) && i < found.length; i++)
      if (found[i].error === cause)
        return;
    if (found.length > CAUSES_MAX || text.length > CAUSES_LENGTH)
      return;
    text += `${path}: ${stackOf(cause) || messageOf(cause)}\n`;
    found[found.length] = { error: cause, path: `${path}.` };
  };
  for (let i = 0; i < found.length; i++) {
    const { error: of, path } = found[i];
    if (!isObject(of))
      continue;
    const cause = valueOf(of, 'cause');
    if (cause !== undefined)
      add(cause, `${path}cause`);
    const errors = valueOf(of, 'errors');
    const count = isArray(errors) && !isProxy(errors) ? errors.length : 0;
    for (let at = 0; at < count && at < CAUSES_MAX; at++)
      add(valueOf(errors, at), `${path}errors[${at}]`);
  }
  return text;
}

function tellFailed(invocation, error) {
  native.failed(invocation, messageOf(error), stackOf(error), causesOf(error));
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
    doCurrent();
    mapSet(rejected, promise, { invocation: values[0], error });
  } else if (!mapDelete(rejected, promise)) {
    const invocation = weakGet(toldFailed, promise);
    if (invocation !== undefined)
      native.handled(invocation);
  }
}

function followFailures() {
  // An error that is handled ends all that runs, by `after` hooks.
  replace(process, '_fatalException', (original) => function(error, fromPromise) {
    guarded(() => (fromPromise ? tellRejected() : tellFailed(resumeTick(), error)))();
    holdAfter();
    try {
      return apply(original, this, arguments);
    } finally {
      releaseAfter();
    }
  });
  native.onReject(guarded(onReject));
}

// ---- HTTP ----

// The number of a request.
class Label extends Itself {
  #number;
  constructor(request, number) {
    super(request);
    this.#number = number;
  }
  static of(request) {
    return #number in request ? request.#number : undefined;
  }
}
let lastLabel = 0;

function labelNumber(request) {
  let number = Label.of(request);
  if (number === undefined)
    new Label(request, number = ++lastLabel);
  return number;
}

// Names are told once and then by number; after so many of them, each time.
const NAMES = 8192;
const NO_NAME = 0;
const names = new Map(); // by method: names by path
let namesKnown = 0;

let lastMethod, lastPath, lastName = NO_NAME;

function nameNumber(method, path) {
  if (lastName === NO_NAME || path !== lastPath || method !== lastMethod) {
    lastName = findName(method, path);
    lastMethod = method;
    lastPath = path;
  }
  return lastName;
}

function findName(method, path) {
  let paths = mapGet(names, method);
  if (paths === undefined)
    mapSet(names, method, paths = new Map());
  let number = mapGet(paths, path);
  if (number === undefined) {
    number = namesKnown < NAMES ? native.text(`${method} ${path}`) : NO_NAME;
    if (number !== NO_NAME) {
      namesKnown++;
      mapSet(paths, path, number);
    }
  }
  return number;
}

function label(request, kind, kindNumber, status) {
  labelNamed(request, request.method ?? '', (hasOwn(request, 'path') ? request.path : request.url) ?? '', kind, kindNumber, status);
}

function labelNamed(request, method, path, kind, kindNumber, status) {
  const name = nameNumber(method, path);
  const number = labelNumber(request);
  if (name === NO_NAME) {
    native.labelText(number, status, kind, `${method} ${path}`);
    return;
  }
  values[0] = number;
  values[1] = status;
  values[2] = kindNumber;
  values[3] = name;
  doLabel();
}

// What is told just before a method of Node's is called, when it is looked up: so no frame of ours is on the
// stack, nor in that of an error. The method is that of a prototype further up, where the object's own has
// none.
function atCall(prototype, name, told) {
  const own = getOwnPropertyDescriptor(prototype, name);
  const method = () => (own === undefined ? getPrototypeOf(prototype)[name] : own.value);
  const tell = guarded(told);
  defineProperty(prototype, name, {
    __proto__: null,
    configurable: true,
    get() {
      tell(this);
      return method();
    },
    set(value) {
      defineProperty(this, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
    },
  });
}

// A server learns from its writes, too, that the client has gone; those that fail at once are seen nowhere else.
function onFailedStream([socket, error]) {
  const request = socket?._httpMessage?.req;
  if ((error?.code === 'ECONNRESET' || error?.code === 'EPIPE') && request && Label.of(request) !== undefined)
    label(request, 'http.server.disconnected', textNumber('http.server.disconnected'), 0);
}

let followsResponses = false;
const OWN_HEADERS = '_storeHeader'; // of a response: makes its headers what is sent, once

// Of the class of all responses, which is at hand when the first is. Its headers went out: no channel says
// so.
function followResponses(response, tell) {
  followsResponses = true;
  let prototype = getPrototypeOf(response);
  while (prototype !== null && getOwnPropertyDescriptor(prototype, '_implicitHeader') === undefined)
    prototype = getPrototypeOf(prototype);
  if (prototype !== null && typeof prototype[OWN_HEADERS] === 'function')
    atCall(prototype, OWN_HEADERS, tell);
}

function followHttp() {
  const channels = require('diagnostics_channel');
  const on = (channel, of, kind, status) => {
    const kindNumber = textNumber(kind);
    const told =
        guarded((message) => label(of(message), kind, kindNumber, status ? status(message) ?? 0 : 0));
    channels.channel(channel).subscribe(told);
  };
  const ofRequest = (message) => message.request;
  const headers = 'http.server.headers';
  const headersNumber = textNumber(headers);
  const tellHeaders = (response) => {
    if (response.req !== undefined && Label.of(response.req) !== undefined)
      label(response.req, headers, headersNumber, response.statusCode);
  };
  on('http.server.request.start', (message) => {
    if (!followsResponses)
      followResponses(message.response, tellHeaders);
    return message.request;
  }, 'http.server.request');
  on('http.server.response.finish', ofRequest, 'http.server.response',
     (message) => message.response?.statusCode);
  on('http.client.request.start', ofRequest, 'http.client.request');
  on('http.client.response.finish', ofRequest, 'http.client.response',
     (message) => message.response?.statusCode);
  on('http.client.request.error', ofRequest, 'http.client.error');
  on('undici:request:create', ofRequest, 'http.client.request');
  on('undici:request:headers', ofRequest, 'http.client.headers', (message) => message.response?.statusCode);
  on('undici:request:trailers', ofRequest, 'http.client.response');
  on('undici:request:error', ofRequest, 'http.client.error');
  followHttp2Clients(channels);
}

// ---- http2 ----

/*
 * Node up to 20 tells no channel of http2, and none of any tells how a stream ended. What it does with a
 * stream's native handle says all: the program cannot see that. A server's stream is made the handle's owner;
 * the tick that emits it has its headers; respond, shutdown (the body is handed over), rstStream and destroy
 * are calls of the handle.
 */
let followsStreams = false;
let awaited;         // a stream that is to be emitted
const TICKS_MAX = 8; // so many ticks may be made before the one that does: a pushed stream is not emitted
let awaitedFor = 0;

// Of a server's stream. `over`: how it ended is known.
class Stream extends Itself {
  #over = false;
  #method;
  #path;
  constructor(stream, method, path) {
    super(stream);
    this.#method = method;
    this.#path = path;
  }
  static has(stream) {
    return typeof stream === 'object' && stream !== null && #over in stream;
  }
  static label(stream, kind, status) {
    labelNamed(stream, `${stream.#method}`, `${stream.#path}`, kind, textNumber(kind), status);
  }
  static end(stream, kind, status) {
    if (!stream.#over && kind !== undefined)
      Stream.label(stream, kind, status);
    stream.#over = true;
  }
}

function statusOf(stream) {
  return Number(stream.sentHeaders?.[':status'] ?? 0);
}

function onStreamCall(prototype, name, told) {
  if (typeof prototype[name] === 'function')
    atCall(prototype, name, (handle) => {
      if (Stream.has(handle.owner))
        told(handle.owner);
    });
}

function followStreams(prototype) {
  followsStreams = true;
  defineProperty(prototype, 'owner', {
    __proto__: null,
    configurable: true,
    get: () => undefined,
    set(stream) {
      defineProperty(this, 'owner',
                     { __proto__: null, value: stream, writable: true, enumerable: true, configurable: true });
      awaited = stream;
      awaitedFor = TICKS_MAX;
    },
  });
  onStreamCall(prototype, 'respond',
               (stream) => Stream.label(stream, 'http.server.headers', statusOf(stream)));
  onStreamCall(prototype, 'shutdown', (stream) => {
    if (!stream.aborted) // else Node ends what the program has not
      Stream.end(stream, 'http.server.response', statusOf(stream));
  });
  onStreamCall(prototype, 'rstStream', (stream) => Stream.end(stream));
  onStreamCall(prototype, 'destroy', (stream) => {
    if (stream.writableFinished && !stream.aborted)
      Stream.end(stream, 'http.server.response', statusOf(stream));
    else
      Stream.end(stream, 'http.server.aborted', 0); // by the other side, which alone closes what we have not
  });
}

// The first has the prototype of all. Nobody's listener is known yet.
function meetStream(handle) {
  if (!followsStreams)
    followStreams(getPrototypeOf(handle));
  return undefined;
}

// A tick is made: the one that emits it? Its request begins before, in what makes it.
function awaitStream({ args }) {
  const stream = awaited;
  if (--awaitedFor === 0)
    awaited = undefined;
  if (!isArray(args) || args[1] !== 'stream' || args[2] !== stream)
    return;
  const headers = args[3];
  awaited = undefined;
  new Stream(stream, headers[':method'] ?? '', headers[':path'] ?? '');
  Stream.label(stream, 'http.server.request', 0);
}

// From 22.17 and 24.2 on.
function followHttp2Clients(channels) {
  const on = (channel, kind, told) => channels.channel(channel).subscribe(guarded((message) => {
    const { ':method': method = 'GET', ':path': path = '/' } = message.stream.sentHeaders ?? {};
    told(message, (status) => labelNamed(message.stream, method, path, kind, textNumber(kind), status));
  }));
  on('http2.client.stream.start', 'http.client.request', (message, tell) => tell(0));
  on('http2.client.stream.finish', 'http.client.headers',
     ({ headers }, tell) => tell(Number(headers[':status'] ?? 0)));
  on('http2.client.stream.error', 'http.client.error', (message, tell) => tell(0));
}

// ---- Listeners ----

// Node knows a listener that stands for another by its property `listener`.
function followedListener(emitter, listener, once) {
  const made = link(textNumber('EventListener'), functionNumber(listener), once ? 0 : LINK_REPEAT);
  return {
    link: made,
    function: function(...args) {
      guarded(() => {
        tellCause(made);
        begin(made, once ? 0 : BEGIN_MORE);
      })();
      try {
        return apply(listener, this, args);
      } finally {
        guarded(end)(made);
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
      const { 0: event, 1: listener } = args;
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

// The layer ends at the first error: what would follow could be wrong, and the program must not see it. But where the
// program has come near the end of its stack, only what it did there is lost: that is counted, by a call that needs none
// of the stack that JavaScript may use.
function guarded(f) {
  return (a, b, c, d) => { // no rest parameters: this is on the path of every event
    if (stopped)
      return;
    try {
      f(a, b, c, d);
    } catch (error) {
      if (isOutOfStack(error))
        doMissed();
      else
        giveUp(error);
    }
  };
}

function giveUp(error) {
  stopped = true;
  try {
    native.log(`the JavaScript layer ends: ${stackOf(error) || messageOf(error)}`);
  } catch { /* there is nobody to tell */ }
  try {
    stop();
  } catch { /* then its hooks go on doing nothing */ }
}

/*
 * The hooks that are called most. Each is written out, where guarded() would do: V8 inlines what such a function calls
 * only if it is always the same. Some is done outside the try, and nothing there can throw: within one, optimised code
 * does not call native functions directly (up to V8 12), and does not know which constructor a derived class has.
 */

function followPromises(binding) {
  const hooks = {
    init(promise, parent) {
      let made;
      if (stopped)
        return;
      try {
        made = onPromiseInit(promise, parent);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
        return;
      }
      new Noted(promise); // what was called before needed more of the stack
      if (made === null)
        return;
      Noted.set(promise, made);
      if (parent === undefined || made.link !== NONE)
        return;
      doLink();
      made.link = values[0];
    },
    before(promise) {
      let begins = false;
      if (stopped)
        return;
      try {
        begins = onPromiseBefore(promise);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
      }
      if (begins)
        doBegin();
    },
    after(promise) {
      let ends = false;
      if (stopped)
        return;
      try {
        ends = onPromiseAfter(promise);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
      }
      if (ends)
        doEnd();
    },
    settled(promise) {
      if (stopped)
        return;
      try {
        onPromiseSettled(promise);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
      }
    },
  };
  promiseType = textNumber('PROMISE');
  const { setPromiseHooks } = binding;
  const both = (ours, others) => (others === undefined ? ours : (promise, parent) => {
    try {
      ours(promise, parent);
    } catch { // it had no room to begin in
      doMissed();
    }
    others(promise, parent);
  });
  binding.setPromiseHooks = (init, before, after, settled) => {
    native.promiseHooks((init ?? before ?? after ?? settled) === undefined ? 1 : 0);
    setPromiseHooks(both(hooks.init, init), both(hooks.before, before), both(hooks.after, after),
                    both(hooks.settled, settled));
  };
  binding.setPromiseHooks();
  return () => {
    binding.setPromiseHooks = setPromiseHooks;
    native.promiseHooks(0);
    setPromiseHooks();
  };
}

// In Node's counts of hooks, by one more or less each; its total is of others alone, by which it does what hooks need.
function countOurs(fields, by) {
  fields[kInit] += by;
  fields[kBefore] += by;
  fields[kDestroy] += by;
  if (holds > 0)
    fields[kAfter] += by;
}

/*
 * Our hook is put where Node has those that are enabled. So it does not do what an enabled hook makes it do else: hook
 * promises, and call callbacks through a JavaScript function of its own, which shows in the stack of every error.
 */
function followResources(binding) {
  const { createHook } = require('async_hooks');
  const others = createHook({});
  const { 0: enabled } = getHookArrays();
  const hook = {
    __proto__: null,
    [symbols.init_symbol](id, type, trigger, resource) {
      if (stopped)
        return;
      try {
        onInit(id, type, trigger, resource);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
      }
    },
    [symbols.before_symbol](id) {
      let begins = false;
      if (stopped)
        return;
      try {
        begins = onBefore(id);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
      }
      if (begins)
        doBegin();
    },
    [symbols.after_symbol](id) {
      let ends = false;
      if (stopped)
        return;
      try {
        ends = onAfter(id);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
      }
      if (ends)
        doEnd();
    },
    [symbols.destroy_symbol]: guarded((id) => onDestroy(id, REASON_CLOSED)),
  };
  const mark = getOwnPropertySymbols(others).find((symbol) => symbol.description === 'kNoPromiseHook');
  if (mark) // from 22 on
    hook[mark] = true;
  if (native.tables(onceIds, onceLinks, onceKinds, onceBegun, lastingIds, lastingLinks, lastingKinds, lastingOpen,
                    lastingState)) {
    alone = wantedByNone();
    hear(alone & HEAR_INIT);
  }
  if (!(alone & HEAR_CALLBACKS))
    native.log('callbacks of Node are heard by hooks');
  enabled.push(hook);
  countOurs(counts, 1);
  holding = true;
  followHooks(getPrototypeOf(others));
  followDestroyed(binding);
  return () => {
    hearOnly(0);
    ArrayPrototypeSplice(enabled, ArrayPrototypeLastIndexOf(enabled, hook), 1);
    countOurs(counts, -1);
    holding = false;
  };
}

// Hooks of others hear all but that.
function hearOnly(what) {
  alone &= what;
  hear(heard & what);
}

// Of what can be heard natively, what Node enabled no hooks for before ours: for its trace events and its inspector.
function wantedByNone() {
  return (counts[kInit] === 0 ? HEAR_INIT : 0) |
    (counts[kBefore] + counts[kAfter] === 0 ? HEAR_CALLBACKS : 0);
}

// Hooks of others want to hear of all, and Node is to count them alone when it sees what they need.
function followHooks(prototype) {
  const { init_symbol: init, before_symbol: before, after_symbol: after } = symbols;
  const hearLess = guarded((hook) => hearOnly((hook[init] === undefined ? HEAR_INIT : 0) |
    (hook[before] === undefined && hook[after] === undefined ? HEAR_CALLBACKS : 0)));
  const call = (original, hook) => {
    const { 1: fields } = getHookArrays();
    const ours = stopped ? 0 : 1;
    countOurs(fields, -ours);
    try {
      return apply(original, hook, []);
    } finally {
      countOurs(fields, ours);
    }
  };
  replace(prototype, 'enable', (original) => ({
    enable() {
      hearLess(this);
      return call(original, this);
    },
  }).enable);
  replace(prototype, 'disable', (original) => ({
    disable() {
      return call(original, this);
    },
  }).disable);
}

/*
 * Node tells the destroy hooks of what it runs once, ticks above all, later and through native code, which costs as
 * much as all other hooks of such a thing together. It is told here, at once, and goes on only if there are hooks of
 * others. For a tick this is its end, too: an `after` hook costs more. For a timer or an AsyncResource that has not run it
 * says that the program has cleared or destroyed it.
 */
function followDestroyed(binding) {
  const { queueDestroyAsyncId: queue } = binding;
  binding.queueDestroyAsyncId = (id) => {
    const at = id & (PLACES - 1);
    const isTick = onceIds[at] === id && onceKinds[at] === TICK && onceBegun[at] !== 0;
    if (!stopped && !(isTick && finishTick(id, at))) {
      try {
        if (isTick)
          willEndByHook(id);
        else
          onDestroy(id, REASON_STOPPED);
      } catch (error) {
        if (isOutOfStack(error))
          doMissed();
        else
          giveUp(error);
      }
    }
    if (counts[kDestroy] > (stopped ? 0 : 1))
      queue(id);
  };
}

function follow() {
  lifeCycle = Boolean(native.options & OPTION_PROMISES);
  locations = Boolean(native.options & OPTION_LOCATIONS);
  kindOf('TickObject');
  const binding = internalBinding('async_wrap');
  const stopPromises = followPromises(binding);
  const stopResources = followResources(binding);
  stop = () => {
    stopPromises();
    stopResources();
  };
  followFailures();
  followHttp();
  if (native.options & OPTION_LISTENERS)
    followListeners();
  native.main();
  mainOpen = true;
}

/*
 * When to start: once Node has made itself ready, before the program's first line, be it that of a module that it wants
 * loaded first (--require). By what Node looks up and calls just then; nothing of ours is on the stack of the program's.
 */
function whenReady(start) {
  const undo = [];
  const reached = () => {
    if (undo.length === 0)
      return;
    for (const put of undo)
      put();
    undo.length = 0;
    start();
  };
  const replaceUntilThen = (object, name, make) => {
    const descriptor = getOwnPropertyDescriptor(object, name);
    undo.push(() => defineProperty(object, name, descriptor));
    defineProperty(object, name,
                   { __proto__: null, configurable: true, enumerable: true, ...make(descriptor.value) });
  };
  const atCallOf = (object, name) => replaceUntilThen(object, name, (original) => ({
    value(...args) {
      reached();
      return apply(original, this, args);
    },
  }));
  const steps = require('internal/process/pre_execution');
  replaceUntilThen(require('internal/modules/cjs/loader').Module, '_preloadModules', (original) => ({
    get() {
      reached();
      return original;
    },
  }));
  if (!internalBinding('worker').isMainThread)
    atCallOf(require('internal/worker'), 'assignEnvironmentData'); // it has been told what to run
  else if (native.script !== 'internal/main/embedding')
    atCallOf(steps, 'markBootstrapComplete');
  else
    replaceUntilThen(steps, 'prepareMainThreadExecution', (original) => ({
      value(...args) {
        const result = apply(original, this, args);
        reached();
        return result;
      },
    }));
}

// What Node lists as loaded is what it is without us.
function unlisted(f) {
  const { length } = process.moduleLoadList;
  f();
  process.moduleLoadList.length = length;
}

whenReady(() => {
  try {
    unlisted(follow);
  } catch (error) {
    giveUp(error);
  }
});
