// SPDX-License-Identifier: MIT
'use strict';
// inherited.js STREAM: the last process runs what the first has registered, by the first's IDs.
const lines = require('fs').readFileSync(process.argv[2], 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const processes = lines.filter(({ event }) => event === 'process').map(({ processID }) => processID ?? 1);
const of = (id) => lines.filter(({ processID = 1 }) => processID === id);
const first = of(processes[0]), last = of(processes[processes.length - 1]);
const complain = (...what) => console.log(...what);

if (processes.length !== 3)
  complain(`${processes.length} processes`);
for (const type of ['uv_poll_start', 'uv_timer_start', 'uv_signal_start']) {
  const links = first.filter(({ event, data }) => event === 'link' && data.type === type);
  if (links.length !== (type === 'uv_timer_start' ? 2 : 1))
    complain(`${links.length} of ${type}`);
  for (const { linkID, data } of links) {
    const cause = first.find((line) => line.event === 'cause' && line.linkID === linkID);
    const operation = first.find((line) => line.event === 'operation' && line.linkID === linkID);
    const begun = last.filter((line) => line.event === 'executeBegin' && line.causeID === cause.causeID);
    const states = last.filter((line) => line.event === 'state' && line.operationID === operation.operationID);
    const runs = data.repeat && type === 'uv_timer_start' ? 3 : 1;
    if (begun.length !== runs)
      complain(`${type}: runs ${begun.length} times in the child, not ${runs}`);
    if (begun[0]?.operationID !== operation.operationID)
      complain(`${type}: what runs in the child is not the operation that the parent queued`);
    if (states.map(({ state }) => state).join() !== 'Ready,Executing,Retired')
      complain(`${type}: in the child its operation is ${states.map(({ state }) => state).join()}`);
    if (!first.some((line) => line.event === 'cancel' && line.linkID === linkID))
      complain(`${type}: the parent has not ended it`);
  }
}
