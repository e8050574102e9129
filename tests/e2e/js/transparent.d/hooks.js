// SPDX-License-Identifier: MIT
'use strict';
// The program's own hooks see what they would see: the same resources, with the same async ids.
const { createHook, executionAsyncId, executionAsyncResource } = require('async_hooks');
const lines = [];
const hook = createHook({
  init(id, type, trigger) { lines.push(`init ${id} ${type} ${trigger}`); },
  before(id) { lines.push(`before ${id}`); },
  after(id) { lines.push(`after ${id}`); },
  promiseResolve(id) { lines.push(`resolve ${id}`); },
}).enable();
setTimeout(() => {
  lines.push(`timeout in ${executionAsyncId()} ${typeof executionAsyncResource()}`);
  Promise.resolve().then(async () => {
    lines.push(`reaction in ${executionAsyncId()}`);
    await null;
    lines.push(`awaited in ${executionAsyncId()}`);
    process.nextTick(() => {
      hook.disable();
      setImmediate(() => console.log(lines.join('\n'), executionAsyncId()));
    });
  });
}, 1);
