// SPDX-License-Identifier: MIT
// A signal that the process sends itself.
'use strict';
const mark = require('./mark');

const keep = setInterval(() => {}, 1 << 30);

function onSignal(name) {
  console.log(name);
  process.removeListener('SIGUSR2', onSignal);
  clearInterval(keep);
  mark();
}

mark(() => {
  process.on('SIGUSR2', onSignal);
  process.kill(process.pid, 'SIGUSR2');
});
