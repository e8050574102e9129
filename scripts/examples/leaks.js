// SPDX-License-Identifier: MIT
// A server that starts a timer for each request, and stops none.
'use strict';
const http = require('http');

function refresh() {}

function onRequest(request, response) {
  setInterval(refresh, 30000);
  response.end('hello\n');
}

const server = http.createServer(onRequest).listen(0, '127.0.0.1', () => {
  let left = 5;
  (function next() {
    if (left-- === 0) return process.exit();
    http.get({ host: '127.0.0.1', port: server.address().port, agent: false }, (answer) => answer.resume().on('end', next));
  })();
});
