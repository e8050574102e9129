// SPDX-License-Identifier: MIT
// A primary and one worker process that answers one connection.
'use strict';
const cluster = require('cluster');
const net = require('net');
const mark = require('./mark');

function primary() {
  const worker = cluster.fork();
  worker.on('listening', ({ port }) => {
    net.connect(port, '127.0.0.1').on('data', (data) => console.log(String(data)));
  });
  worker.on('exit', (status) => {
    console.log('exit', status);
    mark();
  });
}

function work() {
  const server = net.createServer((socket) => {
    socket.end('from the worker');
    server.close();
    socket.on('close', () => mark(() => process.disconnect()));
  });
  server.listen(0, '127.0.0.1');
}

mark(cluster.isPrimary ? primary : work);
