// SPDX-License-Identifier: MIT
// A rejection that is handled: no failure. And one that is handled later: a failure, taken back.
'use strict';
process.on('unhandledRejection', function listener() {});
Promise.reject(new Error('caught')).catch(function caught() {});
const late = Promise.reject(new Error('caught late'));
setTimeout(function handle() {
  late.catch(function caughtLate() {});
}, 20);
