// SPDX-License-Identifier: MIT
// What is written and read again under --watch: it runs once, and is ended.
'use strict';
const { spawn } = require('child_process');
const child = spawn(process.execPath, ['--no-warnings', '--watch', 'add.js'], { stdio: ['ignore', 'pipe', 'inherit'] });
let text = '';
child.stdout.on('data', (data) => {
  text += data;
  if (/Completed running/.test(text) && !child.killed)
    child.kill();
});
child.on('exit', (code, signal) => console.log(text, code, signal));
