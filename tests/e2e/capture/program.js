// SPDX-License-Identifier: MIT
// Calls from known stacks: each works on a path of its own, by which the test finds it.
'use strict';
const fs = require('fs');
const { Worker, isMainThread, workerData } = require('worker_threads');

const prefix = isMainThread ? '/uvtree-main' : workerData;

function probe(name) {
  try {
    fs.statSync(`${prefix}-${name}`);
  } catch (error) {
    console.log(error.code, name);
  }
}

function recurse(depth) {
  if (depth === 0) probe('deep');
  else recurse(depth - 1);
}

function inner(then) {
  fs.stat(`${prefix}-async`, function onStat() {
    probe('in-callback');
    then();
  });
}

function middle(then) {
  inner(then);
}

function twice(f) {
  [1].forEach(function each() {
    f('through-builtin');
  });
}

async function later() {
  await null;
  probe('after-await');
}

function startWorker() {
  if (isMainThread) new Worker(__filename, { workerData: '/uvtree-worker' });
}

function main() {
  probe('plain');
  twice(probe);
  recurse(300);
  later().then(() => setTimeout(function onTimeout() {
    probe('in-timeout');
    middle(startWorker);
  }, 1));
}

main();
