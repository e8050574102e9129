// SPDX-License-Identifier: MIT
// Asks by hand, so that the stream holds nothing of node:http's client.
'use strict';
const net = require('net');

exports.ask = function ask(port, path, done = () => {}) {
  const socket = net.connect(port, '127.0.0.1');
  socket.on('close', done);
  socket.resume();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
};
