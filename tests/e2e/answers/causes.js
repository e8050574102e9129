// SPDX-License-Identifier: MIT
// Errors with causes of every kind. Nothing of the program is called to tell of them: `touched` stays 0.
'use strict';
const vm = require('vm');

let touched = 0;
const touch = (value) => () => {
  touched++;
  return value;
};
const getter = (error, name) => Object.defineProperty(error, name, { get: touch(new Error('got')) });
class Odd {
  toString() {
    return touch('odd')();
  }
}
const proxy = new Proxy(new Error('in a proxy'), {
  get: touch(undefined), getOwnPropertyDescriptor: touch(undefined), getPrototypeOf: touch(null),
});
const circle = new Error('circle', { cause: new Error('its cause') });
circle.cause.cause = circle;
let chain = new Error('link 0');
for (let i = 1; i < 40; i++)
  chain = new Error(`link ${i}`, { cause: chain });
for (let error = chain; error; error = error.cause)
  error.stack = `Error: ${error.message}`;
const values = [new Error('one', { cause: 'a text' }), 2, new Odd(), proxy, null, vm.runInNewContext('new TypeError("elsewhere")')];

process.on('unhandledRejection', () => {});
for (const error of [circle, chain, new AggregateError(values, 'many'), getter(new Error('got'), 'cause'),
  getter(new Error('hidden'), 'message'), getter(new Error('named'), 'name'), proxy, new Odd(), undefined, 'text', Symbol('s')])
  Promise.reject(error);
setTimeout(() => console.log(`touched ${touched}`), 10);
