// SPDX-License-Identifier: MIT
// A server that keeps its loop from going round: a file is read again for each request, and all wait meanwhile.
'use strict';
const { readFileSync } = require('fs');
const http = require('http');

function render() {
  return readFileSync(process.execPath).length + '\n';
}

const server = http.createServer((request, response) => response.end(render()));

server.listen(0, '127.0.0.1', () => {
  let left = 3;
  (function next() {
    if (left-- === 0) return server.close();
    http.get({ host: '127.0.0.1', port: server.address().port, agent: false }, (answer) => answer.resume().on('end', next));
  })();
});
