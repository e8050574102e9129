// SPDX-License-Identifier: MIT
// Reads a small file in four steps that each libuv sees, on every release: fs.readFile is one piece of pool work since
// Node 26.
'use strict';
const fs = require('fs');

module.exports = function read(path, next) {
  fs.open(path, 'r', (failed, file) => {
    if (failed) return next(failed);
    fs.fstat(file, (error, stat) => {
      fs.read(file, Buffer.alloc(stat.size), 0, stat.size, 0, (unread, length, data) => {
        fs.close(file, () => next(error || unread, String(data)));
      });
    });
  });
};
