// SPDX-License-Identifier: MIT
setTimeout(function stops() {
  const answer = 42; // here
  console.log('answer', answer);
  require('worker_threads').parentPort.postMessage(answer);
}, 1);
