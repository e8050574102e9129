// SPDX-License-Identifier: MIT
'use strict';
const test = require('node:test');
test('passes', async () => { await 1; });
test('fails', () => { throw new Error('failed'); });
