// SPDX-License-Identifier: MIT
// An Express application: two requests, one after the other; the second's handler goes on in a timeout.
'use strict';
const express = require('express');
const { ask } = require('./client');

const application = express();
application.get('/now', function now(request, response) {
  response.send('now');
});
application.get('/later', function later(request, response) {
  setTimeout(function answer() {
    response.send('later');
  }, 10);
});
const server = application.listen(0, '127.0.0.1', function listening() {
  const { port } = server.address();
  ask(port, '/now', function done() {
    ask(port, '/later', function over() {
      server.close();
    });
  });
});
