// SPDX-License-Identifier: MIT
// node random-requests.js SEED LOG: a server and its clients, http/1 and 2, that finish, stream, throw, never answer, close
// or go away at random moments. What happened to each request, as the program itself saw it, is written to LOG.
'use strict';
const fs = require('fs');
const http = require('http');
const http2 = require('http2');
const net = require('net');

let seed = Number(process.argv[2]);
const random = (n) => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
  return (seed >>> 8) % n;
};
const pick = (list) => list[random(list.length)];
const REQUESTS = 60;
const MOMENT = 40; // ms
const log = {}; // by name

const soon = (f) => setTimeout(f, random(MOMENT));
let serving = null; // the request that our code is about: whatever it throws, Node's own errors, too, is that one's
process.on('uncaughtException', () => {
  log[serving].failed = true;
});

const left = new Set(); // names of those whose client went away, maybe before the server met them
const leave = (names) => names.forEach((name) => left.add(name));

// How a server treats a request; `res` is that of either protocol, `soon` is of this request.
const treatments = {
  finish: (res) => res.end('done'),
  later: (res, { soon }) => soon(() => res.end('done')),
  stream(res, { soon }) {
    res.write('part');
    soon(() => {
      if (!res.destroyed)
        res.write('part');
      soon(() => res.end());
    });
  },
  never() {},
  unfinished: (res) => res.write('part'),
  headers: (res) => res.flushHeaders?.() ?? res.write(''),
  throws(res, { name }) {
    throw new Error(name);
  },
  throwsLater(res, { soon, name }) {
    soon(() => {
      throw new Error(name);
    });
  },
  closes: (res, { soon, req }) => soon(() => {
    const connection = res.stream ?? req.socket;
    connection.closedHere = !connection.destroyed;
    res.stream ? res.stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR) : res.destroy();
  }),
};

function serve(req, res) {
  const name = `${req.method} ${req.url}`;
  const entry = log[name] = { treatment: pick(Object.keys(treatments)), finished: false, gone: false, failed: false };
  const { stream } = res;
  if (entry.treatment === 'headers' && stream)
    entry.treatment = 'never';
  res.statusCode = pick([200, 200, 204, 304, 404, 500, 503]);
  if (!stream && [204, 304].includes(res.statusCode))
    left.add(name); // the client has all of it with the headers, and may go
  entry.result = () => ({ headers: stream ? stream.headersSent : res.headersSent, status: res.statusCode });
  const connection = stream ?? req.socket; // a response that waits for its turn is told nothing
  (stream ?? res).on('finish', () => { entry.finished = !stream?.aborted; }); // that of http2 says so in any case
  connection.on('close', () => { entry.gone = !entry.finished && left.has(name) && !connection.closedHere; });
  (stream ?? res).on('error', () => {});
  req.on('error', () => {});
  if (random(2))
    req.resume();
  const about = (f) => {
    serving = name;
    f();
  };
  about(() => treatments[entry.treatment](res, { name, req, soon: (f) => soon(() => about(f)) }));
}

// One connection, one to three requests in one piece; it may go away.
function pipelined(port, number) {
  const names = Array.from({ length: 1 + random(3) }, (_, i) => `GET /pipe/${number}/${i}`);
  const socket = net.connect(port, '127.0.0.1', () => socket.write(names.map((name) => `${name} HTTP/1.1\r\nHost: x\r\n\r\n`).join('')));
  socket.on('error', () => {}).resume();
  if (random(2))
    setTimeout(() => {
      leave(names);
      random(2) ? socket.destroy() : socket.resetAndDestroy?.() ?? socket.destroy();
    }, 5 + random(2 * MOMENT));
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 3 });
function request(port, number) {
  const method = pick(['GET', 'POST']);
  const name = `${method} /one/${number}`;
  const req = http.request({ port, host: '127.0.0.1', path: `/one/${number}`, method, agent: pick([agent, false]) }, (res) => {
    res.on('error', () => {}).resume();
  });
  req.on('error', () => {});
  if (method === 'POST')
    req.write('some');
  if (method === 'GET' || random(2))
    req.end();
  if (random(2))
    setTimeout(() => {
      leave([name]);
      req.destroy();
    }, 5 + random(2 * MOMENT));
}

function stream(session, number, all) {
  const name = `GET /two/${number}`;
  all.push(name);
  const req = session.request({ ':path': `/two/${number}` });
  req.on('error', () => {}).resume();
  if (random(3) === 0)
    setTimeout(() => {
      leave([name]);
      req.close(http2.constants.NGHTTP2_CANCEL);
    }, 5 + random(2 * MOMENT));
}

function streams(port, number) {
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const names = [];
  session.on('error', () => {});
  for (let i = 0; i < 1 + random(4); i++)
    stream(session, `${number}/${i}`, names);
  if (random(3) === 0)
    setTimeout(() => {
      leave(names);
      session.destroy();
    }, 5 + random(2 * MOMENT));
}

function outcome({ finished, gone, failed, result }) {
  const { headers, status } = result();
  const word = finished ? 'finished' : gone ? 'aborted' : headers ? 'unfinished' : 'open';
  return { outcome: word, status: headers ? status : undefined, failed: failed || (headers && status >= 500) };
}

const one = http.createServer(serve).listen(0, '127.0.0.1', () => {
  const two = http2.createServer(serve).listen(0, '127.0.0.1', () => {
    for (let i = 0; i < REQUESTS; i++)
      soon(() => pick([() => pipelined(one.address().port, i), () => request(one.address().port, i), () => streams(two.address().port, i)])());
    setTimeout(() => {
      const expected = Object.fromEntries(Object.entries(log).map(([name, entry]) => [name, { ...outcome(entry), treatment: entry.treatment, left: left.has(name) }]));
      fs.writeFileSync(process.argv[3], JSON.stringify(expected));
      process.exit(0);
    }, 1500);
  });
});
