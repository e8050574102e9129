// SPDX-License-Identifier: MIT
// compare.js EXPECTED STREAM: is the stream (convert --layer js --user --no-states) the one that was written by hand?
// IDs are renamed in the order of their first appearance; times, places and descriptions are left out; what a line
// says is kept in the terms of the expected file. Exit status 1 and a difference by lines where not.
'use strict';
const fs = require('fs');

const [expectedFile, streamFile] = process.argv.slice(2);

function read(file) {
  return fs.readFileSync(file, 'utf8').split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

// "f1 /a/b.js:3": the name alone; that of a program's file is its path without the directory.
function nameOf(text) {
  const name = text?.slice(0, text.lastIndexOf(' '));
  return name === '(anonymous)' ? undefined : name;
}

const KEPT = {
  executeBegin: ({ executeID, causeID, within }) => ({ executeID, causeID, within: within || undefined }),
  executeEnd: ({ executeID }) => ({ executeID }),
  link: ({ executeID, linkID, data }) =>
    ({ executeID, linkID, type: data.type, function: nameOf(data.function), repeat: data.repeat }),
  cause: ({ executeID, linkID, causeID }) => ({ executeID, linkID, causeID }),
  cancel: ({ executeID, linkID }) => ({ executeID, linkID }),
  failedCallback: ({ executeID, data }) => ({ executeID, message: data.message }),
  handled: ({ executeID }) => ({ executeID }),
  label: ({ executeID, data }) => ({ executeID, kind: data.kind, name: data.name, status: data.status || undefined }),
};

function simplify(lines) {
  return lines.filter((line) => KEPT[line.event]).map((line) => ({ event: line.event, ...KEPT[line.event](line) }));
}

// http's parser calls into JavaScript several times for each request: once with the listener, else with nothing of
// the program's. How often is Node's business.
function withoutEmptyCalls(lines) {
  const requests = new Set(lines.filter((line) => line.type === 'HTTPINCOMINGMESSAGE').map((line) => line.linkID));
  const causes = new Set(lines.filter((line) => line.event === 'cause' && requests.has(line.linkID))
    .map((line) => line.causeID));
  const used = new Set(lines.filter((line) => !line.event.startsWith('execute')).map((line) => line.executeID));
  const empty = new Set(lines.filter((line) => causes.has(line.causeID) && !used.has(line.executeID) &&
                                               line.event === 'executeBegin').map((line) => line.executeID));
  return lines.filter((line) => !line.event.startsWith('execute') || !empty.has(line.executeID));
}

// Threads run side by side: their lines are put one after the other, by thread.
function byThread(lines) {
  const threadOf = new Map(lines.filter((line) => line.event === 'executeBegin').map((line) => [line.executeID, line.tid]));
  const threads = new Set(threadOf.values());
  const sorted = [];
  for (const thread of threads)
    sorted.push(...lines.filter((line) => threadOf.get(line.executeID) === thread));
  return sorted;
}

function renamer() {
  const names = new Map([[0, 0]]);
  return (id) => {
    if (id === undefined)
      return undefined;
    if (!names.has(id))
      names.set(id, names.size);
    return names.get(id);
  };
}

function rename(lines) {
  const execute = renamer();
  const link = renamer();
  const cause = renamer();
  return lines.map((line) => JSON.stringify({
    ...line,
    executeID: execute(line.executeID),
    within: execute(line.within),
    linkID: link(line.linkID),
    causeID: cause(line.causeID),
  }));
}

const expected = rename(read(expectedFile));
const found = rename(withoutEmptyCalls(simplify(byThread(read(streamFile)))));
let same = expected.length === found.length;
const report = [];
for (let i = 0; i < Math.max(expected.length, found.length); i++) {
  if (expected[i] === found[i]) {
    report.push(`  ${expected[i]}`);
    continue;
  }
  same = false;
  if (expected[i])
    report.push(`- ${expected[i]}`);
  if (found[i])
    report.push(`+ ${found[i]}`);
}
if (!same) {
  console.error(report.join('\n'));
  process.exitCode = 1;
}
