// SPDX-License-Identifier: MIT
// A tick queued in a promise reaction runs when all reactions have run.
'use strict';
Promise.resolve().then(function first() {
  process.nextTick(function tick() {
    Promise.resolve().then(function third() {});
  });
}).then(function second() {});
