// SPDX-License-Identifier: MIT
// The servers that scripts/bench puts under load:  server.js WORKLOAD FILE MODULES [BACKEND_PORT]
// Writes "PORT PID" to FILE once it listens; ends when its standard input does. MODULES: a folder of npm's.
'use strict';
const { AsyncResource } = require('async_hooks');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');
const [workload, portFile, modules, backendPort] = process.argv.slice(2);
const npm = (name) => require(path.join(modules, name));
const page = path.join(__dirname, '..', '..', 'LICENSE');

const step = async (n) => n + 1;
async function twentyAwaits() {
  let n = 0;
  for (let i = 0; i < 20; i++) n = await step(n);
  return String(n);
}

// A database's client as such are written: 8 sockets, a query each, and a queue. `Query` is what a callback becomes
// until its answer is there.
function pool(port, Query) {
  const idle = [];
  const queue = [];
  const next = (socket) => {
    const query = queue.shift();
    if (!query) return idle.push(socket);
    socket.query = query;
    socket.write(query.text);
  };
  for (let i = 0; i < 8; i++) {
    const socket = net.connect(port, '127.0.0.1', () => next(socket));
    let answer = '';
    socket.setEncoding('latin1').setNoDelay().on('data', (data) => {
      answer += data;
      if (!answer.endsWith('\n')) return;
      const { query } = socket;
      const line = answer.slice(0, -1);
      answer = '';
      next(socket);
      query.done(line);
    });
  }
  return (text) =>
    new Promise((resolve) => {
      queue.push(new Query(`${text}\n`, resolve));
      if (idle.length) next(idle.pop());
    });
}

class BareQuery {
  constructor(text, done) {
    this.text = text;
    this.done = done;
  }
}

class BoundQuery extends AsyncResource {
  constructor(text, callback) {
    super('Query');
    this.text = text;
    this.callback = callback;
  }
  done(line) {
    this.runInAsyncScope(this.callback, null, line);
    this.emitDestroy();
  }
}

// Middleware, a session looked up, then a row and its neighbours side by side: three queries a request.
function application(Query) {
  const query = pool(Number(backendPort), Query);
  const express = npm('express');
  const app = express();
  let requests = 0;
  app.use((request, response, next) => {
    request.id = ++requests;
    response.set('x-request-id', String(request.id));
    next();
  });
  app.use(express.json());
  app.use(async (request, response, next) => {
    request.session = await query(`session ${request.id % 100}`);
    next();
  });
  app.get('/user/:id', async (request, response, next) => {
    try {
      const [user, orders] = await Promise.all([query(`user ${request.params.id}`), query(`orders ${request.params.id}`)]);
      response.json({ user, orders, session: request.session });
    } catch (error) {
      next(error);
    }
  });
  return http.createServer(app);
}

function proxy() {
  const agent = new http.Agent({ keepAlive: true });
  return http.createServer((request, response) => {
    const { url, method, headers } = request;
    const up = http.request({ agent, host: '127.0.0.1', port: backendPort, path: url, method, headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    up.on('error', () => response.writeHead(502).end());
    request.pipe(up);
  });
}

function echo() {
  const server = http.createServer();
  new (npm('ws').WebSocketServer)({ server }).on('connection', (socket) => {
    socket.on('message', (message) => socket.send(message));
  });
  return server;
}

const servers = {
  hello: () => http.createServer((request, response) => response.end('hello')),
  awaits: () => http.createServer(async (request, response) => response.end(await twentyAwaits())),
  file: () => http.createServer(async (request, response) => response.end(await fs.promises.readFile(page))),
  express: () => application(BoundQuery),
  'express-bare': () => application(BareQuery),
  proxy,
  websocket: echo,
  pbkdf2: () =>
    http.createServer((request, response) => {
      crypto.pbkdf2('secret', 'salt', 10, 32, 'sha256', (error, key) => response.end(key.toString('hex')));
    }),
};

const server = servers[workload]();
server.listen(0, '127.0.0.1', () => {
  fs.writeFileSync(`${portFile}.new`, `${server.address().port} ${process.pid}\n`);
  fs.renameSync(`${portFile}.new`, portFile);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
