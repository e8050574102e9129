// SPDX-License-Identifier: MIT
// A program may do what it likes with its built-ins.
'use strict';
require('fs').ReadStream; // Node 18 cannot load it after that
delete Array.prototype[Symbol.iterator];
delete Map.prototype[Symbol.iterator];
delete globalThis.RangeError;
const { AsyncResource } = require('async_hooks');
const raced = []; // in which order these come is not the program's to say
process.on('exit', () => console.log(raced.sort().join(' ')));
setTimeout(() => raced.push('timer'), 5);
import('fs').then(() => raced.push('imported'));
(async () => { await 1; console.log('awaited'); })();
(async () => { await { then(f) { setImmediate(f); } }; raced.push('thenable'); })();
queueMicrotask(() => console.log('microtask'));
process.nextTick(() => console.log('tick'));
require('fs').stat('/', () => raced.push('stat'));
const own = new AsyncResource("Own");
own.runInAsyncScope(() => console.log("resource"));
own.emitDestroy();
