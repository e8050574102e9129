// SPDX-License-Identifier: MIT
'use strict';
// The program's own prepareStackTrace is called when it would be, and stays.
let calls = 0;
Error.prepareStackTrace = (error, sites) => `${++calls} ${sites.length > 0}`;
Error.stackTraceLimit = 3;
setTimeout(() => Promise.resolve().then(() => console.log(new Error('x').stack, Error.stackTraceLimit)), 1);
Promise.reject(new Error('y')).catch(() => console.log(calls));
