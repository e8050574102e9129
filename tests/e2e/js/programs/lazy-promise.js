// SPDX-License-Identifier: MIT
// A promise made once, by the first request, and awaited by all: those that come while it is pending, and after.
'use strict';
const http = require('http');
const { ask } = require('./client');

let config;
function load() {
  config ??= new Promise(function executor(resolve) {
    setTimeout(function loaded() {
      resolve('value');
    }, 3000);
  });
  return config;
}

const server = http.createServer(async function handler(request, response) {
  if (request.url === '/first')
    ask(server.address().port, '/second'); // comes long before it is loaded
  const value = await load();
  response.end(value);
});
server.listen(0, '127.0.0.1', function listening() {
  const { port } = server.address();
  ask(port, '/first', function third() {
    ask(port, '/third', function done() {
      server.close();
    });
  });
});
