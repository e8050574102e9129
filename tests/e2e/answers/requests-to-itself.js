// SPDX-License-Identifier: MIT
// A server and its clients in one process: COUNT requests, each a file, a timer and a new connection.
'use strict';
const fs = require('node:fs');
const http = require('node:http');

let left = Number(process.argv[2]);
const server = http.createServer((request, response) => {
  fs.readFile(__filename, (error, content) => setTimeout(() => response.end(String(content.length)), 1));
});
server.listen(0, '127.0.0.1', () => {
  const ticking = setInterval(() => {}, 5);
  let clients = 8;
  const next = () => {
    if (left-- > 0) return http.get({ port: server.address().port, agent: false }, (response) => response.resume().on('end', next));
    if (--clients > 0) return;
    clearInterval(ticking);
    server.close();
  };
  for (let i = 0; i < 8; i++) next();
});
