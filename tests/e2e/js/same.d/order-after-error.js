// SPDX-License-Identifier: MIT
'use strict';
process.on('uncaughtException', (error) => setImmediate(() => console.log('handled', error.message)));
setTimeout(() => {
  for (const name of ['a', 'b', 'c'])
    process.nextTick(() => {
      console.log(name);
      queueMicrotask(() => console.log('microtask of', name));
      throw new Error(name);
    });
  setImmediate(() => console.log('immediate'));
  Promise.reject(new Error('rejected'));
}, 1);
