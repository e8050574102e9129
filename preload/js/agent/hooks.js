// SPDX-License-Identifier: MIT
// Node's async_hooks: which callbacks reach us by a hook, and which natively.

const { getHookArrays, symbols } = require('internal/async_hooks');
const { async_hook_fields: counts, constants: { kInit, kBefore, kAfter, kDestroy } } = internalBinding('async_wrap');

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
        onError(error);
      }
    },
    [symbols.before_symbol](id) {
      if (stopped)
        return;
      try {
        if (!onBefore(id))
          return;
      } catch (error) {
        onError(error);
        return;
      }
      doBegin();
    },
    [symbols.after_symbol](id) {
      if (stopped)
        return;
      try {
        if (!onAfter(id))
          return;
      } catch (error) {
        onError(error);
        return;
      }
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
  let fields;
  let counted = 0;
  const uncount = () => {
    counted = stopped ? 0 : 1;
    fields = getHookArrays()[1];
    countOurs(fields, -counted);
  };
  const count = () => countOurs(fields, counted);
  replace(prototype, 'enable', (original) => hidden.around(original, (hook) => {
    hearLess(hook);
    uncount();
  }, count));
  replace(prototype, 'disable', (original) => hidden.around(original, uncount, count));
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
        onError(error);
      }
    }
    if (counts[kDestroy] > (stopped ? 0 : 1))
      queue(id);
  };
}
