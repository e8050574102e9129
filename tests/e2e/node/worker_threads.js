// SPDX-License-Identifier: MIT
// A worker thread with a loop of its own that reads a file and answers.
'use strict';
const fs = require('fs');
const { Worker, isMainThread, parentPort } = require('worker_threads');
const mark = require('./mark');
const read = require('./read');

function main() {
  fs.writeFileSync('data.txt', 'hello');
  mark(() => {
    const worker = new Worker(__filename);
    worker.on('message', (text) => console.log('worker read', text));
    worker.on('exit', (status) => { // by now all that it does has been done
      console.log('exit', status);
      mark();
    });
  });
}

if (isMainThread) main();
else read('data.txt', (error, text) => parentPort.postMessage(text));
