// SPDX-License-Identifier: MIT
// Do the costs of costs.js' routes lie in their columns?  costs-check.js REQUESTS.json
//
// Only what is certain on a machine under any load: sums, what cannot be there, and what is at least as long as the
// program made it by the clock of the trace. A timer is none of those: libuv counts from an earlier time.
'use strict';
const fs = require('fs');

const { requests, count, failed } = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const PARTS = ['running', 'ready', 'poolWork', 'poolWait', 'outside'];
const MS = 1e6;

function check(condition, text) {
  if (condition) return;
  console.error(`not so: ${text}`);
  process.exitCode = 1;
}

const ofRoute = (route) => requests.filter(({ request }) => request === `GET ${route}`);

const total = (route, key) => ofRoute(route).reduce((sum, request) => sum + request[key], 0);

function show(route) {
  const [name, ...values] = [route, ...PARTS.map((key) => `${key} ${(total(route, key) / ofRoute(route).length / MS).toFixed(2)} ms`)];
  console.log(`${name}: on average ${values.join(', ')}`);
}

// The route costs something there; its other requests may have had it while they were running or ready.
const costs = (route, key) => check(total(route, key) > 0, `${route} costs ${key}`);
const never = (route, key) => check(ofRoute(route).every((request) => request[key] === 0), `${route} never costs ${key}`);
const answered = (route) => ofRoute(route).filter((request) => request.finished);

function checkSums() {
  for (const request of requests) {
    const sum = PARTS.reduce((total, part) => total + request[part], 0);
    check(sum === request.wall, `the parts of ${request.request} #${request.executeID} sum up to ${request.wall}: ${sum}`);
    check(request.totalPoolWork >= request.poolWork, 'parallel work is not less than its part');
    const path = request.criticalPath.reduce((total, { poolWait, poolWork, outside, ready, ran }) => total + poolWait + poolWork + outside + ready + ran, 0);
    if (request.finished && !request.criticalPathCut)
      check(path === request.wall, `the critical path of #${request.executeID} is ${request.wall} long: ${path}`);
  }
}

function checkRoutes() {
  for (const route of ['/busy', '/pool', '/timer', '/upstream', '/fails', '/shared']) {
    check(answered(route).length > 0, `there are requests of ${route}`);
    show(route);
  }
  check(answered('/busy').every(({ running }) => running >= 5 * MS), '/busy runs for its 5 ms');
  for (const route of ['/busy', '/timer', '/upstream', '/fails', '/shared'])
    for (const key of ['poolWork', 'poolWait', 'totalPoolWork']) never(route, key);
  costs('/pool', 'poolWork');
  check(answered('/pool').every(({ totalPoolWork }) => totalPoolWork > 0), 'all of /pool work in the pool');
  for (const route of ['/timer', '/upstream', '/shared']) costs(route, 'outside');
  check(ofRoute('/fails').every((request) => request.failed), 'what answers 500 failed');
  // When wrk goes it closes its two connections, whatever is under way on them.
  const open = requests.filter((request) => !request.finished);
  check(open.length <= 2 * 6, `only what wrk left was not answered: ${open.length}`);
  check(open.every(({ outcome }) => outcome === 'aborted'), 'what wrk left was aborted by it');
  check(failed === ofRoute('/fails').filter((request) => request.finished).length, `nothing else failed: ${failed}`);
  check(count === requests.length, 'all are told');
}

checkSums();
checkRoutes();
