// SPDX-License-Identifier: MIT
'use strict';
// What a program could see of an agent.
const { execFileSync } = require('child_process');
const { executionAsyncId, triggerAsyncId, createHook, AsyncResource } = require('async_hooks');
const { Worker } = require('worker_threads');
const util = require('util');
const withoutLayer = { ...process.env, UVTREE_LAYER: undefined, LD_PRELOAD: undefined };
const child = (code, env) => execFileSync(process.execPath, ['-p', code], { env, encoding: 'utf8' }).trim();

console.log(process.env.NODE_OPTIONS, process.execArgv);
console.log(Object.keys(require.cache), module.children.length, Object.keys(require('module')._pathCache).length);
console.log(process.eventNames(), Object.getOwnPropertyNames(process).sort().join());
console.log(process._preload_modules);
console.log(Object.getOwnPropertyNames(globalThis).sort().join());
console.log(process._getActiveHandles().length, process._getActiveRequests().length,
            process.getActiveResourcesInfo?.());
console.log(executionAsyncId(), triggerAsyncId(), new AsyncResource('X').asyncId());
console.log(util.inspect(Promise.resolve(1), { showHidden: true }), Reflect.ownKeys(Promise.reject().catch(() => {})));
console.log(util.inspect(setTimeout(() => {}, 1)).replace(/\d{2,}/g, 'N'));
console.log(util.inspect(setInterval(() => {}, 1e6).unref()).replace(/\d{2,}/g, 'N'));
console.log([clearTimeout, clearInterval, clearImmediate, setTimeout].map((f) => [f.name, f.length, Reflect.ownKeys(f).join()]));
console.log(Object.getOwnPropertyDescriptor(globalThis, 'clearTimeout').enumerable, clearTimeout === require('timers').clearTimeout);
console.log(Object.getOwnPropertyNames(AsyncResource.prototype), Error.stackTraceLimit, Error.prepareStackTrace);
console.log(child('[process.env.NODE_OPTIONS, process.execArgv]', process.env));
console.log(child('[process.env.NODE_OPTIONS, process.execArgv]', withoutLayer));
createHook({ init() {} }).enable().disable();
new Worker('console.log(process.env.NODE_OPTIONS, process.execArgv, Object.keys(require.cache))', { eval: true })
  .on('exit', (code) => console.log('worker', code));
