// SPDX-License-Identifier: MIT
'use strict';
const vm = require('vm');
const context = vm.createContext({ console, setTimeout });
vm.runInContext("Promise.resolve(1).then((x) => console.log('in a context', x)); setTimeout(() => console.log('timer'), 1)", context);
console.log(vm.runInContext('Object.getOwnPropertyNames(globalThis).length', context));
vm.runInNewContext('(async () => { await 1; throw new Error("of another") })()').catch((e) => console.log(e instanceof Error, e.message));
if (typeof ShadowRealm === 'function')
  console.log(new ShadowRealm().evaluate('Object.getOwnPropertyNames(globalThis).sort().join()'));
