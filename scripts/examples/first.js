// SPDX-License-Identifier: MIT
// A timer, and a file that is read when it is due.
'use strict';
const { readFile } = require('fs');

setTimeout(function onTimer() {
  readFile(__filename, function onRead() {});
}, 10);
