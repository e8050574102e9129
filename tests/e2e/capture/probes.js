// SPDX-License-Identifier: MIT
// Of resolved stacks (resolve.js) those of calls with a path of program.js, with the frames that lie in that file:
//   node probes.js PROGRAM STACKS
'use strict';
const fs = require('fs');
const [, , program, stacks] = process.argv;
const CUT = 128;

for (const line of fs.readFileSync(stacks, 'utf8').split('\n').filter(Boolean)) {
  const { type, text, frames } = JSON.parse(line);
  // Of an empty text babeltrace2 may print that of a former record.
  if (type !== 'uv_fs_stat' || !text.startsWith('/uvtree-')) continue;
  const own = frames.filter(({ file }) => file === program).map(({ name, line: at }) => `${name}:${at}`);
  console.log(frames.length === CUT ? `${text}: ${CUT} frames, the outermost ${own[own.length - 1]}` : `${text}: ${own.join(' ')}`);
}
