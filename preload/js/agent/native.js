// SPDX-License-Identifier: MIT
/*
 * The agent: a part of libuvtree.so that Node runs in place of its own main script, on its main thread and in its
 * workers, and then again that script (js_load.c). It hears Node's hooks and hands numbers to native code (js.c), which
 * records them. The build joins its files (CMakeLists.txt) to the body of a function (js_source.S) of `native`, what js.c
 * gives it, and of what Node gives its main scripts: process, its internal require and internalBinding, and primordials,
 * its copies of JavaScript's built-ins.
 *
 * Where each kind of registration is heard:
 *   promise reactions      V8's promise hooks (v8.promiseHooks): a promise made with a parent is a reaction on it
 *   everything else        async_hooks, which is kept off promises: they would get async ids, as visible properties
 *   what is ended by hand  timers that are cleared, AsyncResources that are destroyed: Node's binding, by which it tells
 *                          that at once; async_hooks, later
 *   failures               Node's function for uncaught errors (js_failed.c); V8's promise reject callback (js.c)
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
const REASON_CANCELLED = 6;
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
  ReflectApply: apply, String, StringPrototypeIndexOf, WeakMap, WeakMapPrototypeDelete: weakDelete, WeakMapPrototypeGet: weakGet,
  WeakMapPrototypeHas: weakHas, WeakMapPrototypeSet: weakSet,
} = primordials;

const NONE = 0; // no link

// Of the functions of js.c, constants, so that V8's optimised code has them and the array in itself. Those that are called
// often find their arguments in this array, and leave their result there (js.c, OPERATIONS).
const values = new Float64Array(native.values);
const { link: doLink, timer: doTimer, hold: doHold, drop: doDrop, cause: doCause, cancel: doCancel, begin: doBegin,
        end: doEnd, finish: doFinish, resume: doResume, current: doCurrent, promise: doPromise, label: doLabel,
        missed: doMissed, again: doAgain } = native;
const OTHER_THREW = 4; // the index of what says that a promise hook of the program's has, as in js.c
const hidden = native.hidden(primordials);
// Those are given a value, and leave an answer there (js.c, QUESTIONS).
const { settled: askSettled, scripted: askScripted } = native;
const NO = 0; // as in js.c
const UNKNOWN = 2;

function link(type, place, flags) {
  values[0] = type;
  values[1] = place;
  values[2] = flags;
  doLink();
  if (values[0] < 0)
    doAgain();
  return values[0];
}

function linkTimer(type, place, flags, timeout) {
  values[0] = type;
  values[1] = place;
  values[2] = flags;
  values[3] = timeout;
  doTimer();
  if (values[0] < 0)
    doAgain();
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

// In place of a function's number, as in js.c: the place is found natively. Where V8 has to be asked for it, doLink, doHold
// and doTimer leave a negative number and have done nothing: doAgain is then to be called by the same function.
const PLACE_OF_CALLER = -1;
const PLACE_THROUGH_NODE = -2;

function place(asked) {
  return locations ? asked : 0;
}

// Calls in different ways, from which it is learnt natively how V8's frames lie.
function learnFrames() {
  const { learn } = native;
  const probe = () => native.learn(probe);
  const deeper = (f, ...more) => learn(deeper, f, more);
  probe();
  apply(deeper, null, [probe, 1, 2]);
}

function followPlaces() {
  learnFrames();
  const start = () => native.places(start);
  start();
}

// ---- The main script ----

let mainOpen = false;

function endMain() {
  mainOpen = false;
  native.mainEnd();
}
