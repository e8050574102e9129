// SPDX-License-Identifier: MIT
// Listeners of EventEmitters, on demand.

const followed = new WeakMap(); // by what stands for it: the program's listener

// Node knows a listener that stands for another by its property `listener`.
function standFor(wrapper, listener) {
  defineProperty(wrapper, 'listener',
                 { __proto__: null, value: listener, writable: true, enumerable: true, configurable: true });
}

const endListener = guarded(end);

function followListener(listener, once) {
  const made = link(textNumber('EventListener'), functionNumber(listener), once ? 0 : LINK_REPEAT);
  const wrapper = hidden.around(listener, guarded(() => {
    tellCause(made);
    begin(made, once ? 0 : BEGIN_MORE);
  }), () => endListener(made));
  standFor(wrapper, listener);
  weakSet(followed, wrapper, listener);
  return wrapper;
}

// `once` adds, by the emitter's `on`, what Node makes of our wrapper.
function isOfOnce(listener) {
  const inner = getOwnPropertyDescriptor(listener, 'listener')?.value;
  if (!isObject(inner) || !weakHas(followed, inner))
    return false;
  standFor(listener, weakGet(followed, inner));
  return true;
}

function followListeners() {
  const { prototype } = require('events');
  const adding = (once) => (original) => {
    const follow = guarded((args) => {
      const { 1: listener } = args;
      if (typeof listener === 'function' && !weakHas(followed, listener) && !isOfOnce(listener))
        args[1] = followListener(listener, once);
    });
    return hidden.changing(original, (args) => {
      follow(args);
      return args;
    });
  };
  for (const name of ['on', 'addListener', 'prependListener'])
    replace(prototype, name, adding(false));
  for (const name of ['once', 'prependOnceListener'])
    replace(prototype, name, adding(true));
}
