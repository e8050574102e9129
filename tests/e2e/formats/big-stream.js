#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The stream of a server with so many operations, some with names that would be HTML:  big-stream.js COUNT
'use strict';
const fs = require('fs');
const total = Number(process.argv[2]);
let time = 0;
let invocations = 1;
let registrations = 0;
let operations = 1;
let lines = [];

function flush() {
  fs.writeSync(1, lines.join('\n') + '\n');
  lines = [];
}

function give(event, fields) {
  lines.push(JSON.stringify({ event, time, ...fields }));
  if (lines.length > 10000) flush();
}

const state = (of, name, at) => give('state', { operationID: of.running || of.operation, linkID: of.link, state: name, ...(at && { time: at }) });

function queue(registration) {
  registration.operation = ++operations;
  give('operation', { operationID: registration.operation, linkID: registration.link, n: ++registration.n });
  registration.running = 0;
  state(registration, 'Queued');
}

function link(by, type, data) {
  const registration = { link: ++registrations, n: 0, repeat: data.repeat };
  give('link', { executeID: by, linkID: registration.link, data: { type, layer: 'uv', ...data } });
  give('cause', { executeID: by, linkID: registration.link, causeID: registration.link });
  queue(registration);
  return registration;
}

// Runs its queued operation; returns what there is to retire, the operation first.
function run(registration, body, ready) {
  const own = { link: registration.link, operation: registration.operation };
  state(own, 'Ready', ready || time);
  time += 2000;
  const id = ++invocations;
  give('executeBegin', { executeID: id, operationID: own.operation, causeID: own.link, tid: 7 });
  state(own, 'Executing');
  if (registration.repeat) queue(registration);
  time += 5000;
  if (body) body(id);
  time += 5000;
  give('executeEnd', { executeID: id });
  state(own, body ? 'ChildrenPending' : 'Retired');
  return own;
}

function request(connection) {
  let file;
  let timer;
  let done;
  const read = run(connection, (id) => {
    file = link(id, 'uv_fs_open', { path: `/srv/<b>${id % 1000}</script>` });
    time += 1000;
    give('poolBegin', { linkID: file.link, tid: 10 + (id % 4) });
    time += 3000;
    give('poolEnd', { linkID: file.link, tid: 10 + (id % 4) });
    done = time;
  });
  const open = run(file, (id) => (timer = link(id, 'uv_timer_start', { timeout: 3 })), done);
  run(timer);
  state(open, 'Retired');
  state(read, 'Retired');
}

function main() {
  give('process', { processID: 1, pid: 7, data: { argv: ['node', '</script><img src=x onerror=alert(1)>', 'server.js'], how: 'start', format: 1 } });
  give('thread', { tid: 7, data: { role: 'main', name: 'node' } });
  give('loop', { loopID: 1, tid: 7, data: { name: 'default' } });
  for (let i = 0; i < 4; i++) give('thread', { tid: 10 + i, data: { role: 'pool', name: 'libuv-worker' } });
  give('operation', { operationID: 1, n: 0 });
  give('executeBegin', { executeID: 1, causeID: 0, operationID: 1, tid: 7 });
  give('state', { operationID: 1, state: 'Executing' });
  time = 1000;
  const server = link(1, 'uv_listen', { repeat: true, address: '0.0.0.0:80' });
  time = 2000;
  give('executeEnd', { executeID: 1 });
  give('state', { operationID: 1, state: 'ChildrenPending' });
  const connections = [];
  for (let i = 0; operations < total; i++) {
    give('pollBegin', { loopID: 1, tid: 7 });
    time += 20000;
    give('pollEnd', { loopID: 1, tid: 7 });
    if (connections.length < 50) run(server, (id) => connections.push(link(id, 'uv_read_start', { repeat: true, fd: 20 + connections.length })));
    request(connections[(i * 7) % connections.length]);
  }
  flush();
}

main();
