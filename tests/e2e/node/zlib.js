// SPDX-License-Identifier: MIT
// Compression in the thread pool.
'use strict';
const zlib = require('zlib');
const mark = require('./mark');

mark(() => zlib.deflate('hello hello hello', (error, packed) => {
  console.log(packed.length);
  zlib.inflate(packed, (failed, text) => {
    console.log(String(text));
    mark();
  });
}));
