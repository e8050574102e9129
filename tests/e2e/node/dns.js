// SPDX-License-Identifier: MIT
// Names through the thread pool.
'use strict';
const dns = require('dns');
const mark = require('./mark');

mark(() => dns.lookup('localhost', { family: 4 }, (error, address) => {
  console.log(error, address);
  dns.lookupService('127.0.0.1', 80, (failed, host) => {
    console.log(failed, typeof host);
    mark();
  });
}));
