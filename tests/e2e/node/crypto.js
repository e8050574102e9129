// SPDX-License-Identifier: MIT
// Work for the thread pool: a key derived, random bytes.
'use strict';
const crypto = require('crypto');
const mark = require('./mark');

mark(() => crypto.pbkdf2('secret', 'salt', 1000, 16, 'sha256', (error, key) => {
  console.log(key.toString('hex'));
  crypto.randomBytes(8, (failed, bytes) => {
    console.log(bytes.length);
    mark();
  });
}));
