// SPDX-License-Identifier: MIT
// A server that answers 30 ms late, until its standard input ends:  upstream.js PORTFILE
'use strict';
const fs = require('fs');
const http = require('http');

const server = http.createServer((request, response) => setTimeout(() => response.end('x'), 30));
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${process.argv[2]}.new`, String(server.address().port));
  fs.renameSync(`${process.argv[2]}.new`, process.argv[2]);
});
process.stdin.resume().on('end', () => process.exit());
