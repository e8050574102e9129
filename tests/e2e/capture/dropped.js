// SPDX-License-Identifier: MIT
// Compiles functions, calls each once and drops it:  node dropped.js COUNT
'use strict';
global.fs = require('fs');
const count = Number(process.argv[2]);
for (let i = 0; i < count; i++) {
  const make = new Function(`return function dropped_${i}() { return fs.existsSync('/uvtree-dropped-${i}'); }`);
  if (make()()) throw new Error('it exists');
}
console.log('done');
if (process.argv[3]) fs.writeFileSync(process.argv[3], String(process.resourceUsage().maxRSS));
