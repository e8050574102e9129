// SPDX-License-Identifier: MIT
// Listeners of EventEmitters, on demand.

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
