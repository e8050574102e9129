// SPDX-License-Identifier: MIT
'use strict';
// An error is thrown in a callback that native code makes, which then calls back more before it comes to JavaScript that the
// error can go through: a TLS server on a stream that is JavaScript's own. Certificate and key are for this alone.
const https = require('https');
const net = require('net');
const tls = require('tls');
const { Duplex } = require('stream');

const cert = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUZ9jb+9UAeZ7KQnnKc2oA3TSBF54wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjEyMDExMzIzMjlaGA8yMTI2MTEwNzEzMjMy
OVowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJAe
g1wd07AkHi6+liB1gtysereOZF/iOMCqWiwsWgfxVWPq/BXAxRQkC7eeNszLy32J
eqDu64HVHtTOp25bX8SjUzBRMB0GA1UdDgQWBBTELlcWmEtsMygfB972G/xgPota
/jAfBgNVHSMEGDAWgBTELlcWmEtsMygfB972G/xgPota/jAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIHmML44bV3ZkaMl4AcncULFm65s1DZRftYUY
bpUxaAv0AiEAozOk+gnnbZBQZtg8zVzxVfehXr5VudghnlSI4zIXM5c=
-----END CERTIFICATE-----`;
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg13W06iIjxK240afc
YB6jpkCOUQkydYH6LLG9gMl2c8ahRANCAASQHoNcHdOwJB4uvpYgdYLcrHq3jmRf
4jjAqlosLFoH8VVj6vwVwMUUJAu3njbMy8t9iXqg7uuB1R7UzqduW1/E
-----END PRIVATE KEY-----`;

net.createServer((plain) => {
  const stream = new (class extends Duplex {
    _read(size) {
      const data = plain.read(size);
      if (data) stream.push(data);
    }
    _write(...args) { plain.write(...args); }
  })();
  plain.on('data', stream.push.bind(stream));
  tls.createServer({ cert, key }, () => { throw new Error('in the handshake'); }).emit('connection', stream);
}).listen(0, '127.0.0.1', function() {
  https.get({ port: this.address().port, host: '127.0.0.1', rejectUnauthorized: false }).on('error', () => {});
});
