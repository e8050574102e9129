// SPDX-License-Identifier: MIT
// The scripts that a coverage folder names, but for Node's own, and how many functions of each.
'use strict';
const fs = require('fs');
const [folder] = process.argv.slice(2);
for (const file of fs.readdirSync(folder).sort())
  for (const { url, functions } of JSON.parse(fs.readFileSync(folder + '/' + file)).result)
    if (!url.startsWith('node:'))
      console.log(url, functions.length);
