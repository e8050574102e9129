// SPDX-License-Identifier: MIT
// Do the costs of costs.js' routes lie in their columns?  costs-check.js REQUESTS.json
//
// A machine under load adds to each, so that little can be said of how much: by the median, a cost is more than that of
// routes that do not have it; and a loop that looks at the clock itself runs at least as long as that.
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

function median(route, key) {
  const values = ofRoute(route).map((request) => request[key]).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] / MS;
}

// The routes that have a cost have more of it than any other has.
function expectMost(key, having, others) {
  for (const route of [...having, ...others]) console.log(`${route} ${key}: ${median(route, key).toFixed(2)} ms`);
  for (const one of having)
    for (const other of others) check(median(one, key) > median(other, key), `more ${key} of ${one} than of ${other}`);
}

// Of every request of the route that was answered.
function expectAll(route, text, holds) {
  const wrong = ofRoute(route).filter((request) => request.finished && !holds(request));
  check(!wrong.length, `${text}, of ${route}: ${JSON.stringify(wrong[0])}`);
}

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
  for (const route of ['/busy', '/pool', '/timer', '/upstream', '/fails', '/shared'])
    check(ofRoute(route).length >= 10, `there are requests of ${route}`);
  expectMost('running', ['/busy'], ['/timer', '/fails', '/shared']);
  expectMost('outside', ['/timer', '/upstream'], ['/busy', '/pool', '/fails']);
  expectMost('poolWork', ['/pool'], ['/busy', '/timer', '/fails', '/shared']);
  expectAll('/busy', 'the loop runs for 5 ms by its own clock', ({ running }) => running >= 5 * MS);
  for (const route of ['/busy', '/timer', '/fails', '/shared']) expectAll(route, 'no work of the pool', ({ poolWork, poolWait }) => !poolWork && !poolWait);
  expectAll('/pool', 'the pool works', ({ totalPoolWork }) => totalPoolWork > 0);
  check(ofRoute('/fails').every((request) => request.failed), 'what answers 500 failed');
  // When wrk goes it closes its two connections, whatever is under way on them.
  const open = requests.filter((request) => !request.finished);
  check(open.length <= 2 * 6, `only what wrk left was not answered: ${open.length}`);
  check(open.every((request) => request.failed), 'what was not answered failed');
  check(failed === open.length + ofRoute('/fails').filter((request) => request.finished).length, `nothing else failed: ${failed}`);
  check(count === requests.length, 'all are told');
}

checkSums();
checkRoutes();
