// SPDX-License-Identifier: MIT
// Something of everything: requests, files, the thread pool, timers, a worker, a child process.
'use strict';
const { execFile } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const { Worker } = require('worker_threads');

function answer(request, response) {
  fs.readFile(__filename, (error, text) =>
    crypto.pbkdf2('a', 'b', 1000, 32, 'sha1', () => setTimeout(() => response.end(text), 3))
  );
}

function main() {
  const server = http.createServer(answer);
  server.listen(0, '127.0.0.1', () => {
    let left = 20;
    for (let i = 0; i < 20; i++) {
      http.get({ host: '127.0.0.1', port: server.address().port }, (response) =>
        response.resume().on('end', () => --left || server.close())
      );
    }
  });
  new Worker("setTimeout(() => require('worker_threads').parentPort.postMessage(1), 10)", { eval: true });
  execFile(process.execPath, [__filename, 'child']);
  let ticks = 0;
  const timer = setInterval(() => ++ticks === 5 && clearInterval(timer), 7);
  fs.statSync(__filename);
}

if (process.argv[2] === 'child') setTimeout(() => fs.readFile(__filename, () => {}), 5);
else main();
