// SPDX-License-Identifier: MIT
// The load of scripts/demo: a few requests of each kind on connections of their own, then /stop.
//   demo-load.js PORT ROUNDS
'use strict';
const http = require('http');

const port = Number(process.argv[2]);
const rounds = Number(process.argv[3]);

function get(path, next) {
  const request = http.get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
    response.resume().on('end', next);
  });
  request.on('error', (error) => {
    console.error(`demo-load: ${error.message}`);
    process.exitCode = 1;
  });
}

function round(left) {
  if (!left) return get('/stop', () => {});
  let open = 3;
  for (const path of ['/file', '/timer', '/lookup']) get(path, () => --open || round(left - 1));
}

round(rounds);
