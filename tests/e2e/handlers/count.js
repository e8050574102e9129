// SPDX-License-Identifier: MIT
// The causes of async handles in a stream are as many as the sends, but for those that were lost, which are few:
//   count.js STREAM SENDS LOST
'use strict';
const [path, sends, lost] = process.argv.slice(2);
const handles = new Set();
let causes = 0;
for (const line of require('fs').readFileSync(path, 'utf8').split('\n')) {
  const event = line ? JSON.parse(line) : {};
  if (event.event === 'link' && event.data.type === 'uv_async_init') handles.add(event.linkID);
  if (event.event === 'cause' && handles.has(event.linkID)) causes++;
}
if (causes + Number(lost) !== Number(sends) || lost > sends / 10) {
  console.error(`${sends} sends are ${causes} causes and ${lost} lost`);
  process.exit(1);
}
