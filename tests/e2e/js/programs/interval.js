// SPDX-License-Identifier: MIT
// The definitions' second example: each iteration of an interval makes a promise, a timeout that resolves it, and a
// reaction; the second clears the interval, long after all of the first has run.
'use strict';
let rounds = 0;
const interval = setInterval(function round() {
  rounds++;
  const promise = new Promise(function executor(resolve) {
    setTimeout(function settle() {
      resolve(rounds);
    }, 5);
  });
  promise.then(function reaction() {});
  if (rounds === 2)
    clearInterval(interval);
}, 400);
