// SPDX-License-Identifier: MIT
// requests.js PORT COUNT: so many HTTP requests, over 8 connections that are kept.
'use strict';
const http = require('http');
const [port, count] = process.argv.slice(2).map(Number);
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
let left = count;
let answered = 0;

function next() {
  if (left-- <= 0) return;
  http.get({ host: '127.0.0.1', port, agent }, (response) => {
    response.resume().on('end', () => {
      if (++answered === count) agent.destroy();
      next();
    });
  });
}
for (let i = 0; i < 8; i++) next();
