// SPDX-License-Identifier: MIT
// What Node says once, it says to the program.
'use strict';
process.on('warning', (warning) => console.log(warning.code, warning.message));
try {
  const uv = process.binding('uv');
  uv.errname?.(-2);
  module.parent; // eslint-disable-line no-unused-expressions
  process.binding('async_wrap');
  new Buffer(1); // eslint-disable-line no-buffer-constructor
} catch (error) {
  console.log(error.code, error.message);
}
