// SPDX-License-Identifier: MIT
// Failures: exceptions that nothing caught, and rejections that nothing handled.

const { isProxy } = internalBinding('types');

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

// As in js.c: what Node is about to do with an error that nothing caught, or that it is done.
const FAILED_OVER = 0;
const FAILED_BY_PROMISE = 2;

// An error that is handled ends all that runs, by `after` hooks.
function onFailed(what, error) {
  if (what === FAILED_OVER) {
    releaseAfter();
    return;
  }
  holdAfter();
  if (what === FAILED_BY_PROMISE)
    tellRejected();
  else
    tellFailed(resumeTick(), error);
}

function followFailures() {
  native.onFailed(guarded(onFailed));
  native.onReject(guarded(onReject));
}
