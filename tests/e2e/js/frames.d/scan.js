// SPDX-License-Identifier: MIT
'use strict';
// scan.js STREAM MODE: complains of frames and places of uvtree's own in an event stream, anywhere in it; and where there is
// nothing to scan, as program.js has it in that mode.
const lines = require('fs').readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const own = /node:internal\/uvtree|\blibuvtree[\w-]*\.so|UVTREE_/;
const complaints = new Set();

function scan(where, value) {
  if (typeof value === 'string' && own.test(value))
    complaints.add(`${where}: ${value}`);
  else if (typeof value === 'object' && value !== null)
    Object.entries(value).forEach(([key, item]) => scan(Array.isArray(value) ? where : `${where}.${key}`, item));
}
for (const line of lines)
  if (line.event !== 'process')
    scan(line.event, line);

const links = lines.filter(({ event }) => event === 'link');
const count = (f) => links.filter(({ data }) => f(data)).length;
const expected = {
  'stacks': count(({ stack }) => stack?.length > 5),
  'stacks with the program in them': count(({ stack }) => stack?.some((frame) => frame.includes('/program.js'))),
};
if (/plain|hooks/.test(process.argv[3])) {
  expected.places = count(({ at }) => at !== undefined);
  expected.listeners = count(({ type }) => type === 'EventListener');
}
for (const [what, found] of Object.entries(expected))
  if (found < 3)
    complaints.add(`only ${found} ${what}`);
for (const complaint of complaints)
  console.log(complaint);
