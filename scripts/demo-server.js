// SPDX-License-Identifier: MIT
// The program that scripts/demo records: a small HTTP server.
//   demo-server.js PORTFILE     writes its port there; ends when /stop is asked for
'use strict';
const dns = require('dns');
const fs = require('fs');
const http = require('http');

function readSelf(response) {
  fs.readFile(__filename, (error, data) => response.end(error ? error.message : `${data.length} bytes\n`));
}

function waitAWhile(response) {
  setTimeout(() => response.end('waited\n'), 5);
}

function lookUp(response) {
  dns.lookup('localhost', (error, address) => response.end(`${error ? error.message : address}\n`));
}

const routes = { '/file': readSelf, '/timer': waitAWhile, '/lookup': lookUp };

const server = http.createServer((request, response) => {
  const route = routes[request.url];
  if (route) return route(response);
  response.statusCode = request.url === '/stop' ? 200 : 404;
  response.end('bye\n');
  if (request.url === '/stop') server.close();
});

server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${process.argv[2]}.new`, String(server.address().port));
  fs.renameSync(`${process.argv[2]}.new`, process.argv[2]);
});
