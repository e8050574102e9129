// SPDX-License-Identifier: MIT
'use strict';
switch (process.argv[2]) {
  case 'listener':
    process.on('uncaughtException', (error, origin) => console.log('caught', error.message, origin));
    break;
  case 'capture':
    process.setUncaughtExceptionCaptureCallback((error) => console.log('captured', error.message));
    break;
  case 'domain':
    require('domain').create().on('error', (error) => console.log('domain', error.message))
      .run(() => setTimeout(() => { throw new Error('in a domain'); }, 1));
    break;
}
process.on('exit', (code) => console.log('exit', code));
const later = () => setTimeout(() => console.log('later'), 30);
if (process.argv[2] === 'domain')
  later();
else
  setImmediate(function thrower() {
    later();
    process.nextTick(() => console.log('tick'));
    throw new Error('thrown');
  });
