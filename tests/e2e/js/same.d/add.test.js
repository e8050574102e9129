// SPDX-License-Identifier: MIT
const { add } = require('./add.js');
require('node:test')('adds', async () => {
  await 1;
  if (add(1, 1) !== 2)
    throw new Error();
});
require('node:test')('fails', () => new Promise((resolve, reject) => setTimeout(reject, 1, new Error('no'))));
