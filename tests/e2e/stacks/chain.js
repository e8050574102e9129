// SPDX-License-Identifier: MIT
// A chain of callbacks over a file, a timer, a promise, a worker, messages in both directions, and a file again, that
// ends in an error: `uncaught` throws it in a callback, `unhandled` in a promise reaction. expect.js knows its lines.
'use strict';
const fs = require('fs');
const { Worker, isMainThread, parentPort } = require('worker_threads');

function begin() {
  fs.stat(__filename, function onStat() {
    setTimeout(function onTimer() {
      new Promise(setImmediate).then(function onPromise() {
        useWorker();
      });
    }, 2);
  });
}

function useWorker() {
  const worker = new Worker(__filename);
  worker.on('message', function onMessage(message) {
    if (message === 'ready')
      worker.postMessage('task');
    else
      fail();
  });
}

function fail() {
  if (process.argv[2] === 'uncaught')
    fs.stat(__filename, function onLast() { throw new Error('the end of the chain'); });
  else
    fs.promises.stat(__filename).then(function onLast() { throw new Error('the end of the chain'); });
}

// Told to be ready in the second turn of its loop: in the first its port may wake it up by itself.
function work() {
  parentPort.on('message', function onTask() {
    setTimeout(function onWorked() { parentPort.postMessage('done'); }, 2);
  });
  setTimeout(function first() {
    setTimeout(function second() { parentPort.postMessage('ready'); }, 2);
  }, 2);
}

if (isMainThread)
  begin();
else
  work();
