// SPDX-License-Identifier: MIT
// The number of a function's name and place.

// Node's own functions that are registered again and again stay for ever: theirs are found here first. They come in the
// same order at each request, some several times in a row: so the last found is tried first, then what followed it last.
const NODES_MAX = 16;
const nodesFunctions = new Array(NODES_MAX).fill(undefined);
const nodesNumbers = new Array(NODES_MAX).fill(0);
const nodesFollowing = new Uint8Array(NODES_MAX);
let nodesNext = 0;
let nodesLast = 0;

function knownNodes(f) {
  const last = nodesLast;
  if (nodesFunctions[last] === f)
    return nodesNumbers[last];
  const following = nodesFollowing[last];
  if (nodesFunctions[following] !== f)
    return findNodes(f, last);
  nodesLast = following;
  return nodesNumbers[following];
}

function findNodes(f, last) {
  for (let at = 0; at < NODES_MAX; at++)
    if (nodesFunctions[at] === f) {
      nodesFollowing[last] = nodesLast = at;
      return nodesNumbers[at];
    }
  return 0;
}

// Node's tick for a stream that is destroyed with an error; null: not met yet.
let failingTick = null;

function knowNodes(f, number) {
  if (failingTick === null && f.name === 'emitErrorCloseNT')
    failingTick = f;
  nodesFunctions[nodesNext] = f;
  nodesNumbers[nodesNext] = number;
  nodesNext = (nodesNext + 1) % NODES_MAX;
  return number;
}

// Number of the function's name and place, negative for one of Node's own. It hangs from the function: most run more
// than once.
class Place extends Itself {
  #number;
  constructor(f, number) {
    super(f);
    this.#number = number;
  }
  static of(f) {
    return #number in f ? f.#number : undefined;
  }
}

function functionNumber(f) {
  if (typeof f !== 'function')
    return 0;
  let number = knownNodes(f);
  if (number !== 0)
    return number;
  number = Place.of(f);
  if (number !== undefined)
    return number < 0 ? knowNodes(f, -number) : number; // not one that Node makes anew each time
  askScripted(f);
  if (values[0] === NO) // bound, of which there is rarely one twice, or native
    return 0;
  number = native.function(f);
  try {
    new Place(f, number);
  } catch { /* not extensible */ }
  return number < 0 ? -number : number;
}

// Of an emitter's listeners to an event the first, and of one that runs once that which it stands for.
function listenerOf(events, event) {
  const listener = events?.[event];
  const first = isArray(listener) ? listener[0] : listener;
  return typeof first === 'function' && hasOwn(first, 'listener') && typeof first.listener === 'function' ?
    first.listener :
    first;
}
