// SPDX-License-Identifier: MIT
// An Express server that does what long-running servers do, until it is asked to stop:
//   server.js FOLDER_OF_NODE_MODULES LISTENING      (the file gets "PORT PID")
'use strict';
const { AsyncLocalStorage } = require('async_hooks');
const { spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const { Worker } = require('worker_threads');
const express = require(path.join(process.argv[2], 'node_modules/express'));

const current = new AsyncLocalStorage();
const app = express();
let number = 0;
let helper;

const answers = new Map();

// A worker answers some requests, then another takes its place.
function ask(id, answer) {
  if (!helper || helper.asked === 50) {
    if (helper) helper.worker.postMessage('end');
    helper = { worker: new Worker(path.join(__dirname, 'worker.js')), asked: 0 };
    helper.worker.on('message', ({ id: answered, digest }) => {
      answers.get(answered)(digest);
      answers.delete(answered);
    });
  }
  helper.asked++;
  answers.set(id, answer);
  helper.worker.postMessage(id);
}

app.use((request, response, next) => current.run({ number: ++number }, next));

app.get('/', async (request, response) => {
  const { number: mine } = current.getStore();
  const data = await fs.promises.readFile(__filename);
  await new Promise((resolve) => setTimeout(resolve, 1));
  crypto.pbkdf2('password', 'salt', 10, 16, 'sha1', () => {
    if (current.getStore().number !== mine) throw new Error('the storage is another request\'s');
    response.type('text').send(data.subarray(0, 512));
  });
});

app.post('/upload', async (request, response) => {
  const hash = crypto.createHash('sha1');
  try {
    for await (const chunk of request) hash.update(chunk);
    response.send(hash.digest('hex'));
  } catch {
    response.destroy(); // the client went away
  }
});

app.get('/worker', (request, response) => {
  ask(current.getStore().number, (digest) => response.send(digest));
});

app.get('/child', (request, response) => {
  spawn('/bin/echo', ['hello']).stdout.on('data', (text) => response.type('text').send(text));
});

app.get('/slow', (request, response) => {
  const timer = setTimeout(() => response.send('at last'), 50);
  response.on('close', () => clearTimeout(timer));
});

app.get('/stop', (request, response) => {
  response.send('bye');
  if (helper) helper.worker.postMessage('end');
  server.close();
  setTimeout(() => server.closeAllConnections(), 200);
});

const server = app.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${process.argv[3]}.new`, `${server.address().port} ${process.pid}\n`);
  fs.renameSync(`${process.argv[3]}.new`, process.argv[3]);
});
