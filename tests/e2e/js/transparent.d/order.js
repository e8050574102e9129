// SPDX-License-Identifier: MIT
'use strict';
// All kinds of callbacks: what they print is in the order in which they ran.
const fs = require('fs');
const print = (text) => process.stdout.write(`${text}\n`);
const immediate = setImmediate(() => print('never'));
clearImmediate(immediate);
setImmediate(() => {
  print('immediate');
  setTimeout(() => {
    print('timeout');
    fs.stat(__filename, () => setTimeout(() => print('after stat'), 1));
  }, 1);
});
process.nextTick(() => print('tick'));
Promise.resolve().then(() => print('reaction'));
queueMicrotask(() => print('microtask'));
(async () => { print('async'); await null; print('awaited'); })();
process.on('beforeExit', () => print('beforeExit'));
process.on('exit', () => print('exit'));
