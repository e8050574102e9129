// SPDX-License-Identifier: MIT
// A reaction that returns a promise: the promise it gives adopts that one, and settles with it.
'use strict';
Promise.resolve().then(function returner() {
  return new Promise(function executor(resolve) {
    setTimeout(function settle() {
      resolve(1);
    }, 5);
  });
}).then(function next() {});
