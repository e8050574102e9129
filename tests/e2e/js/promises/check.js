// SPDX-License-Identifier: MIT
// check.js LOG STREAM: what program.js has logged, against the stream: each of its reactions, continuations and jobs is an
// invocation, registered by the one that the program knows, and enabled by it where the program can know that.
'use strict';
const assert = require('assert');
const fs = require('fs');

const [logFile, streamFile] = process.argv.slice(2);
const read = (file) => fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));

const links = new Map();       // linkID: event
const causes = new Map();      // causeID: event
const invocations = new Map(); // executeID: event of its begin
const marked = new Map();      // who: executeID
const waiting = new Map();     // executeID: its links that have run nothing
for (const event of read(streamFile)) {
  const { executeID, linkID, causeID, data } = event;
  if (event.event === 'link') {
    links.set(linkID, event);
    waiting.set(executeID, (waiting.get(executeID) ?? new Set()).add(linkID));
  } else if (event.event === 'cause') {
    causes.set(causeID, event);
  } else if (event.event === 'executeBegin') {
    invocations.set(executeID, event);
    const link = links.get(causes.get(causeID)?.linkID);
    waiting.get(link?.executeID)?.delete(link.linkID);
  } else if (event.event === 'blocking' && data.path?.startsWith('/nowhere/')) {
    const who = Number(data.path.slice('/nowhere/'.length));
    assert.ok(!marked.has(who), `${who} runs twice`);
    marked.set(who, executeID);
  }
}

let wrong = 0;
function same(said, expected, what) {
  if (said !== expected && ++wrong < 10)
    console.log(`${what}: ${said}, expected ${expected}`);
}

const counts = { ran: 0, caused: 0, waiting: 0 };
const waitingOf = new Map();
for (const { who, by, cause, ran } of read(logFile)) {
  if (!ran) {
    counts.waiting++;
    waitingOf.set(by, (waitingOf.get(by) ?? 0) + 1);
    continue;
  }
  counts.ran++;
  const enabled = causes.get(invocations.get(marked.get(who))?.causeID);
  if (by !== undefined)
    same(links.get(enabled?.linkID)?.executeID, marked.get(by), `${who} is registered by`);
  if (cause !== undefined) {
    counts.caused++;
    same(enabled?.executeID, marked.get(cause), `${who} is enabled by`);
  }
}
for (const [by, count] of waitingOf)
  if (!(waiting.get(marked.get(by))?.size >= count))
    same(waiting.get(marked.get(by))?.size, count, `what ${by} registered and never ran`);
console.log(JSON.stringify(counts));
assert.ok(counts.ran > 100 && counts.caused > 50 && counts.waiting > 0, 'nothing much was asked');
process.exit(wrong ? 1 : 0);
