// SPDX-License-Identifier: MIT
// async/await over fs.promises.
'use strict';
const fs = require('fs');

async function lines() {
  const text = await fs.promises.readFile(__filename, 'utf8');
  return text.split('\n').length;
}

async function main() {
  const count = await lines();
  setImmediate(function counted() {
    return count;
  });
}

main();
