// SPDX-License-Identifier: MIT
// A tick that throws is not over before the program has handled its error: what the handler registers is registered in
// it. The same where what it runs threw. The ticks around them just run.
'use strict';
const { AsyncResource } = require('async_hooks');
process.on('uncaughtException', function handle(error) {
  setTimeout(function handled() {}, 50, error); // when all ticks have run: which they are, Nodes differ in
});
setTimeout(function start() {
  process.nextTick(function quiet() {});
  process.nextTick(function thrower() {
    throw new Error('of a tick');
  });
  process.nextTick(function between() {});
  process.nextTick(function outer() {
    new AsyncResource('Inner').runInAsyncScope(function inner() {
      throw new Error('in a tick');
    });
  });
  process.nextTick(function last() {});
}, 5);
