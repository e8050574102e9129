// SPDX-License-Identifier: MIT
// What is followed, and from when on.

function follow() {
  lifeCycle = Boolean(native.options & OPTION_PROMISES);
  locations = Boolean(native.options & OPTION_LOCATIONS);
  if (locations)
    followPlaces();
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
