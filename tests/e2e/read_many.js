// SPDX-License-Identifier: MIT
// fs.readFile, a hundred at once.
'use strict';
const fs = require('fs');

let left = 100;
for (let i = left; i > 0; i--) {
  fs.readFile(__filename, (error) => {
    if (error) throw error;
    if (--left === 0) console.log('read');
  });
}
