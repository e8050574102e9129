// SPDX-License-Identifier: MIT
// node causes-check.js STREAM: what causes.js rejects with, as the stream tells it.
'use strict';
const assert = require('assert');
const fs = require('fs');

const failures = fs.readFileSync(process.argv[2], 'utf8').split('\n').filter((line) => line.includes('"failedCallback"'))
  .map((line) => JSON.parse(line).data);
const heads = (text = '') => text.split('\n').filter((line) => line && !line.startsWith('    at ') && !/^\s|^evalmachine/.test(line));
const chain = Array.from({ length: 16 }, (_, i) => `${'cause.'.repeat(i)}cause: Error: link ${38 - i}`);
assert.deepStrictEqual(failures.map(({ message, stack, causes }) => [message, heads(stack)[0], heads(causes)]), [
  ['circle', 'Error: circle', ['cause: Error: its cause']],
  ['link 39', 'Error: link 39', chain],
  ['many', 'AggregateError: many', ['errors[0]: Error: one', 'errors[1]: 2', 'errors[2]: [Odd]', 'errors[3]: [object]',
    'errors[4]: null', 'errors[5]: TypeError: elsewhere', 'errors[0].cause: a text']],
  ['got', 'Error: got', []],
  ['[Error]', undefined, []],
  ['named', undefined, []],
  ['[object]', undefined, []],
  ['[Odd]', undefined, []],
  ['undefined', undefined, []],
  ['text', undefined, []],
  ['Symbol(s)', undefined, []],
]);
