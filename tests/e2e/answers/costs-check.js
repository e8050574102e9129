// SPDX-License-Identifier: MIT
// Do the costs of costs.js' routes lie in their columns?  costs-check.js REQUESTS.json
//
// Half of the requests (the median) must have the cost nearly as it was made; a machine under load adds to others.
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

function expect(route, key, least, most) {
  const value = median(route, key);
  console.log(`${route} ${key}: ${value.toFixed(2)} ms`);
  check(value >= least && value <= most, `${least} <= ${key} of ${route} <= ${most}`);
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
  expect('/busy', 'running', 4.9, 9);
  expect('/busy', 'poolWork', 0, 0);
  expect('/pool', 'poolWork', 2, 60);
  expect('/pool', 'running', 0, 4);
  expect('/pool', 'outside', 0, 1);
  expect('/timer', 'outside', 17, 22);
  expect('/timer', 'poolWork', 0, 0);
  expect('/upstream', 'outside', 26, 40);
  expect('/upstream', 'running', 0, 6);
  expect('/fails', 'outside', 0, 1);
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
