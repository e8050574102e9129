// SPDX-License-Identifier: MIT
// An Express application whose middleware sets a promise that the handler awaits.
'use strict';
const express = require('express');
const { ask } = require('./client');

const application = express();
application.use(function middleware(request, response, next) {
  request.user = new Promise(function executor(resolve) {
    setTimeout(function found() {
      resolve('user');
    }, 10);
  });
  next();
});
application.get('/', async function handler(request, response) {
  response.send(await request.user);
});
const server = application.listen(0, '127.0.0.1', function listening() {
  ask(server.address().port, '/', function done() {
    server.close();
  });
});
