// Native code of Node's that throws, in constructors above all, some of which go on with the exception pending and make
// an async resource all the same. Each twice: hooks know its kind then. With `hooks`: the program has empty ones, too.
'use strict';
if (process.argv[2] === 'hooks')
  require('async_hooks').createHook({ init() {}, before() {}, after() {}, destroy() {} }).enable();
const crypto = require('crypto');
const dgram = require('dgram');
const dns = require('dns');
const fs = require('fs');
const http2 = require('http2');
const net = require('net');
const tls = require('tls');
const vm = require('vm');
const zlib = require('zlib');
const { Worker } = require('worker_threads');

const encodings = { publicKeyEncoding: { type: 'spki', format: 'pem' },
                    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'none-such', passphrase: 'x' } };
const ignore = () => {};
const throwing = {
  keyPairSync: () => crypto.generateKeyPairSync('rsa', { modulusLength: 512, ...encodings }),
  keyPair: () => crypto.generateKeyPair('rsa', { modulusLength: 512, ...encodings }, ignore),
  keyPairCurve: () => crypto.generateKeyPairSync('ec', { namedCurve: 'none-such', ...encodings }),
  keyPairCurveKnown: () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256', ...encodings }),
  keyPairEd: () => crypto.generateKeyPairSync('ed25519', encodings),
  keyPairDsa: () => crypto.generateKeyPairSync('dsa', { modulusLength: 512, divisorLength: 160, ...encodings }),
  keyPairDh: () => crypto.generateKeyPairSync('dh', { group: 'none-such', ...encodings }),
  keyPairPss: () => crypto.generateKeyPairSync('rsa-pss', { modulusLength: 512, hashAlgorithm: 'none-such' }),
  key: () => crypto.generateKeySync('hmac', { length: 1 }),
  pbkdf2: () => crypto.pbkdf2('p', 's', 1, 8, 'none-such', ignore),
  scrypt: () => crypto.scryptSync('p', 's', 8, { N: 3 }),
  scryptMemory: () => crypto.scrypt('p', 's', 8, { N: 1048576 }, ignore),
  hkdf: () => crypto.hkdfSync('none-such', 'k', 's', 'i', 8),
  hkdfLength: () => crypto.hkdf('sha1', 'k', 's', 'i', 1e6, ignore),
  prime: () => crypto.generatePrimeSync(8, { add: 1000n, rem: 1n }),
  sign: () => crypto.sign('none-such', Buffer.alloc(1), crypto.generateKeyPairSync('ed25519').privateKey),
  signLater: () => crypto.sign('none-such', Buffer.alloc(1), 'no key', ignore),
  verify: () => crypto.verify('sha1', Buffer.alloc(1), 'no key', Buffer.alloc(1), ignore),
  hash: () => crypto.createHash('none-such'),
  hmac: () => crypto.createHmac('none-such', 'k'),
  cipher: () => crypto.createCipheriv('none-such', 'k', 'i'),
  cipherKey: () => crypto.createCipheriv('aes-128-cbc', 'k', 'i'),
  diffieHellman: () => crypto.createDiffieHellman(Buffer.alloc(0), 0),
  group: () => crypto.getDiffieHellman('none-such'),
  ecdh: () => crypto.createECDH('none-such'),
  privateKey: () => crypto.createPrivateKey('no key'),
  publicKey: () => crypto.createPublicKey({ key: Buffer.alloc(3), format: 'der', type: 'spki' }),
  certificate: () => new crypto.X509Certificate('none'),
  context: () => tls.createSecureContext({ ciphers: 'none-such' }),
  contextKey: () => tls.createSecureContext({ key: 'no key' }),
  contextCurve: () => tls.createSecureContext({ ecdhCurve: 'none-such' }),
  inflate: () => zlib.inflateSync('none'),
  gunzip: () => zlib.createGunzip({ windowBits: 1 }),
  brotli: () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 99 } }),
  resolver: () => new dns.Resolver({ timeout: -2 }),
  servers: () => new dns.Resolver().setServers(['none']),
  lookup: () => dns.lookupService('none', 0, ignore),
  open: () => fs.openSync('none/such'),
  openFlags: () => fs.open('none', 'none', ignore),
  read: () => fs.readSync(9999, Buffer.alloc(1)),
  watch: () => fs.watch('none/such'),
  session: () => http2.performServerHandshake('none'),
  settings: () => http2.getPackedSettings({ headerTableSize: -1 }),
  socket: () => new net.Socket({ fd: 9999 }),
  datagram: () => dgram.createSocket('none'),
  blocks: () => new net.BlockList().addSubnet('none', 1),
  worker: () => new Worker('1', { eval: true, execArgv: ['--none-such'] }),
  workerLimits: () => new Worker('1', { eval: true, stdin: 1, resourceLimits: 1, argv: 1 }),
  script: () => new vm.Script('a b'),
  module: () => new WebAssembly.Module(new Uint8Array(3)),
  memory: () => new WebAssembly.Memory({ initial: 1e9 }),
  url: () => new URL('none'),
  decoder: () => new TextDecoder('none-such'),
  decoderFatal: () => new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])),
  clone: () => structuredClone(ignore),
  serialize: () => require('v8').serialize(ignore),
  deserialize: () => require('v8').deserialize(Buffer.alloc(0)),
};
if (process.argv[2] === 'hooks') // Node 20 itself dies there
  delete throwing.keyPairPss;
for (const round of [1, 2])
  for (const name in throwing)
    try {
      console.log(round, name, typeof throwing[name]());
    } catch (error) {
      console.log(round, name, error.name, error.code, error.message, error.stack.split('\n').length);
    }
process.on('exit', () => console.log('end'));
process.on('uncaughtException', (error) => console.log('uncaught', error.code));
setTimeout(() => process.exit(0), 50);
