// SPDX-License-Identifier: MIT
// What is registered, but for promises: async resources, by their kind.

// Async resources that run once. All others may run again: a socket, a parser, an AsyncResource of the program.
const ONCE = setOf('TickObject', 'Immediate', 'Microtask', 'FSREQCALLBACK', 'FSREQPROMISE', 'FILEHANDLECLOSEREQ',
                   'GETADDRINFOREQWRAP', 'GETNAMEINFOREQWRAP', 'QUERYWRAP', 'PIPECONNECTWRAP', 'TCPCONNECTWRAP',
                   'SHUTDOWNWRAP', 'WRITEWRAP', 'UDPSENDWRAP', 'RANDOMBYTESREQUEST', 'RANDOMPRIMEREQUEST',
                   'CHECKPRIMEREQUEST', 'PBKDF2REQUEST', 'SCRYPTREQUEST', 'KEYPAIRGENREQUEST', 'KEYGENREQUEST',
                   'KEYEXPORTREQUEST', 'SIGNREQUEST', 'VERIFYREQUEST', 'HASHREQUEST', 'CIPHERREQUEST',
                   'DERIVEBITSREQUEST', 'ARGON2REQUEST', 'RANDOMUUIDREQUEST');
// What runs only when the stack is empty: once one of these begins, the main script has ended.
const AFTER_MAIN = setOf('TickObject', 'Immediate', 'Microtask', 'Timeout');

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
  if (kind.functionOf === undefined && !kind.isTimer)
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
  const where = functionNumber(callback) || place(PLACE_THROUGH_NODE);
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
  lastingLinks[at] = link(kind.type, functionNumber(callback) || place(PLACE_THROUGH_NODE), LINK_CAUSED | LINK_REPEAT);
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
  onceLinks[at] = link(kind.type, functionNumber(callback) || place(PLACE_THROUGH_NODE), LINK_CAUSED);
  onceIds[at] = id;
  onceKinds[at] = kind.number;
  onceBegun[at] = 0;
}
