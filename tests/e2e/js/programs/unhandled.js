// SPDX-License-Identifier: MIT
// A rejection that nobody handles, in a reaction; the program goes on, for it says so.
'use strict';
process.on('unhandledRejection', function listener() {});
Promise.resolve().then(function reaction() {
  throw new Error('nobody handles this');
});
setTimeout(function after() {}, 20);
