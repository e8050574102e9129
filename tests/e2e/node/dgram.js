// SPDX-License-Identifier: MIT
// Two UDP sockets on one loop.
'use strict';
const dgram = require('dgram');
const mark = require('./mark');

function talk() {
  const server = dgram.createSocket('udp4');
  const client = dgram.createSocket('udp4');
  server.on('message', (text, from) => {
    console.log('server', String(text));
    server.send('pong', from.port, from.address);
  });
  client.on('message', (text) => {
    console.log('client', String(text));
    server.close();
    client.close();
    mark();
  });
  server.bind(0, '127.0.0.1', () => {
    client.bind(0, '127.0.0.1', () => client.send('ping', server.address().port, '127.0.0.1'));
  });
}

mark(talk);
