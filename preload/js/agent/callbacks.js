// SPDX-License-Identifier: MIT
// How what is registered begins, ends and is given up.

const { executionAsyncId } = require('internal/async_hooks');

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
