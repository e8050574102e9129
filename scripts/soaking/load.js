// SPDX-License-Identifier: MIT
// What wrk cannot do: uploads, and clients that go away, beside workers and child processes, for so many seconds:
//   load.js PORT SECONDS
// Prints, as JSON, how often each was done; exit status 1 where an answer was wrong.
'use strict';
const crypto = require('crypto');
const http = require('http');

const [port, seconds] = process.argv.slice(2).map(Number);
const until = Date.now() + seconds * 1000;
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const done = { upload: 0, 'upload aborted': 0, worker: 0, child: 0, slow: 0, 'slow aborted': 0, wrong: 0 };
const chunk = crypto.randomBytes(16384);

function ask(method, path, aborted, send) {
  return new Promise((resolve) => {
    const request = http.request({ port, host: '127.0.0.1', method, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => resolve(response.statusCode === 200 ? text : undefined)).on('error', () => resolve());
    });
    request.on('error', () => resolve());
    send(request);
    if (aborted) setTimeout(() => request.destroy(), 5 + 20 * Math.random());
  });
}

async function upload(aborted) {
  const hash = crypto.createHash('sha1');
  const chunks = 1 + Math.floor(Math.random() * 40);
  const answer = await ask('POST', '/upload', aborted, (request) => {
    let sent = 0;
    (function go() {
      if (request.destroyed) return;
      if (sent++ === chunks) return aborted || request.end();
      hash.update(chunk);
      if (request.write(chunk)) setImmediate(go);
      else request.once('drain', go);
    })();
  });
  return aborted || answer === hash.digest('hex');
}

const get = (path, wanted) => async (aborted) => {
  const answer = await ask('GET', path, aborted, (request) => request.end());
  return aborted || (answer !== undefined && wanted.test(answer));
};

async function again(name, pause, aborted, action) {
  while (Date.now() < until) {
    done[(await action(aborted)) ? name : 'wrong']++;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

Promise.all([
  again('upload', 10, false, upload),
  again('upload aborted', 50, true, upload),
  again('worker', 20, false, get('/worker', /^[0-9a-f]{40}$/)),
  again('child', 500, false, get('/child', /^hello\n$/)),
  again('slow', 50, false, get('/slow', /^at last$/)),
  again('slow aborted', 50, true, get('/slow', /^/)),
]).then(() => {
  console.log(JSON.stringify(done));
  agent.destroy();
  process.exitCode = done.wrong ? 1 : 0;
});
