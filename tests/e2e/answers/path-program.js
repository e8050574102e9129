// SPDX-License-Identifier: MIT
// A chain across the file system, a timer and a thread of the pool, to the stat of a marker.
'use strict';
const crypto = require('crypto');
const fs = require('fs');

fs.open(__filename, 'r', (error, fd) => {
  if (error) throw error;
  setTimeout(() => {
    crypto.pbkdf2('a', 'b', 20000, 32, 'sha256', () => {
      fs.closeSync(fd);
      fs.stat('/path/marker', () => {});
    });
  }, 30);
});
