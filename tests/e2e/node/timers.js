// SPDX-License-Identifier: MIT
// Timers and immediates: Node drives them all from one libuv timer, one idle and one check watcher.
'use strict';
const mark = require('./mark');

function interval(next) {
  let times = 0;
  const timer = setInterval(() => {
    console.log('interval', ++times);
    if (times < 3) return;
    clearInterval(timer);
    next();
  }, 250); // far more than a round takes: two that are due at once are one call of libuv's
}

mark(() => setTimeout(() => {
  console.log('timeout');
  setImmediate(() => {
    console.log('immediate');
    interval(() => mark());
  });
}, 10));
