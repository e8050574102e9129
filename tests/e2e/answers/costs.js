// SPDX-License-Identifier: MIT
// An Express server whose routes have known costs:  costs.js FOLDER_OF_NODE_MODULES PORTFILE
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const express = require(path.join(process.argv[2], 'node_modules/express'));

const app = express();
app.get('/busy', (request, response) => {
  const until = process.hrtime.bigint() + 5000000n;
  while (process.hrtime.bigint() < until);
  response.send('busy');
});
app.get('/pool', (request, response) => {
  crypto.pbkdf2('password', 'salt', 20000, 32, 'sha256', () => response.send('pool'));
});
app.get('/timer', (request, response) => setTimeout(() => response.send('timer'), 20));
app.get('/upstream', (request, response) => {
  http.get(`http://127.0.0.1:${process.env.UPSTREAM_PORT}/`, (answer) => answer.resume().on('end', () => response.send('upstream')));
});
app.get('/fails', (request, response) => response.status(500).send('no'));
let shared;
app.get('/shared', (request, response) => {
  shared ??= new Promise((resolve) => setTimeout(resolve, 10));
  shared.then(() => response.send('shared'));
});
app.get('/stop', (request, response) => {
  response.end('bye');
  server.close();
  server.closeAllConnections?.();
});
const server = app.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${process.argv[3]}.new`, String(server.address().port));
  fs.renameSync(`${process.argv[3]}.new`, process.argv[3]);
});
server.keepAliveTimeout = 100;
