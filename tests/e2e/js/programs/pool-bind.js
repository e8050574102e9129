// SPDX-License-Identifier: MIT
// A pool with one connection: who comes while it is taken waits in a queue, bound to its context by AsyncResource.bind.
'use strict';
const { AsyncResource } = require('async_hooks');

let taken = false;
const waiting = [];

function acquire(callback) {
  if (taken) {
    waiting.push(AsyncResource.bind(callback, 'Acquire'));
    return;
  }
  taken = true;
  callback();
}

function release() {
  taken = false;
  waiting.shift()?.();
}

// The timer that is made first and is shorter fires first, however late both are.
setTimeout(function customer() {
  acquire(function second() {
    setImmediate(function used() {});
  });
}, 2);
acquire(function first() {
  setTimeout(function done() {
    release();
  }, 100);
});
