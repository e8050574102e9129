// SPDX-License-Identifier: MIT
'use strict';
// Every way to clear a timer, and to arm one again.
const timers = require('timers');
const { setTimeout: sleep } = require('timers/promises');
const say = (what) => () => console.log(what);
clearTimeout(setTimeout(say('never 1'), 1));
clearTimeout(+setTimeout(say('never 2'), 1));
clearTimeout(String(+setTimeout(say('never 3'), 1)));
clearInterval(setTimeout(say('never 4'), 1));
clearTimeout(setInterval(say('never 5'), 1));
timers.clearImmediate(setImmediate(say('never 6')));
setTimeout(say('never 7'), 1).close();
setTimeout(say('never 8'), 1)[Symbol.dispose ?? Symbol.for('nodejs.dispose')]?.();
for (const nothing of [undefined, null, 0, -1, 'x', {}, NaN, Symbol.iterator])
  try {
    console.log(clearTimeout(nothing), clearInterval(nothing), clearImmediate(nothing));
  } catch (error) {
    console.log(error.message);
  }
let rounds = 0;
const again = setTimeout(() => {
  console.log('again', ++rounds);
  if (rounds < 3)
    again.refresh();
  else if (rounds === 3)
    setImmediate(() => again.refresh()); // when it is over
  else
    end();
}, 2);
const inside = setInterval(() => {
  console.log('interval');
  clearInterval(inside);
}, 2);
const controller = new AbortController();
sleep(1000, null, { signal: controller.signal }).catch((error) => console.log(error.name));
controller.abort();
async function end() {
  await sleep(1);
  console.log(rounds, clearTimeout.call(null, setTimeout(say('never 9'), 1)));
}
