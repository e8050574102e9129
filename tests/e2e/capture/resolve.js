// SPDX-License-Identifier: MIT
// The stacks of a trace, resolved as schema.h says: node resolve.js <(babeltrace2 TRACE). One line of JSON for each
// blocking call and each registration that has one:
//   {"kind":"blocking","type":"uv_fs_stat","text":"/tmp","frames":[{"name":"f","file":"/x/a.js","line":3}, ...]}
// A frame in a file has its path as `file` and its function, where the symbol table has it, as `name`.
'use strict';
const fs = require('fs');
const { execFileSync } = require('child_process');

const run = (command, ...args) => execFileSync(command, args, { encoding: 'latin1', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'ignore'] });

// ---- Files ----

const files = new Map();

function fileAt(path) {
  if (!files.has(path)) {
    const segments = [], symbols = new Map();
    for (const line of run('readelf', '-lW', path).split('\n')) {
      const [, type, offset, address, , size] = line.match(/^\s+(\w+)\s+(0x\w+)\s+(0x\w+)\s+(0x\w+)\s+(0x\w+)/) || [];
      if (type === 'LOAD') segments.push({ offset: Number(offset), address: Number(address), size: Number(size) });
    }
    for (const option of [[], ['-D']])
      for (const line of run('nm', ...option, path).split('\n')) {
        const [address, type, name] = line.split(' ');
        if (/^[tTwW]$/.test(type)) symbols.set(parseInt(address, 16), name);
      }
    files.set(path, { segments, symbols: [...symbols].sort((a, b) => a[0] - b[0]) });
  }
  return files.get(path);
}

function symbolAt(path, offset) {
  const { segments, symbols } = fileAt(path);
  const segment = segments.find((s) => offset >= s.offset && offset < s.offset + s.size);
  const address = segment && offset - segment.offset + segment.address;
  let low = 0, high = symbols.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (symbols[middle][0] <= address) low = middle;
    else high = middle;
  }
  return symbols[low] && symbols[low][0] <= address ? symbols[low][1] : '?';
}

// ---- V8's code, by address; what overlaps is replaced ----

class Ranges {
  constructor() { this.list = []; }
  // The first range that ends behind the address.
  index(address) {
    let low = 0, high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.list[middle].end <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
  add(range) {
    const from = this.index(range.start);
    let to = from;
    while (to < this.list.length && this.list[to].start < range.end) to++;
    this.list.splice(from, to - from, range);
  }
  find(address) {
    const range = this.list[this.index(address)];
    return range && range.start <= address ? range : undefined;
  }
}

// "JS:~f file:line:column", up to V8 10 "LazyCompile:~f file:line"; the mark tells the compiler.
function codeFrame(name) {
  const [, kind, rest] = name.match(/^(\w+):(.*)$/) || [];
  const [, f, file, line] = (rest || '').match(/^(?:[~^]|o?[*+]'?)?(\S*) (.*?):(\d+)(?::\d+)?$/) || [];
  return line ? { name: f || '(anonymous)', file, line: Number(line) } : { name: rest, file: kind };
}

// ---- The trace ----

const processes = new Map();
function processOf(key) {
  if (!processes.has(key)) processes.set(key, { code: new Ranges(), images: new Ranges(), stacks: new Map(), strings: new Map(), pending: new Map() });
  return processes.get(key);
}

function frameAt(process, frame) {
  if (frame >> 63n) {
    const [, name, file, line] = process.strings.get(Number(frame & 0xffffffffn)).match(/^(.*) (.*?):(\d+)(?::\d+)?$/);
    return { name, file, line: Number(line) };
  }
  const address = Number(frame) - 1;
  const code = process.code.find(address);
  if (code) return codeFrame(code.name);
  const image = process.images.find(address);
  return image ? { name: symbolAt(image.path, address - image.start + image.offset), file: image.path } : { name: '?', file: '?' };
}

// name = value pairs of a payload; strings in quotes.
function fieldsOf(line) {
  const fields = {};
  for (const [, name, string, label, value] of line.matchAll(/(\w+) = (?:"((?:[^"\\]|\\.)*)"|\( "?([^" ]*)"? : [^)]*\)|([^\s,{}[\]]+))/g))
    fields[name] = string ?? label ?? value;
  return fields;
}

const print = (kind, type, text, frames) => frames && console.log(JSON.stringify({ kind, type, text, frames }));

const events = {
  string: (p, f) => p.strings.set(Number(f.id), f.text),
  code: (p, f) => p.code.add({ start: Number(f.address), end: Number(f.address) + Number(f.size), name: f.name }),
  image: (p, f) => p.images.add({ start: Number(f.start), end: Number(f.start) + Number(f.size), offset: Number(f.offset), path: f.path }),
  stack: (p, f, line) => p.stacks.set(f.stack, [...line.matchAll(/\] = (0x[0-9A-Fa-f]+)/g)].map(([, frame]) => frameAt(p, BigInt(frame)))),
  link_stack: (p, f) => p.pending.set(f.link_id, { ...p.pending.get(f.link_id), frames: p.stacks.get(f.stack) || [] }),
  detail: (p, f) => p.pending.set(f.link_id, { ...p.pending.get(f.link_id), text: f.text }),
  link(p, f) {
    const { text = '', frames } = p.pending.get(f.link_id) || {};
    p.pending.delete(f.link_id);
    print('link', f.type, text, frames);
  },
  js_link(p, f) {
    const { frames } = p.pending.get(f.link_id) || {};
    p.pending.delete(f.link_id);
    print('js_link', p.strings.get(Number(f.type)), p.strings.get(Number(f.function)) || '', frames);
  },
  blocking: (p, f) => print('blocking', f.type, f.path, f.stack === '0' ? undefined : p.stacks.get(f.stack) || []),
};

const lines = require('readline').createInterface({ input: fs.createReadStream(process.argv[2]) });
lines.on('line', (line) => {
  const [, event, payload] = line.match(/ uvtree:(\w+): (.*)$/) || [];
  if (!events[event]) return;
  const fields = fieldsOf(payload);
  events[event](processOf(fields.process), fields, payload);
});
