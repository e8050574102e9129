// SPDX-License-Identifier: MIT
// What a scenario does lies between two calls of this. Node's own start-up, which differs from release to release,
// comes before the first.
'use strict';
const fs = require('fs');

module.exports = function mark(next) {
  fs.access('/uvtree-marker', () => next && next());
};
