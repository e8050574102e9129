// SPDX-License-Identifier: MIT
'use strict';
if (process.argv[2] === 'listener') {
  process.on('unhandledRejection', (reason) => console.log('unhandled', reason.message));
  process.on('rejectionHandled', () => console.log('handled'));
}
process.on('exit', (code) => console.log('exit', code));
const late = Promise.reject(new Error('late'));
setTimeout(() => late.catch(() => console.log('caught')), 10);
(async () => { throw new Error('nobody'); })();
