#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Is this trace-event JSON what viewers can draw?   check-chrome.js TRACE.json [STREAM.jsonl]
//
// Checked by the rules of the format alone: slices (X) nest on each thread; each operation (b, e) has an id of its
// own, both ends, and its marks (n) between them; each arrow (s, f) has both ends, each inside a slice of its thread,
// and points forwards; counters are not negative; all tracks have names. With the stream it was made from: nothing
// is missing, nothing is there twice.
'use strict';
const fs = require('fs');

const violations = [];
function violation(text, event) {
  violations.push(text + (event ? ': ' + JSON.stringify(event) : ''));
}

const key = (...parts) => parts.join('/');
const push = (map, at, value) => (map.has(at) ? map.get(at).push(value) : map.set(at, [value]));
const ns = (us) => Math.round(us * 1000);

function checkFields(event, index) {
  event.index = index;
  if (typeof event.ph !== 'string' || !Number.isInteger(event.pid) || !Number.isInteger(event.tid))
    violation('no ph, pid or tid', event);
  if (event.ph === 'M') return;
  if (!(event.ts >= 0)) violation('no time', event);
  if (typeof event.name !== 'string' || !event.name) violation('no name', event);
  event.begin = ns(event.ts);
  event.end = event.begin + (event.ph === 'X' ? ns(event.dur) : 0);
  if (event.ph === 'X' && !(event.dur >= 0)) violation('no duration', event);
}

// Slices in the order in which a viewer takes them: by time, then as in the file.
function checkNesting(slices) {
  for (const list of slices.values()) {
    list.sort((a, b) => a.begin - b.begin || a.index - b.index);
    const open = [];
    for (const slice of list) {
      while (open.length && open.at(-1).end <= slice.begin) open.pop();
      if (open.length && open.at(-1).end < slice.end) violation('overlaps ' + JSON.stringify(open.at(-1)), slice);
      if (open.length && open.at(-1).begin === slice.begin) violation('begins with ' + JSON.stringify(open.at(-1)), slice);
      slice.outer = open.at(-1);
      open.push(slice);
    }
  }
}

function checkOperations(events) {
  const operations = new Map();
  const ids = new Set();
  for (const event of events.filter((e) => 'bne'.includes(e.ph))) push(operations, key(event.pid, event.cat, event.id), event);
  for (const [name, list] of operations) {
    const begins = list.filter((e) => e.ph === 'b');
    const ends = list.filter((e) => e.ph === 'e');
    if (begins.length !== 1 || ends.length !== 1) {
      violation(`operation ${name} has ${begins.length} begins and ${ends.length} ends`);
      continue;
    }
    if (ids.has(begins[0].id)) violation('an id of two operations', begins[0]);
    ids.add(begins[0].id);
    if (begins[0].name !== ends[0].name) violation('begins and ends with different names', begins[0]);
    if (list[0] !== begins[0] || list.at(-1) !== ends[0]) violation('not between begin and end in the file', begins[0]);
    if (list.some((e) => e.begin < begins[0].begin || e.begin > ends[0].begin)) violation('not between begin and end', begins[0]);
  }
  return operations.size;
}

// Does a slice enclose that event's time, for a viewer that goes through the file in order of time?
function isInSlice(slices, event) {
  const list = slices.get(key(event.pid, event.tid)) || [];
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle].begin <= event.begin) low = middle + 1;
    else high = middle;
  }
  let slice = list[low - 1];
  while (slice && slice.end <= event.begin) slice = slice.outer;
  return Boolean(slice) && (slice.begin < event.begin || slice.index < event.index);
}

function checkArrows(events, slices) {
  const arrows = new Map();
  for (const event of events.filter((e) => 'stf'.includes(e.ph))) push(arrows, event.id, event);
  for (const [id, list] of arrows) {
    const [from, to] = list;
    if (list.length !== 2 || from.ph !== 's' || to.ph !== 'f') {
      violation(`arrow ${id} has ${list.map((e) => e.ph).join()}`);
      continue;
    }
    if (from.cat !== to.cat || from.name !== to.name) violation('an arrow of two names', from);
    if (from.begin > to.begin) violation('points backwards', from);
    if (to.bp !== 'e') violation('does not end at its slice', to);
    for (const end of list) if (!isInSlice(slices, end)) violation('an end of an arrow outside all slices', end);
  }
  return arrows.size;
}

function checkOthers(events, slices) {
  const named = new Set(events.filter((e) => e.ph === 'M' && e.name.endsWith('_name')).map((e) => key(e.name, e.pid, e.name[0] === 't' ? e.tid : '')));
  for (const track of slices.keys()) {
    if (!named.has(key('thread_name', track))) violation('a thread without a name: ' + track);
  }
  for (const event of events) {
    if (event.ph === 'C' && !Object.values(event.args).every((n) => n >= 0)) violation('a negative counter', event);
    if (event.ph === 'i' && !'gpt'.includes(event.s)) violation('an instant without scope', event);
    if (!'XbnesfiCM'.includes(event.ph)) violation('an unknown phase', event);
  }
}

// pid alone may be shared by processes, so that what is compared is how often each thing occurs.
function checkComplete(events, stream) {
  const wanted = new Map();
  const found = new Map();
  const operations = new Set();
  const add = (map, what) => map.set(what, (map.get(what) || 0) + 1);
  for (const line of stream) {
    if (line.event === 'executeBegin') add(wanted, 'invocation ' + line.executeID);
    if ((line.event === 'operation' || line.state === 'Queued') && line.linkID) operations.add(key(line.processID, line.operationID));
    if (line.event === 'pollBegin') add(wanted, 'poll');
    if (line.event === 'poolBegin') add(wanted, 'pool work');
    if (line.event === 'lost') add(wanted, 'lost');
    if (line.event === 'blocking') add(wanted, 'blocking call');
  }
  for (const operation of operations) add(wanted, 'operation ' + operation.split('/')[1]);
  for (const event of events) {
    if (event.ph === 'X' && ['uv', 'js', 'root'].includes(event.cat)) add(found, 'invocation ' + event.args.executeID);
    if (event.ph === 'b') add(found, 'operation ' + event.args.operationID);
    if (event.ph === 'X' && event.cat === 'poll') add(found, 'poll');
    if (event.ph === 'X' && event.cat === 'pool') add(found, 'pool work');
    if (event.ph === 'i' && event.cat === 'lost') add(found, 'lost');
    if (event.ph === 'X' && event.cat === 'blocking') add(found, 'blocking call');
  }
  for (const what of new Set([...wanted.keys(), ...found.keys()])) {
    if (wanted.get(what) !== found.get(what)) violation(`${what}: ${wanted.get(what) || 0} times in the stream, ${found.get(what) || 0} times here`);
  }
}

function main(file, streamFile) {
  const events = JSON.parse(fs.readFileSync(file, 'utf8')).traceEvents;
  events.forEach(checkFields);
  const slices = new Map();
  for (const event of events.filter((e) => e.ph === 'X')) push(slices, key(event.pid, event.tid), event);
  checkNesting(slices);
  const operations = checkOperations(events);
  const arrows = checkArrows(events, slices);
  checkOthers(events, slices);
  if (streamFile) checkComplete(events, fs.readFileSync(streamFile, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)));
  violations.slice(0, 20).forEach((text) => console.error(text));
  console.log(`${events.length} events, ${slices.size} tracks, ${operations} operations, ${arrows} arrows, ${violations.length} violations`);
  process.exitCode = violations.length ? 1 : 0;
}

main(...process.argv.slice(2));
