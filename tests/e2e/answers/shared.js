// SPDX-License-Identifier: MIT
// Two requests for something that there is one of: /b waits for what /a gives back.
'use strict';
const http = require('http');

let taken = false;
const waiting = [];
const take = () => (taken ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(taken = true));
const giveBack = () => (waiting.length ? waiting.shift()() : taken = false);
const server = http.createServer(async (req, res) => {
  await take();
  setTimeout(() => {
    res.end('x');
    giveBack();
  }, 20);
}).listen(0, '127.0.0.1', () => {
  let left = 2;
  for (const path of ['/a', '/b'])
    http.get({ port: server.address().port, host: '127.0.0.1', path, agent: false }, (res) => {
      res.resume().on('end', () => --left || server.close());
    });
});
