// SPDX-License-Identifier: MIT
'use strict';
const { Worker } = require('worker_threads');
const code = "console.log(process.env.NODE_OPTIONS, process.execArgv, process.argv.length, Object.keys(require.cache)," +
             "process.moduleLoadList.length); setTimeout(() => { if (process.env.FAIL) throw new Error('in it') }, 1)";
const kinds = [{}, { env: {} }, { execArgv: ['--no-warnings'] }, { argv: ['a'] }, { env: { FAIL: 1 } }, { stdout: true }];
(function next() {
  const options = kinds.shift();
  if (options)
    new Worker(code, { eval: true, ...options }).on('error', (error) => console.log(error.message))
      .on('exit', (status) => { console.log('exit', status); next(); });
})();
