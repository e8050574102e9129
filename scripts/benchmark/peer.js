// SPDX-License-Identifier: MIT
// Other tools that see asynchronous operations, as their users load them:  node -r peer.js PROGRAM
// UVTREE_BENCH_PEER names one, UVTREE_BENCH_MODULES the folder of npm's packages.
'use strict';
const path = require('path');
const npm = (name) => require(path.join(process.env.UVTREE_BENCH_MODULES, name));
const nothing = () => {};

const peers = {
  hooks: () => require('async_hooks').createHook({ init: nothing, before: nothing, after: nothing, destroy: nothing }).enable(),
  'promise-hooks': () => require('v8').promiseHooks.createHook({ init: nothing, before: nothing, after: nothing, settled: nothing }),
  inspector: () => {
    const { Session } = require('inspector');
    const session = new Session();
    session.connect();
    session.post('Debugger.enable');
    session.post('Debugger.setAsyncCallStackDepth', { maxDepth: 32 });
  },
  'blocked-at': () => npm('blocked-at')(nothing),
  trace: () => npm('trace'),
  longjohn: () => npm('longjohn'),
  wtfnode: () => npm('wtfnode'),
  'prom-client': () => npm('prom-client').collectDefaultMetrics(),
};
peers[process.env.UVTREE_BENCH_PEER]();
