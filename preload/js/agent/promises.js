// SPDX-License-Identifier: MIT
// Promises: reactions, by V8's promise hooks.

let promiseType;
let held;      // a promise just made with a parent that is pending: a reaction, unless it is settled at once
let adopting;  // the note of a promise that adopts another: between before and after of its job
let lifeCycle = false;
let lastPromise = 0;

// What is known of a promise: null where there is nothing to know yet, as of most. All have the field: V8's optimised
// code finds quickly what is there.
class Noted extends Itself {
  #note = null;
  constructor(promise) {
    super(promise);
  }
  static has(promise) {
    return #note in promise;
  }
  static get(promise) {
    return promise.#note;
  }
  static set(promise, note) {
    promise.#note = note;
  }
}

// A promise that is a reaction's, that reactions wait for, or whose life is told.
class Note {
  constructor(settled) {
    this.link = NONE;      // of the reaction whose result this promise is
    this.caused = false;
    this.begun = false;
    this.settled = settled;
    this.waiting = null;   // notes of the reactions on it, until it settles: one, or an array
    this.on = null;        // the note of the promise it is a reaction on, until it is caused
    this.adoption = NONE;  // link of the internal reaction by which it adopts another promise
    this.id = 0;
  }
}
withoutPrototype(Note.prototype);

// Of a promise of which nothing was known when it settled.
const SETTLED = new Note(true);

// Of one that was made before us, too.
function noteOf(promise) {
  return Noted.has(promise) ? Noted.get(promise) : null;
}

function note(promise, settled) {
  const made = new Note(settled);
  if (!Noted.has(promise))
    new Noted(promise);
  Noted.set(promise, made);
  return made;
}

function isSettled(promise) {
  askSettled(promise);
  return (values[0] === UNKNOWN ? native.state(promise) : values[0]) !== 0;
}

function wait(parent, reaction) {
  reaction.on = parent;
  if (parent.waiting === null)
    parent.waiting = reaction;
  else if (isArray(parent.waiting))
    parent.waiting[parent.waiting.length] = reaction;
  else
    parent.waiting = withoutPrototype([parent.waiting, reaction]);
}

function waitNoMore(reaction) {
  const parent = reaction.on;
  reaction.on = null;
  if (!parent)
    return;
  if (parent.waiting === reaction)
    parent.waiting = null;
  else if (isArray(parent.waiting))
    ArrayPrototypeSplice(parent.waiting, ArrayPrototypeLastIndexOf(parent.waiting, reaction), 1);
}

function cause(reaction) {
  reaction.on = null;
  reaction.caused = true;
  tellCause(reaction.link);
}

// The reaction by which a promise adopts `parent`. It was linked where the adopter was locked in, if that was seen.
function adopt(adopter, reaction, parent) {
  reaction.link = adopter.adoption || link(promiseType, 0, LINK_INTERNAL);
  adopter.adoption = NONE;
  if (parent.settled)
    cause(reaction);
  else
    wait(parent, reaction);
}

// Links a reaction; one that is caused already is left to the hook, with the arguments of doLink in the array.
function react(promise, reaction, parent) {
  const known = noteOf(parent);
  const caused = known === null ? isSettled(parent) : known.settled;
  values[0] = promiseType;
  values[1] = place(PLACE_OF_CALLER);
  if (caused) {
    values[2] = LINK_CAUSED;
    reaction.caused = true;
    return;
  }
  values[2] = 0;
  doHold();
  if (values[0] < 0)
    doAgain();
  reaction.link = values[0];
  held = promise;
  wait(known ?? note(parent, false), reaction);
}

const { prototype: plainPromise, prototype: { then: plainThen } } = Promise;
let framesLearnt = false;

function thenIsUnderWay(ask) {
  if (!framesLearnt)
    learnFrames();
  framesLearnt = true;
  return native[ask](plainThen);
}

// The hooks tell no parent of a reaction that a subclass's constructor makes, within `then`: what that was called on.
function parentOf(promise) {
  const prototype = getPrototypeOf(promise);
  if (prototype === plainPromise)
    return undefined;
  const on = thenIsUnderWay('calledOn');
  return isObject(on) && !isProxy(on) && getPrototypeOf(on) === prototype ? on : undefined;
}

function tellLife(id, life) {
  values[0] = id;
  values[1] = life;
  doPromise();
}

// Its note, or null. That of a reaction whose link is NONE is to be linked yet: the arguments of doLink are in the array.
function onPromiseInit(promise, told) {
  const parent = told ?? parentOf(promise);
  if (parent === undefined && !lifeCycle)
    return null;
  const made = new Note(false);
  if (lifeCycle)
    tellLife(made.id = ++lastPromise, LIFE_CREATE);
  if (parent === undefined)
    return made;
  if (adopting === undefined || thenIsUnderWay('calledByV8') === 0) {
    react(promise, made, parent);
    return made;
  }
  const adopter = adopting;
  adopting = undefined;
  adopt(adopter, made, noteOf(parent) ?? note(parent, isSettled(parent)));
  return made;
}

// As onBefore() and onAfter().
function onPromiseBefore(promise) {
  if (mainOpen)
    endMain();
  held = undefined;
  if (!Noted.has(promise))
    return false; // made before us
  const reaction = Noted.get(promise);
  if (reaction === null || reaction.link === NONE || reaction.begun) {
    adopting = reaction ?? note(promise, false);
    return false;
  }
  reaction.begun = true;
  if (!reaction.caused) { // the job that calls the then of something that is no promise
    waitNoMore(reaction);
    cause(reaction);
  }
  values[0] = reaction.link;
  values[1] = 0;
  return true;
}

function onPromiseAfter(promise) {
  const reaction = noteOf(promise);
  if (adopting !== undefined) { // what it asked is no promise
    if (adopting.adoption !== NONE)
      tellCancel(adopting.adoption, REASON_CANCELLED);
    adopting.adoption = NONE;
    adopting = undefined;
    return false;
  }
  if (reaction === null || reaction.link === NONE)
    return false;
  if (!reaction.settled && reaction.adoption === NONE) // its handler returned a promise
    reaction.adoption = link(promiseType, 0, LINK_INTERNAL);
  values[0] = reaction.link;
  reaction.link = NONE;
  return true;
}

function onPromiseSettled(promise) {
  if (!Noted.has(promise))
    return; // made before us
  const settled = Noted.get(promise);
  if (settled === null) {
    Noted.set(promise, SETTLED);
    return;
  }
  if (held === promise) { // what await wraps a value in: it has the async function's promise as parent
    held = undefined;
    values[0] = settled.link;
    doDrop();
    waitNoMore(settled);
    settled.link = NONE;
  }
  settled.settled = true;
  if (settled.id)
    tellLife(settled.id, native.state(promise) === 2 ? LIFE_REJECT : LIFE_RESOLVE);
  const { waiting } = settled;
  settled.waiting = null;
  if (waiting === null)
    return;
  if (isArray(waiting)) {
    for (let i = 0; i < waiting.length; i++)
      cause(waiting[i]);
  } else {
    cause(waiting);
  }
}

function followPromises(binding) {
  const hooks = {
    init(promise, parent) {
      let made;
      if (stopped)
        return;
      try {
        made = onPromiseInit(promise, parent);
      } catch (error) {
        onError(error);
        return;
      }
      new Noted(promise); // what was called before needed more of the stack
      if (made === null)
        return;
      Noted.set(promise, made);
      if (!made.caused || made.link !== NONE)
        return;
      doLink();
      if (values[0] < 0)
        doAgain();
      made.link = values[0];
    },
    before(promise) {
      if (stopped)
        return;
      try {
        if (!onPromiseBefore(promise))
          return;
      } catch (error) {
        onError(error);
        return;
      }
      doBegin();
    },
    after(promise) {
      if (stopped)
        return;
      try {
        if (!onPromiseAfter(promise))
          return;
      } catch (error) {
        onError(error);
        return;
      }
      doEnd();
    },
    settled(promise) {
      if (stopped)
        return;
      try {
        onPromiseSettled(promise);
      } catch (error) {
        onError(error);
      }
    },
  };
  promiseType = textNumber('PROMISE');
  const { setPromiseHooks } = binding;
  const both = (ours, other) => (other === undefined ? ours : hidden.both(ours, other, doMissed, values, OTHER_THREW));
  binding.setPromiseHooks = (init, before, after, settled) => {
    setPromiseHooks(both(hooks.init, init), both(hooks.before, before), both(hooks.after, after),
                    both(hooks.settled, settled));
  };
  binding.setPromiseHooks();
  return () => {
    binding.setPromiseHooks = setPromiseHooks;
    setPromiseHooks();
  };
}
