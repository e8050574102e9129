// SPDX-License-Identifier: MIT
// Of resolved stacks (resolve.js) those of stacks.c's uv_fs_stat calls, with the functions of the program:
//   node probes-c.js PROGRAM STACKS
'use strict';
const fs = require('fs');
const [, , program, stacks] = process.argv;
const CUT = 128;

for (const line of fs.readFileSync(stacks, 'utf8').split('\n').filter(Boolean)) {
  const { type, text, frames } = JSON.parse(line);
  if (type !== 'uv_fs_stat') continue;
  // Up to main or the thread's function; what libuv does above it, where it is part of the program, is not of interest.
  const own = frames.filter(({ file }) => file === program).map(({ name }) => name)
    .filter((name) => !/^_start$|^uv_|^uv__|^thread/.test(name));
  console.log(frames.length === CUT ? `${text}: ${CUT} frames, the outermost ${own[own.length - 1]}` : `${text}: ${own.join(' ').replace(/ on_timer main$/, ' on_timer')}`);
}
