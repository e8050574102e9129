// SPDX-License-Identifier: MIT
// A worker that answers a message; both sides work on after it.
'use strict';
const { Worker, isMainThread, parentPort } = require('worker_threads');

if (isMainThread) {
  const worker = new Worker(__filename);
  worker.on('message', function answered() {
    setTimeout(function last() {
      worker.postMessage('end');
    }, 5);
  });
  worker.postMessage('question');
} else {
  parentPort.on('message', function asked(message) {
    if (message === 'end') {
      parentPort.close();
      return;
    }
    setTimeout(function answer() {
      parentPort.postMessage('answer');
    }, 5);
  });
}
