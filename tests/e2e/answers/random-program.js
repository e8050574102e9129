// SPDX-License-Identifier: MIT
// A program that does random asynchronous things, some dozens of them:  random-program.js SEED
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');

let state = Number(process.argv[2]) * 7919 + 17;
function below(limit) {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
  return (state >> 8) % limit;
}

let left = 60;

function echo(then) {
  const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '127.0.0.1', () => {
    const client = net.connect(server.address().port, '127.0.0.1', () => client.end('hello'));
    client.resume().on('close', () => server.close(then));
  });
}

function interval(then) {
  let turns = 3;
  const timer = setInterval(() => {
    if (--turns) return;
    clearInterval(timer);
    then();
  }, 1);
}

const ACTIONS = [
  (then) => setTimeout(then, below(5)),
  (then) => setImmediate(then),
  (then) => process.nextTick(then),
  (then) => fs.stat(__filename, then),
  (then) => fs.readFile(__filename, then),
  (then) => fs.stat('/nowhere', then),
  (then) => crypto.pbkdf2('a', 'b', 500, 16, 'sha256', then),
  (then) => crypto.randomBytes(16, then),
  (then) => Promise.resolve().then(() => then()),
  (then) => clearTimeout(setTimeout(() => {}, 1000)) || then(),
  async (then) => {
    await null;
    then();
  },
  interval,
  echo,
];

function step() {
  for (let branches = 1 + below(2); branches > 0 && left > 0; branches--) {
    left--;
    ACTIONS[below(ACTIONS.length)](step);
  }
}

step();
step();
