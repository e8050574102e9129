// SPDX-License-Identifier: MIT
// What keeps the program and us apart: objects of ours that it cannot reach, errors of ours that it does not see, and how a
// method of Node's is replaced.

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

// What we know of an object hangs from it by a private field, which no reflection shows: a WeakMap would cost the
// program's garbage collector more than all the rest. Where a field cannot be added, nothing is known. A class that
// adds one extends this, whose constructor gives it the object to add it to, and as itself a derived class makes none.
class Itself extends null {
  constructor(object) {
    return object;
  }
}

let stop = () => {};
let stopped = false;

// An error of ours. The layer ends at the first: what would follow could be wrong, and the program must not see it. But
// where the program has come near the end of its stack V8 throws a RangeError, which nothing else here does. Then only what
// it did there is lost: that is counted, by a call that needs none of the stack that JavaScript may use.
function onError(error) {
  if (isObject(error) && getPrototypeOf(error) === RangeErrorPrototype) {
    doMissed();
  } else if (isProgramsError(error)) {
    doMissed();
    native.returned(error);
  } else {
    giveUp(error);
  }
}

// Native code of Node's may call back where it has thrown for the program (up to Node 20). That exception is then thrown by
// the first native function that is called, which may be one of ours: none of those throws any of its own. What was thrown
// within our code, or by a function of V8's that it called, is no such.
function isProgramsError(error) {
  if (!isObject(error))
    return true;
  const stack = stackOf(error);
  const first = StringPrototypeIndexOf(stack, '\n    at ');
  if (first < 0)
    return false;
  const end = StringPrototypeIndexOf(stack, '\n', first + 1);
  const isIn = (text) => {
    const at = StringPrototypeIndexOf(stack, text, first);
    return at >= 0 && (end < 0 || at < end);
  };
  return !isIn('node:internal/uvtree:') && !isIn('(<anonymous>)');
}

/*
 * The hooks that are called most are written out instead: V8 inlines what such a function calls only if it is always the
 * same. Some of what they do is outside the try, and nothing there can throw: within one, optimised code does not call
 * native functions directly (up to V8 12), and does not know which constructor a derived class has.
 */
function guarded(f) {
  return (a, b, c, d) => { // no rest parameters: this is on the path of every event
    if (stopped)
      return;
    try {
      f(a, b, c, d);
    } catch (error) {
      onError(error);
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

// `make` makes a function that calls the original.
function replace(object, name, make) {
  const descriptor = getOwnPropertyDescriptor(object, name);
  if (typeof descriptor?.value === 'function' && (descriptor.configurable || descriptor.writable))
    defineProperty(object, name, { __proto__: null, ...descriptor, value: make(descriptor.value) });
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
