// SPDX-License-Identifier: MIT
// Promise.all of three timers: a reaction on each; the last to settle settles the whole.
'use strict';
function wait(time) {
  return new Promise(function executor(resolve) {
    setTimeout(function timer() {
      resolve(time);
    }, time);
  });
}
Promise.all([wait(5), wait(105), wait(205)]).then(function all() {});
