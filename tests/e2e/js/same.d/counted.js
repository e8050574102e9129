// SPDX-License-Identifier: MIT
// Each function of each built-in counts its calls; then everything asynchronous happens. Which are called
// at all is what Node and the program alone call; how often, chance decides where Node reads a socket.
'use strict';
const { Worker, isMainThread } = require('worker_threads');
if (process.argv[2] === 'worker' && isMainThread) {
  new Worker(__filename, { argv: [] });
} else {
  const { AsyncLocalStorage, AsyncResource } = require('async_hooks');
  const fs = require('fs');
  const http = require('http');
  const zlib = require('zlib');
  const { apply, construct, ownKeys, getPrototypeOf } = Reflect;
  const { defineProperty, getOwnPropertyDescriptor } = Object;
  const { log } = console;
  const counts = { __proto__: null };
  let counting = false;

  const counted = (f, name) => {
    counts[name] = 0;
    return new Proxy(f, {
      __proto__: null,
      apply(target, self, args) {
        counts[name] += counting;
        return apply(target, self, args);
      },
      construct(target, args, newTarget) {
        counts[name] += counting;
        return construct(target, args, newTarget);
      },
    });
  };
  const count = (object, path) => {
    const keys = ownKeys(object);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const property = getOwnPropertyDescriptor(object, key);
      const name = path + '.' + String(key);
      if (key === 'constructor' || key === 'prototype' || !property.configurable)
        continue;
      for (const part of ['value', 'get', 'set'])
        if (typeof property[part] === 'function' && (part !== 'value' || property[part] !== getPrototypeOf(Int8Array)))
          property[part] = counted(property[part], part === 'value' ? name : name + ' ' + part);
      defineProperty(object, key, property);
    }
  };
  const generator = getPrototypeOf(function* () {}());
  const iterators = { array: getPrototypeOf([][Symbol.iterator]()), map: getPrototypeOf(new Map().entries()),
                      set: getPrototypeOf(new Set().values()), generator: getPrototypeOf(generator) };
  const builtIns = ['Array', 'Promise', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Function', 'Object', 'Error',
                    'RangeError', 'TypeError', 'String', 'Number', 'Symbol', 'BigInt', 'RegExp', 'Float64Array',
                    'Uint8Array', 'ArrayBuffer', 'Proxy', 'Boolean', 'FinalizationRegistry', 'DataView'];

  const work = (done) => {
    const storage = new AsyncLocalStorage();
    setTimeout(() => {}, 1);
    const interval = setInterval(() => clearInterval(interval), 1);
    clearTimeout(setTimeout(() => {}, 1000));
    clearImmediate(setImmediate(() => {}));
    setTimeout(function again() {
      if (!this.again) {
        this.again = true;
        this.refresh();
      }
    }, 1);
    setImmediate(() => {});
    process.nextTick(() => {});
    queueMicrotask(() => {});
    const p = new Promise((resolve) => setTimeout(resolve, 3));
    (async () => {
      for (let i = 0; i < 5; i++)
        await p;
      try {
        await new Promise((resolve, reject) => setImmediate(reject, new RangeError('mine')));
      } catch { /* as it should be */ }
    })();
    Promise.all([p.then(() => 1), p.catch(() => 2), p.finally(() => 3), 4]);
    storage.run(1, () => fs.stat('/', () => storage.getStore()));
    const own = new AsyncResource('Own');
    own.runInAsyncScope(() => {});
    own.emitDestroy();
    zlib.deflate('text', () => {});
    const server = http.createServer((request, response) => response.end('ok')).listen(0, () => {
      http.get({ port: server.address().port, agent: false }, (response) => {
        response.resume();
        response.on('end', () => server.close(() => setTimeout(done, 50)));
      });
    });
  };
  work(() => { // what Node does only once has been done
    for (let i = 0; i < builtIns.length; i++) {
      const of = globalThis[builtIns[i]];
      count(of, builtIns[i]);
      if (of.prototype)
        count(of.prototype, builtIns[i] + '.prototype');
    }
    count(getPrototypeOf(Int8Array).prototype, 'TypedArray.prototype');
    const names = ownKeys(iterators);
    for (let i = 0; i < names.length; i++)
      count(iterators[names[i]], names[i]);
    count(Reflect, 'Reflect');
    count(Math, 'Math');
    count(JSON, 'JSON');
    for (const name of ['Map', 'WeakMap', 'Promise', 'Proxy', 'Array', 'Error', 'Set', 'RangeError', 'Float64Array', 'String'])
      defineProperty(globalThis, name, { value: counted(globalThis[name], name), configurable: true, writable: true });
    counting = true;
    work(() => {
      counting = false;
      const all = ownKeys(counts);
      for (let i = 0; i < all.length; i++)
        if (counts[all[i]] > 0)
          log(all[i]);
    });
  });
}
