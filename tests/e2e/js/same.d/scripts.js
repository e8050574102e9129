// SPDX-License-Identifier: MIT
// The scripts that a debugger is told of, but for Node's own.
'use strict';
const inspector = require('inspector');
const session = new inspector.Session();
session.connect();
const urls = [];
session.on('Debugger.scriptParsed', ({ params }) => urls.push(params.url));
session.post('Debugger.enable', () => {
  console.log(urls.filter((url) => !url.startsWith('node:')).sort());
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  setTimeout(() => session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    console.log(result.map(({ url }) => url).filter((url) => !url.startsWith('node:')).sort());
    session.disconnect();
  }), 5);
});
