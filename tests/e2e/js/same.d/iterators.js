// SPDX-License-Identifier: MIT
// A program may do what it likes with its built-ins.
'use strict';
delete Array.prototype[Symbol.iterator];
delete Map.prototype[Symbol.iterator];
delete globalThis.RangeError;
const { AsyncResource } = require('async_hooks');
setTimeout(() => console.log('timer'), 5);
import('fs').then(() => console.log('imported'));
(async () => { await 1; console.log('awaited'); })();
(async () => { await { then(f) { setImmediate(f); } }; console.log('thenable'); })();
queueMicrotask(() => console.log('microtask'));
process.nextTick(() => console.log('tick'));
require('fs').stat('/', () => console.log('stat'));
const own = new AsyncResource("Own");
own.runInAsyncScope(() => console.log("resource"));
own.emitDestroy();
