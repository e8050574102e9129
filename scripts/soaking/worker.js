// SPDX-License-Identifier: MIT
// Answers a number with a digest, until it is told to end.
'use strict';
const { parentPort } = require('worker_threads');
const { createHash } = require('crypto');

parentPort.on('message', async (id) => {
  if (id === 'end') return parentPort.close();
  await new Promise(setImmediate);
  parentPort.postMessage({ id, digest: createHash('sha1').update(String(id)).digest('hex') });
});
