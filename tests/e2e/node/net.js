// SPDX-License-Identifier: MIT
// A TCP server and a client on one loop.
'use strict';
const net = require('net');
const mark = require('./mark');

const server = net.createServer((socket) => {
  socket.on('data', (data) => {
    console.log('server', String(data));
    socket.end('pong');
    server.close();
  });
});

function connect() {
  const client = net.connect(server.address().port, '127.0.0.1');
  client.on('connect', () => client.write('ping'));
  client.on('data', (data) => {
    console.log('client', String(data));
    mark();
  });
}

mark(() => server.listen(0, '127.0.0.1', connect));
