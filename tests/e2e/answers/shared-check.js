// SPDX-License-Identifier: MIT
// node shared-check.js UVTREE TRACE: what is told of shared.js; prints what must be the same with listeners followed.
'use strict';
const assert = require('assert');
const { execFileSync } = require('child_process');
const [uvtree, trace] = process.argv.slice(2);
const run = (...args) => execFileSync(uvtree, args, { encoding: 'utf8' });

const { requests } = JSON.parse(run('requests', '-f', 'json', trace));
const [a, b] = ['/a', '/b'].map((path) => requests.find(({ request }) => request === `GET ${path}`));
const timeout = b.criticalPath.find(({ type }) => type === 'Timeout').executeID;
const { causes, hops } = JSON.parse(run('path', trace, '--index', String(timeout), '-f', 'json'));
if (!hops.some(({ type }) => type === 'EventListener')) { // a listener hangs from who added it, before there was a request
  const shared = hops.find(({ type, causedBy }) => type === 'PROMISE' && causedBy?.request);
  assert.deepStrictEqual([shared.request.label, shared.request.executeID], ['GET /b', b.executeID]);
  assert.deepStrictEqual([shared.causedBy.request.label, shared.causedBy.request.executeID], ['GET /a', a.executeID]);
  assert(causes.some(({ executeID }) => executeID === a.executeID), 'the way by causes does not lead through /a');
  assert(!hops.some(({ executeID }) => executeID === a.executeID), 'the links lead through /a');
}

const labelled = run('tree', '--user', trace, '-f', 'json').match(/"label":"[^"]*"/g);
assert.deepStrictEqual(labelled.filter((label) => !label.includes('requests ')).sort(), ['"label":"GET /a"', '"label":"GET /b"']);
// Which of Node's timers sets that of libuv depends on when they are due.
for (const { request, outcome, criticalPath } of [a, b])
  console.log(request, outcome, criticalPath.map(({ type }) => type).filter((type) => !type.startsWith('uv_timer')).join(' '));
