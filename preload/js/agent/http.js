// SPDX-License-Identifier: MIT
// HTTP: which request an invocation works for.

// The number of a request.
class Label extends Itself {
  #number;
  constructor(request, number) {
    super(request);
    this.#number = number;
  }
  static of(request) {
    return #number in request ? request.#number : undefined;
  }
}
let lastLabel = 0;

function labelNumber(request) {
  let number = Label.of(request);
  if (number === undefined)
    new Label(request, number = ++lastLabel);
  return number;
}

// Names are told once and then by number; after so many of them, each time.
const NAMES = 8192;
const NO_NAME = 0;
const names = new Map(); // by method: names by path
let namesKnown = 0;

let lastMethod, lastPath, lastName = NO_NAME;

function nameNumber(method, path) {
  if (lastName === NO_NAME || path !== lastPath || method !== lastMethod) {
    lastName = findName(method, path);
    lastMethod = method;
    lastPath = path;
  }
  return lastName;
}

function findName(method, path) {
  let paths = mapGet(names, method);
  if (paths === undefined)
    mapSet(names, method, paths = new Map());
  let number = mapGet(paths, path);
  if (number === undefined) {
    number = namesKnown < NAMES ? native.text(`${method} ${path}`) : NO_NAME;
    if (number !== NO_NAME) {
      namesKnown++;
      mapSet(paths, path, number);
    }
  }
  return number;
}

function label(request, kind, kindNumber, status) {
  labelNamed(request, request.method ?? '', (hasOwn(request, 'path') ? request.path : request.url) ?? '', kind, kindNumber, status);
}

function labelNamed(request, method, path, kind, kindNumber, status) {
  const name = nameNumber(method, path);
  const number = labelNumber(request);
  if (name === NO_NAME) {
    native.labelText(number, status, kind, `${method} ${path}`);
    return;
  }
  values[0] = number;
  values[1] = status;
  values[2] = kindNumber;
  values[3] = name;
  doLabel();
}

// A server learns from its writes, too, that the client has gone; those that fail at once are seen nowhere else.
function onFailedStream([socket, error]) {
  const request = socket?._httpMessage?.req;
  if ((error?.code === 'ECONNRESET' || error?.code === 'EPIPE') && request && Label.of(request) !== undefined)
    label(request, 'http.server.disconnected', textNumber('http.server.disconnected'), 0);
}

let followsResponses = false;
const OWN_HEADERS = '_storeHeader'; // of a response: makes its headers what is sent, once

// Of the class of all responses, which is at hand when the first is. Its headers went out: no channel says
// so.
function followResponses(response, tell) {
  followsResponses = true;
  let prototype = getPrototypeOf(response);
  while (prototype !== null && getOwnPropertyDescriptor(prototype, '_implicitHeader') === undefined)
    prototype = getPrototypeOf(prototype);
  if (prototype !== null && typeof prototype[OWN_HEADERS] === 'function')
    atCall(prototype, OWN_HEADERS, tell);
}

function followHttp() {
  const channels = require('diagnostics_channel');
  const on = (channel, of, kind, status) => {
    const kindNumber = textNumber(kind);
    const told =
        guarded((message) => label(of(message), kind, kindNumber, status ? status(message) ?? 0 : 0));
    channels.channel(channel).subscribe(told);
  };
  const ofRequest = (message) => message.request;
  const headers = 'http.server.headers';
  const headersNumber = textNumber(headers);
  const tellHeaders = (response) => {
    if (response.req !== undefined && Label.of(response.req) !== undefined)
      label(response.req, headers, headersNumber, response.statusCode);
  };
  on('http.server.request.start', (message) => {
    if (!followsResponses)
      followResponses(message.response, tellHeaders);
    return message.request;
  }, 'http.server.request');
  on('http.server.response.finish', ofRequest, 'http.server.response',
     (message) => message.response?.statusCode);
  on('http.client.request.start', ofRequest, 'http.client.request');
  on('http.client.response.finish', ofRequest, 'http.client.response',
     (message) => message.response?.statusCode);
  on('http.client.request.error', ofRequest, 'http.client.error');
  on('undici:request:create', ofRequest, 'http.client.request');
  on('undici:request:headers', ofRequest, 'http.client.headers', (message) => message.response?.statusCode);
  on('undici:request:trailers', ofRequest, 'http.client.response');
  on('undici:request:error', ofRequest, 'http.client.error');
  followHttp2Clients(channels);
}
