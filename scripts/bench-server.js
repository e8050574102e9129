// SPDX-License-Identifier: MIT
// The server that scripts/bench puts under load:  / hello world, /p 20 awaits, /f fs.promises.readFile of a small file.
// bench-server.js PORT_FILE; ends when its standard input does. UVTREE_BENCH_HOOKS=1: with empty async_hooks callbacks.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');

if (process.env.UVTREE_BENCH_HOOKS) {
  const nothing = () => {};
  require('async_hooks').createHook({ init: nothing, before: nothing, after: nothing, destroy: nothing }).enable();
}

const file = path.join(__dirname, '..', 'LICENSE');
const step = async (n) => n + 1;
async function awaits() {
  let n = 0;
  for (let i = 0; i < 20; i++) n = await step(n);
  return String(n);
}

const server = http.createServer(async (request, response) => {
  if (request.url === '/p') response.end(await awaits());
  else if (request.url === '/f') response.end(await fs.promises.readFile(file));
  else response.end('hello');
});
server.listen(0, '127.0.0.1', () => fs.writeFileSync(process.argv[2], String(server.address().port)));
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
