// SPDX-License-Identifier: MIT
// A server whose requests for a file wait: those that hash hold the thread pool.
'use strict';
const { pbkdf2 } = require('crypto');
const { readFile } = require('fs');
const http = require('http');

function hash(response) {
  pbkdf2('secret', 'salt', 300000, 64, 'sha512', () => response.end('hashed\n'));
}

function file(response) {
  readFile(__filename, (error, data) => response.end(data));
}

let hashes = 0;
const server = http.createServer((request, response) => {
  if (request.url === '/file') return file(response);
  hash(response);
  if (++hashes === 4) get('/file').on('close', () => server.close());
});

const get = (path) => http.get({ host: '127.0.0.1', port: server.address().port, path, agent: false }, (answer) => answer.resume());

server.listen(0, '127.0.0.1', () => {
  for (let user = 1; user <= 4; user++) get(`/hash/${user}`);
});
