// SPDX-License-Identifier: MIT
// Nested reactions on a settled promise: each is caused where then is called.
'use strict';
const settled = Promise.resolve(1);
settled.then(function outer() {
  settled.then(function inner() {
    settled.then(function innermost() {});
  });
}).then(function chained() {});
