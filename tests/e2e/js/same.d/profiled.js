// SPDX-License-Identifier: MIT
// The files that a profile names, but for Node's own, of which now the one, now the other is caught in it.
'use strict';
const fs = require('fs');
const [folder] = process.argv.slice(2);
const urls = new Set();
for (const file of fs.readdirSync(folder))
  for (const { callFrame: { url } } of JSON.parse(fs.readFileSync(folder + '/' + file)).nodes)
    if (!url.startsWith('node:'))
      urls.add(url);
console.log([...urls].filter((url) => url !== '' && !url.endsWith('timers.js')));
