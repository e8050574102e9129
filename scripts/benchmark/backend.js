// SPDX-License-Identifier: MIT
// What stands behind a server of the benchmark, as light as it can be made:  backend.js lines|http FILE
//   lines   a database of sorts: each line is a query, its answer a line
//   http    gives the same page to every request (without a body)
// Writes "PORT PID" to FILE once it listens; ends when its standard input does.
'use strict';
const fs = require('fs');
const net = require('net');
const [kind, portFile] = process.argv.slice(2);

const body = 'from upstream\n'.repeat(8);
const page = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const kinds = {
  lines: { end: '\n', answer: (query) => `${query} ${'0123456789'.repeat(10)}\n` },
  http: { end: '\r\n\r\n', answer: () => page },
};
const { end, answer } = kinds[kind];

const server = net.createServer((socket) => {
  let rest = '';
  socket.setEncoding('latin1').setNoDelay();
  socket.on('data', (data) => {
    const queries = (rest + data).split(end);
    rest = queries.pop();
    if (queries.length) socket.write(queries.map(answer).join(''));
  });
  socket.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${portFile}.new`, `${server.address().port} ${process.pid}\n`);
  fs.renameSync(`${portFile}.new`, portFile);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
