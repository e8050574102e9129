// SPDX-License-Identifier: MIT
// node random-requests-check.js LOG REQUESTS: the program's own log against `requests -f json`.
'use strict';
const fs = require('fs');
const [log, { requests, failed }] = process.argv.slice(2).map((file) => JSON.parse(fs.readFileSync(file, 'utf8')));
const said = {};
let wrong = 0;
const check = (holds, what) => {
  if (!holds) {
    wrong++;
    console.log(what);
  }
};

for (const request of requests) {
  check(!(request.request in said), `${request.request} twice`);
  said[request.request] = request;
}
/*
 * Of what the client left, both sides may close at once, and who was first only the kernel knows: then it may be either. But
 * most of it is known.
 */
const words = ({ outcome, status, left }) => (left && outcome !== 'finished' ? ['aborted', status ? 'unfinished' : 'open'] : [outcome]);
const left = Object.keys(log).filter((name) => log[name].outcome === 'aborted');

for (const [name, expected] of Object.entries(log)) {
  const { outcome, status, failed: hasFailed, waitsFor, criticalPath } = said[name] ?? {};
  check(words(expected).includes(outcome) && (status ?? null) === (expected.status ?? null) && hasFailed === expected.failed,
        `${name}: ${outcome} ${status} ${hasFailed}, expected ${JSON.stringify(expected)}`);
  check(!outcome || outcome === 'finished' || Array.isArray(waitsFor), `${name}: nothing of what it waits for`);
  check(!outcome || outcome === 'finished' || criticalPath.length > 0, `${name}: no critical path`);
}
check(left.filter((name) => said[name]?.outcome === 'aborted').length * 2 >= left.length, 'most clients that left are not seen');
check(requests.length === Object.keys(log).length, `${requests.length} requests of ${Object.keys(log).length}`);
check(failed === requests.filter((request) => request.failed).length, 'another number of failed ones');
const counts = {};
for (const { outcome } of Object.values(log))
  counts[outcome] = (counts[outcome] ?? 0) + 1;
console.log(JSON.stringify(counts));
process.exit(wrong ? 1 : 0);
