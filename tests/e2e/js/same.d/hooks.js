// SPDX-License-Identifier: MIT
// The program's own hooks are told of the same, with the same ids; of promises, too.
'use strict';
const { createHook, executionAsyncId, triggerAsyncId, AsyncResource } = require('async_hooks');
const fs = require('fs');
const told = [];
const destroyed = [];
const types = new Map();
const hook = createHook({
  init(id, type, trigger) { types.set(id, type); told.push('init ' + id + ' ' + type + ' by ' + trigger); },
  before(id) { told.push('before ' + types.get(id) + ' ' + id); },
  after(id) { told.push('after ' + types.get(id) + ' ' + id); },
  destroy(id) { // some time later; of a promise when it is collected, if it is
    if (types.get(id) !== 'PROMISE')
      destroyed.push(types.get(id) + ' ' + id);
  },
  promiseResolve(id) { told.push('resolve ' + id); },
}).enable();
console.log(executionAsyncId(), triggerAsyncId());
setTimeout(() => {
  process.nextTick(() => {});
  Promise.resolve().then(() => setImmediate(() => fs.statSync('/')));
  const own = new AsyncResource('Own');
  own.runInAsyncScope(() => {});
  own.emitDestroy();
  clearTimeout(setTimeout(() => {}, 100));
}, 1);
setTimeout(() => {
  hook.disable();
  fs.writeSync(1, told.join('\n') + '\ndestroyed ' + destroyed.sort() + '\n');
  setTimeout(() => console.log(told.length, Object.getOwnPropertySymbols(Promise.resolve()).length), 1);
}, 300);
