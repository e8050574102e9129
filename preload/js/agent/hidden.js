// SPDX-License-Identifier: MIT
/*
 * What of ours is on the stack while the program's functions run. It is a script of its own, whose functions V8 leaves out
 * of every stack trace (js_hidden.c): the program's errors say what they say without us.
 */
(primordials) => {
  'use strict';
  const { ReflectApply: apply, Proxy } = primordials;
  return {
    __proto__: null,

    // A function that calls the original between two of ours.
    around(original, before, after) {
      return function(...args) {
        before(this);
        try {
          return apply(original, this, args);
        } finally {
          after();
        }
      };
    },

    // For the original: what `change` makes of the arguments is what it is called with.
    changing: (original, change) => new Proxy(original, {
      __proto__: null,
      apply: (target, self, args) => apply(target, self, change(args)),
    }),

    // A promise hook for two. `missed`: ours had no room on the stack; `values[at]` is 1 after the other has thrown.
    both: (ours, other, missed, values, at) => (promise, parent) => {
      try {
        ours(promise, parent);
      } catch {
        missed();
      }
      let done = false;
      try {
        other(promise, parent);
        done = true;
      } finally {
        if (!done)
          values[at] = 1;
      }
    },
  };
}
