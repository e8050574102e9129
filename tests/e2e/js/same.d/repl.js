// SPDX-License-Identifier: MIT
// A REPL cuts the stacks of what is thrown in it and in the callbacks from it, also if that comes later.
'use strict';
const { PassThrough } = require('stream');
const input = new PassThrough();
const output = new PassThrough();
const { context } = require('repl').start({ prompt: '', input, output, terminal: false });
context.fail = () => null.x;
// Each fails once; then comes the next.
const steps = [
  'throw new Error(1);\n',
  '_error.message;\nsetImmediate(() => { throw new Error(2); }); 0;\n',
  '_error.message;\nsetTimeout(fail); 0;\n',
  '_error.message;\nprocess.nextTick(() => { throw Object.create(null); }); 0;\n',
  'Promise.reject(new Error(3)); 0;\n',
];
const next = () => (steps.length ? input.write(steps.shift()) : input.end());
output.on('data', (text) => {
  process.stdout.write(text);
  if (/^Uncaught/m.test(text))
    setImmediate(next);
});
next();
