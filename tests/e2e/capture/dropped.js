// SPDX-License-Identifier: MIT
// Compiles functions, calls each once and drops it:  node dropped.js COUNT [FILE]
// FILE gets what memory it has of its own when all garbage is collected, in KiB: the peak is when V8 happens to collect.
'use strict';
global.fs = require('fs');
const count = Number(process.argv[2]);
for (let i = 0; i < count; i++) {
  const make = new Function(`return function dropped_${i}() { return fs.existsSync('/uvtree-dropped-${i}'); }`);
  if (make()()) throw new Error('it exists');
}
console.log('done');
if (process.argv[3]) {
  require('v8').setFlagsFromString('--expose-gc');
  const collect = require('vm').runInNewContext('gc');
  for (let i = 0; i < 3; i++) collect();
  fs.writeFileSync(process.argv[3], /^RssAnon:\s*(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
}
