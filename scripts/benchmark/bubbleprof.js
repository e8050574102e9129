// SPDX-License-Identifier: MIT
// Runs a program under Clinic Bubbleprof, which collects but does not draw:  bubbleprof.js MODULES FOLDER COMMAND...
'use strict';
const path = require('path');
const [modules, folder, ...command] = process.argv.slice(2);
const Bubbleprof = require(path.join(modules, '@clinic/bubbleprof'));
new Bubbleprof({ dest: folder, name: 'collected' }).collect(command, (error) => {
  if (error) throw error;
});
