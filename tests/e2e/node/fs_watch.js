// SPDX-License-Identifier: MIT
// A watched directory, then a polled file.
'use strict';
const fs = require('fs');
const mark = require('./mark');

fs.mkdirSync('watched');

// The listener hears of a file that is not there as soon as that is known.
function poll() {
  fs.watchFile('missing', { interval: 20 }, (now) => {
    console.log('polled', now.isFile());
    fs.unwatchFile('missing');
    mark();
  });
}

mark(() => {
  const watcher = fs.watch('watched', (event, name) => {
    console.log(event, name);
    watcher.close();
    poll();
  });
  fs.mkdirSync('watched/made');
});
