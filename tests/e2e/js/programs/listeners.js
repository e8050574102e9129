// SPDX-License-Identifier: MIT
// Run with UVTREE_LISTENERS=1: listeners are linked where they are added; emit causes and runs them, at once.
'use strict';
const { EventEmitter } = require('events');

const emitter = new EventEmitter();
emitter.on('event', function often() {
  process.nextTick(function later() {});
});
emitter.once('event', function once() {});
setTimeout(function emit() {
  emitter.emit('event');
}, 5);
setTimeout(function emitAgain() {
  emitter.emit('event');
}, 100);
