// SPDX-License-Identifier: MIT
'use strict';
const crypto = require('crypto');
const tries = [
  () => crypto.createCipheriv('nothing', 'k', 'i'),
  () => crypto.createHash('nothing'),
  () => crypto.pbkdf2('p', 's', 1, 1, 'nothing', () => {}),
  () => crypto.scryptSync('p', 's', 64, { N: 3 }),
  () => crypto.createECDH('nothing'),
  () => crypto.generateKeyPairSync('ec', { namedCurve: 'nothing' }),
  () => crypto.generateKeyPairSync('rsa', { modulusLength: 1 }),
  () => crypto.createPrivateKey('no key'),
  () => crypto.randomBytes(-1),
];
for (const one of tries)
  try {
    one();
    console.log('done');
  } catch (error) {
    console.log(error.code, error.message);
  }
crypto.randomBytes(4, (error, bytes) => console.log(error, bytes.length));
