// SPDX-License-Identifier: MIT
'use strict';
const seen = [];
const again = setTimeout(() => {
  seen.push('again');
  if (seen.filter((what) => what === 'again').length < 3)
    again.refresh();
}, 2);
const stopped = setTimeout(() => seen.push('never'), 10000);
setTimeout(() => clearTimeout(stopped), 1);
const own = setInterval(() => { clearInterval(own); seen.push('own'); }, 1);
const late = setTimeout(() => setImmediate(() => { if (!late.done) { late.done = true; late.refresh(); seen.push('late'); } }), 3);
setTimeout(() => {
  console.log(seen.sort().join(), setTimeout.name, clearTimeout.toString().split('\n')[0], again.refresh.toString().length);
  Promise.resolve().then(() => console.log('reaction')).finally(() => process.nextTick(console.log, 'tick'));
}, 500);
