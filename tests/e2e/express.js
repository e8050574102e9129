// SPDX-License-Identifier: MIT
// An Express server that reads a file for each page, under load:  express.js FOLDER_OF_NODE_MODULES PORTFILE
'use strict';
const fs = require('fs');
const path = require('path');
const express = require(path.join(process.argv[2], 'node_modules/express'));

const app = express();
app.get('/', (request, response) => response.send('hello'));
app.get('/file', (request, response) => {
  fs.readFile(__filename, (error, data) => (error ? response.status(500).end() : response.type('text').send(data)));
});
app.get('/stop', (request, response) => {
  response.end('bye');
  server.close();
  server.closeAllConnections();
});
const server = app.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${process.argv[3]}.new`, String(server.address().port));
  fs.renameSync(`${process.argv[3]}.new`, process.argv[3]);
});
