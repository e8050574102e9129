// SPDX-License-Identifier: MIT
// Of scripts/bench-instructions:  instructions.js FOLDER WORKLOAD COUNT TOP
// FOLDER/MODE/callgrind*: what callgrind counted of each thread, by address; FOLDER/MODE/map: what V8 compiled where.
'use strict';
const fs = require('fs');
const path = require('path');
const [folder, workload] = process.argv.slice(2);
const [count, top] = process.argv.slice(4).map(Number);

// V8's code, sorted by address; of what lay at the same place the last stays.
function readMap(file) {
  const byStart = new Map();
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const [, start, size, name] = /^([0-9a-f]+) ([0-9a-f]+) (.*)$/.exec(line) ?? [];
    if (start !== undefined)
      byStart.set(parseInt(start, 16), { start: parseInt(start, 16), end: parseInt(start, 16) + parseInt(size, 16), name });
  }
  return [...byStart.values()].sort((a, b) => a.start - b.start);
}

function codeAt(map, address) {
  let low = 0;
  let high = map.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (map[middle].start <= address) low = middle + 1;
    else high = middle;
  }
  const code = map[low - 1];
  return code !== undefined && address < code.end ? code.name : undefined;
}

// Callgrind gives a name once, as "(number) name", and then its number.
function named(names, text) {
  const [, number, name] = /^\((\d+)\)(?: (.*))?$/.exec(text) ?? [];
  if (name !== undefined) names.set(number, name);
  return names.get(number) ?? text;
}

// Calls `cost` with what each place took itself. Lines: https://valgrind.org/docs/manual/cl-format.html
function readCallgrind(file, cost) {
  const objects = new Map();
  const functions = new Map();
  let object;
  let where;
  let address = 0;
  let isCall = false; // the next line says what the called function took
  for (const line of fs.readFileSync(file, 'latin1').split('\n')) {
    const [, key, value] = /^(c?ob|c?fn|calls)=(.*)$/.exec(line) ?? [];
    if (key === 'ob') object = named(objects, value);
    else if (key === 'cob') named(objects, value);
    else if (key === 'fn') where = named(functions, value);
    else if (key === 'cfn') named(functions, value);
    else if (key === 'calls') isCall = true;
    if (!/^(0x|[+*-])/.test(line)) continue;
    const [position, , instructions] = line.split(' ');
    if (position.startsWith('0x')) address = parseInt(position, 16);
    else if (position !== '*') address += Number(position);
    if (!isCall) cost(address, object, where, Number(instructions ?? 0));
    isCall = false;
  }
}

function total(file) {
  return Number(/^totals: (\d+)$/m.exec(fs.readFileSync(file, 'latin1'))?.[1] ?? 0);
}

// By "PART name", for a request; the main thread is the one that did most.
function read(mode) {
  const at = path.join(folder, mode);
  const map = readMap(path.join(at, 'map'));
  const files = fs.readdirSync(at).filter((name) => name.startsWith('callgrind')).map((name) => path.join(at, name));
  const main = files.sort((a, b) => total(b) - total(a))[0];
  const taken = new Map();
  readCallgrind(main, (address, object = '', where, instructions) => {
    const code = codeAt(map, address);
    const name = code === undefined ? `${path.basename(object)} ${where}` : code.replace(/^(JS:)[*^~+]+/, '$1').replace(/:\d+:\d+$/, '');
    taken.set(name, (taken.get(name) ?? 0) + instructions / count);
  });
  return taken;
}

function part(name) {
  if (name.includes('node:internal/uvtree')) return "the agent's JavaScript";
  if (name.startsWith('libuvtree')) return 'the preload object';
  if (name.startsWith('liblttng') || name.startsWith('liburcu')) return 'LTTng';
  if (name.startsWith('JS:')) return "JavaScript of Node and the program";
  if (name.startsWith('Builtin:')) return "V8's builtins";
  return 'native code of Node, V8 and libraries';
}

const sum = (values) => [...values].reduce((a, b) => a + b, 0);
const number = (n, width) => Math.round(n).toLocaleString('en').padStart(width);
const plain = read('plain');
console.log(`${workload}: instructions for a request, in the mean of ${count}; plain: ${number(sum(plain.values()), 0)}`);
const added = {};
for (const mode of ['all', 'hooks']) {
  added[mode] = read(mode);
  for (const [name, instructions] of plain) added[mode].set(name, (added[mode].get(name) ?? 0) - instructions);
}
const parts = (taken) => {
  const of = {};
  for (const [name, instructions] of taken) of[part(name)] = (of[part(name)] ?? 0) + instructions;
  return of;
};
const ofAll = parts(added.all);
const ofHooks = parts(added.hooks);
console.log(`  ${'added'.padEnd(40)} all layers   empty hooks`);
for (const [name, instructions] of Object.entries(ofAll).sort(([, a], [, b]) => b - a))
  console.log(`  ${name.padEnd(40)} ${number(instructions, 10)}    ${number(ofHooks[name] ?? 0, 10)}`);
console.log(`  ${'together'.padEnd(40)} ${number(sum(added.all.values()), 10)}    ${number(sum(added.hooks.values()), 10)}`);
console.log('  most of it, with all layers:');
for (const [name, instructions] of [...added.all].sort(([, a], [, b]) => b - a).slice(0, top))
  console.log(`  ${number(instructions, 8)}  ${name.replace(/^JS:/, '').replace(/ node:internal\/uvtree/, ' (agent)')}`);
