// SPDX-License-Identifier: MIT
/*
 * Node up to 20 tells no channel of http2, and none of any tells how a stream ended. What it does with a
 * stream's native handle says all: the program cannot see that. A server's stream is made the handle's owner;
 * the tick that emits it has its headers; respond, shutdown (the body is handed over), rstStream and destroy
 * are calls of the handle.
 */
let followsStreams = false;
let awaited;         // a stream that is to be emitted
const TICKS_MAX = 8; // so many ticks may be made before the one that does: a pushed stream is not emitted
let awaitedFor = 0;

// Of a server's stream. `over`: how it ended is known.
class Stream extends Itself {
  #over = false;
  #method;
  #path;
  constructor(stream, method, path) {
    super(stream);
    this.#method = method;
    this.#path = path;
  }
  static has(stream) {
    return typeof stream === 'object' && stream !== null && #over in stream;
  }
  static label(stream, kind, status) {
    labelNamed(stream, `${stream.#method}`, `${stream.#path}`, kind, textNumber(kind), status);
  }
  static end(stream, kind, status) {
    if (!stream.#over && kind !== undefined)
      Stream.label(stream, kind, status);
    stream.#over = true;
  }
}

function statusOf(stream) {
  return Number(stream.sentHeaders?.[':status'] ?? 0);
}

function onStreamCall(prototype, name, told) {
  if (typeof prototype[name] === 'function')
    atCall(prototype, name, (handle) => {
      if (Stream.has(handle.owner))
        told(handle.owner);
    });
}

function followStreams(prototype) {
  followsStreams = true;
  defineProperty(prototype, 'owner', {
    __proto__: null,
    configurable: true,
    get: () => undefined,
    set(stream) {
      defineProperty(this, 'owner',
                     { __proto__: null, value: stream, writable: true, enumerable: true, configurable: true });
      awaited = stream;
      awaitedFor = TICKS_MAX;
    },
  });
  onStreamCall(prototype, 'respond',
               (stream) => Stream.label(stream, 'http.server.headers', statusOf(stream)));
  onStreamCall(prototype, 'shutdown', (stream) => {
    if (!stream.aborted) // else Node ends what the program has not
      Stream.end(stream, 'http.server.response', statusOf(stream));
  });
  onStreamCall(prototype, 'rstStream', (stream) => Stream.end(stream));
  onStreamCall(prototype, 'destroy', (stream) => {
    if (stream.writableFinished && !stream.aborted)
      Stream.end(stream, 'http.server.response', statusOf(stream));
    else
      Stream.end(stream, 'http.server.aborted', 0); // by the other side, which alone closes what we have not
  });
}

// The first has the prototype of all. Nobody's listener is known yet.
function meetStream(handle) {
  if (!followsStreams)
    followStreams(getPrototypeOf(handle));
  return undefined;
}

// A tick is made: the one that emits it? Its request begins before, in what makes it.
function awaitStream({ args }) {
  const stream = awaited;
  if (--awaitedFor === 0)
    awaited = undefined;
  if (!isArray(args) || args[1] !== 'stream' || args[2] !== stream)
    return;
  const headers = args[3];
  awaited = undefined;
  new Stream(stream, headers[':method'] ?? '', headers[':path'] ?? '');
  Stream.label(stream, 'http.server.request', 0);
}

// From 22.17 and 24.2 on.
function followHttp2Clients(channels) {
  const on = (channel, kind, told) => channels.channel(channel).subscribe(guarded((message) => {
    const { ':method': method = 'GET', ':path': path = '/' } = message.stream.sentHeaders ?? {};
    told(message, (status) => labelNamed(message.stream, method, path, kind, textNumber(kind), status));
  }));
  on('http2.client.stream.start', 'http.client.request', (message, tell) => tell(0));
  on('http2.client.stream.finish', 'http.client.headers',
     ({ headers }, tell) => tell(Number(headers[':status'] ?? 0)));
  on('http2.client.stream.error', 'http.client.error', (message, tell) => tell(0));
}
