// SPDX-License-Identifier: MIT
// A program that an error ends, thrown long after what led to it.
'use strict';
const { readFile } = require('fs');

function onSettings(error, text) {
  if (error) throw new Error('no settings', { cause: error });
}

function loadSettings() {
  readFile('/no/such/settings.json', onSettings);
}

setTimeout(loadSettings, 10);
