// SPDX-License-Identifier: MIT
// An HTTP server that reads a file for each request, and two requests, one after the other.
'use strict';
const fs = require('fs');
const http = require('http');
const mark = require('./mark');
const read = require('./read');

fs.writeFileSync('data.txt', 'hello');

const server = http.createServer((request, response) => {
  response.sendDate = false; // for which Node arms a timer to the next full second, a moment or a second away
  read('data.txt', (error, data) => response.end(data));
});

function get(path, next) {
  http.get({ host: '127.0.0.1', port: server.address().port, path, agent: false }, (response) => {
    response.setEncoding('utf8').on('data', (data) => console.log(path, response.statusCode, data)).on('end', next);
  });
}

mark(() => server.listen(0, '127.0.0.1', () => {
  get('/first', () => get('/second', () => {
    server.close();
    mark();
  }));
}));
