// SPDX-License-Identifier: MIT
// An exception that nobody catches ends the program.
'use strict';
setTimeout(function thrower() {
  throw new TypeError('thrown');
}, 5);
