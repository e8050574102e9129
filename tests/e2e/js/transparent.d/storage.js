// SPDX-License-Identifier: MIT
'use strict';
const { AsyncLocalStorage } = require('async_hooks');
const fs = require('fs');
const storage = new AsyncLocalStorage();
const other = new AsyncLocalStorage();
const show = (where) => console.log(where, storage.getStore(), other.getStore());
async function work(name) {
  await null;
  show(name);
  await fs.promises.stat(__filename);
  show(name);
  await new Promise((resolve) => setTimeout(resolve, 2));
  show(name);
}
(async () => {
  await storage.run('a', () => work('first'));
  await storage.run('b', () => other.run('c', () => work('second')));
  show('outside');
  storage.run('d', () => queueMicrotask(() => show('microtask')));
  storage.enterWith('e');
  await null;
  show('entered');
  storage.disable();
  show('disabled');
})();
