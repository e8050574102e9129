// SPDX-License-Identifier: MIT
// The definitions' first example: a promise resolved in a timeout, with one reaction.
'use strict';
new Promise(function executor(resolve) {
  setTimeout(function f1() {
    resolve(true);
  }, 20);
}).then(function f2() {});
