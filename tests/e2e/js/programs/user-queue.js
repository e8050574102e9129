// SPDX-License-Identifier: MIT
// A list of callbacks kept by the program itself, told to Node by AsyncResource: one runs once, one repeats.
'use strict';
const { AsyncResource } = require('async_hooks');

const list = [];

class Entry extends AsyncResource {
  constructor(callback, repeats) {
    super('Entry');
    this.callback = callback;
    this.repeats = repeats;
  }
}

function runAll() {
  for (const entry of list.splice(0)) {
    entry.runInAsyncScope(entry.callback);
    if (entry.repeats)
      list.push(entry);
    else
      entry.emitDestroy();
  }
}

list.push(new Entry(function once() {}, false));
list.push(new Entry(function again() {
  process.nextTick(function later() {});
}, true));
setTimeout(function first() {
  runAll();
}, 5);
setTimeout(function second() {
  runAll();
  list.pop().emitDestroy();
}, 100);
