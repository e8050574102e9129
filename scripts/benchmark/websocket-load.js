// SPDX-License-Identifier: MIT
// Load for the WebSocket echo (wrk speaks none):  websocket-load.js PORT SECONDS
// 32 connections, on each one message of 64 bytes at a time. The frame is made once and its echo only counted, so that
// the server is busier than this. Prints "MESSAGES_PER_SECOND MESSAGES".
'use strict';
const net = require('net');
const port = Number(process.argv[2]);
const milliseconds = Number(process.argv[3]) * 1000;
const PAYLOAD = 64;
const frame = Buffer.alloc(2 + 4 + PAYLOAD, 'x');
frame.writeUInt8(0x82, 0); // the only piece of a binary message
frame.writeUInt8(0x80 | PAYLOAD, 1); // masked, as a client's must be
frame.writeUInt32BE(0, 2); // with zeros
const echo = 2 + PAYLOAD;
let messages = 0;

function connection() {
  const socket = net.connect(port, '127.0.0.1', () => {
    socket.write(
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    );
  });
  socket.setNoDelay().once('data', (answer) => {
    if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error('the server speaks no WebSocket');
    let got = 0;
    socket.on('data', (data) => {
      got += data.length;
      if (got < echo) return;
      got -= echo;
      messages++;
      socket.write(frame);
    });
    socket.write(frame);
  });
}

for (let i = 0; i < 32; i++) connection();
const begin = process.hrtime.bigint();
setTimeout(() => {
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  process.stdout.write(`${(messages / seconds).toFixed(2)} ${messages}\n`, () => process.exit(0));
}, milliseconds);
