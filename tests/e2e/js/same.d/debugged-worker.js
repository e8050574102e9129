// SPDX-License-Identifier: MIT
// A program that debugs its worker: it waits for the debugger, stops where that wants, and goes on.
'use strict';
const { Worker } = require('worker_threads');
const { Session } = require('inspector');
const session = new Session();
session.connect();
const send = (sessionId, id, method, params) =>
  session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify({ id, method, params }) });
session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, waitingForDebugger, workerInfo } }) => {
  console.log('attached', waitingForDebugger, workerInfo.url.split('/').pop());
  send(sessionId, 1, 'Debugger.enable');
  send(sessionId, 2, 'Debugger.setBreakpointByUrl', { lineNumber: 2, urlRegex: '.*debugged\\.js' });
  send(sessionId, 3, 'Runtime.enable');
  send(sessionId, 4, 'Runtime.runIfWaitingForDebugger');
});
session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
  const { method, params } = JSON.parse(message);
  if (method === 'Debugger.paused') {
    console.log('paused', params.reason, params.callFrames.map(({ functionName, location }) => functionName + location.lineNumber)[0]);
    send(sessionId, 5, 'Debugger.resume');
  } else if (method === 'Runtime.consoleAPICalled') {
    console.log('said', params.args.map(({ value }) => value));
  }
});
session.on('NodeWorker.detachedFromWorker', () => console.log('detached'));
session.post('NodeWorker.enable', { waitForDebuggerOnStart: true }, () => {
  let answer; // it and what the debugger says come from two threads, in either order
  new Worker(require('path').join(__dirname, 'debugged.js')).on('message', (message) => (answer = message))
    .on('exit', (code) => {
      console.log('exit', code, 'message', answer);
      setTimeout(() => session.disconnect(), 50);
    });
});
