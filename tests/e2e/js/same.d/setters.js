// SPDX-License-Identifier: MIT
// What is added to objects and arrays of Node's and of others must not meet a setter of the program's.
'use strict';
const met = new Set();
const names = ['id', 'link', 'kind', 'once', 'timer', 'begun', 'cancelled', 'open', 'destroyed', 'number', 'type', 'caused',
               'settled', 'waiting', 'on', 'adoption', 'get', 'set', 'value', 'writable', 'enumerable', 'configurable',
               'invocation', 'error', 'path', 'url', 'method', 'listener', 'functionOf', 'isTimer', 'isTimeout', 'text'];
const work = () => {
  for (const ms of [1, 2]) {
    const p = new Promise((resolve) => setTimeout(resolve, ms));
    for (let i = 0; i < 4; i++)
      p.then(() => {});
    p.finally(() => queueMicrotask(() => {}));
  }
  setImmediate(() => Promise.reject(new Error('handled')).catch(() => {}));
  process.nextTick(() => {});
  require('fs').stat('/', () => {});
};
for (const name of names)
  Object.defineProperty(Object.prototype, name, {
    __proto__: null,
    configurable: true,
    get() { met.add('get ' + name); },
    set() { met.add('set ' + name); },
  });
for (let i = 0; i < 8; i++)
  Object.defineProperty(Array.prototype, i, {
    __proto__: null,
    configurable: true,
    get() { met.add('get element ' + i); },
    set(value) {
      met.add('set element ' + i);
      Object.defineProperty(this, i, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
    },
  });
try {
  work();
} catch (error) {
  process._rawDebug(error.message);
}
setTimeout(() => {
  for (const name of names)
    delete Object.prototype[name];
  for (let i = 0; i < 8; i++)
    delete Array.prototype[i];
  console.log([...met].sort().join('\n'));
}, 30);
