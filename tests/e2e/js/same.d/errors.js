// SPDX-License-Identifier: MIT
// Whoever looks at what is thrown runs the program's own code: that is seen by the order of what it prints.
'use strict';
if (process.argv[2] === 'formatter')
  Error.prepareStackTrace = (error, sites) => {
    console.log('formatted', error.message, sites.length);
    return 'stack of ' + error.message;
  };
// Asked for first by a listener, which has V8 call what it likes.
const late = process.argv[2] === 'late';
function stackOf(error) {
  Error.prepareStackTrace = (_, sites) => 'sites ' + sites.length;
  const { stack } = error ?? {};
  Error.prepareStackTrace = undefined;
  return stack;
}
const loud = (text) => ({
  get message() { console.log('message of', text); return text; },
  get stack() { console.log('stack of', text); return text; },
  toString() { console.log('text of', text); return text; },
});
const thrown = [loud('plain'), new Proxy({}, { get(target, name) { console.log('trap', name); }, getPrototypeOf() { console.log('prototype'); return null; } }),
                new Error('an error'), Object.assign(new Error('2'), { cause: loud('cause') }), undefined, null, Symbol('s'), 7n];
process.on('uncaughtException', (error) => console.log('caught', typeof error, late && stackOf(error)));
process.on('unhandledRejection', (error) => console.log('rejected', typeof error, late && stackOf(error)));
for (const error of thrown) {
  setTimeout(() => { throw error; }, 1);
  Promise.reject(error);
}
setTimeout(() => console.log(Error.stackTraceLimit, new Error('last').stack.split('\n').length), 20);
setTimeout(() => { Error.prepareStackTrace = undefined; process.removeAllListeners('uncaughtException'); null.x; }, 30);
