// SPDX-License-Identifier: MIT
// Child processes, waited for by an event and by blocking.
'use strict';
const { spawn, spawnSync } = require('child_process');
const mark = require('./mark');

mark(() => {
  const result = spawnSync('/bin/sh', ['-c', 'echo out; exit 4']);
  console.log(result.status, String(result.stdout));
  spawn('/bin/sh', ['-c', 'exit 3'], { stdio: 'ignore' }).on('exit', (status) => {
    console.log(status);
    spawn('/bin/sh', ['-c', 'kill -TERM $$'], { stdio: 'ignore' }).on('exit', (none, signal) => {
      console.log(signal);
      mark();
    });
  });
});
