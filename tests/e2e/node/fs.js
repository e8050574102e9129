// SPDX-License-Identifier: MIT
// Asynchronous file operations, one after another, by callback.
'use strict';
const fs = require('fs');
const mark = require('./mark');
const read = require('./read');

function write(path, text, next) {
  fs.open(path, 'w', (failed, file) => {
    if (failed) return next(failed);
    fs.write(file, text, (error) => fs.close(file, () => next(error)));
  });
}

const steps = [
  (next) => fs.mkdir('dir', next),
  (next) => write('dir/a', 'hello', next),
  (next) => read('dir/a', next),
  (next) => fs.stat('dir/a', (error, stat) => next(error, stat.size)),
  (next) => fs.copyFile('dir/a', 'dir/b', next),
  (next) => fs.rename('dir/b', 'dir/c', next),
  (next) => fs.readdir('dir', (error, names) => next(error, names.join())),
  (next) => fs.symlink('a', 'dir/soft', next),
  (next) => fs.readlink('dir/soft', (error, target) => next(error, target)),
  (next) => fs.unlink('dir/soft', next),
  (next) => fs.unlink('dir/a', next),
  (next) => fs.unlink('dir/c', next),
  (next) => fs.rmdir('dir', next),
  (next) => fs.stat('missing', (error) => next(null, error.code)),
];

function run(index) {
  if (index === steps.length) return mark();
  steps[index]((error, result) => {
    if (error) throw error;
    console.log(index, result === undefined ? '' : result);
    run(index + 1);
  });
}

mark(() => run(0));
