// SPDX-License-Identifier: MIT
// A server that never answers some requests: what they wait for does not happen.
'use strict';
const { EventEmitter, once } = require('events');
const http = require('http');

const database = new EventEmitter(); // which has lost its connection

async function findUser(id) {
  await once(database, `user ${id}`);
  return `user ${id}\n`;
}

async function onRequest(request, response) {
  response.end(request.url === '/health' ? 'well\n' : await findUser(7));
}

const server = http.createServer(onRequest).listen(0, '127.0.0.1', () => {
  const get = (path) => http.get({ host: '127.0.0.1', port: server.address().port, path, agent: false }, (answer) => answer.resume());
  get('/health').on('close', () => get('/users/7'));
  setTimeout(() => process.exit(), 1000);
});
