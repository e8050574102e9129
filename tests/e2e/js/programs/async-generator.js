// SPDX-License-Identifier: MIT
// An async generator that waits for a timer between its two values.
'use strict';
function wait(time) {
  return new Promise(function executor(resolve) {
    setTimeout(function timer() {
      resolve();
    }, time);
  });
}

async function* values() {
  yield 1;
  await wait(5);
  yield 2;
}

(async function main() {
  for await (const value of values())
    process.nextTick(function got() {
      return value;
    });
})();
