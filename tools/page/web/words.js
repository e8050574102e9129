// SPDX-License-Identifier: MIT
// Numbers in words, and elements. Texts from a trace only ever become text nodes: they are never read as HTML.

const units = [['s', 1e9], ['ms', 1e6], ['\u00b5s', 1e3], ['ns', 1]];

export function duration(ns) {
  const [unit, size] = units.find(([, s]) => ns >= s) || units[3];
  const value = ns / size;
  return `${unit === 'ns' || value >= 100 ? Math.round(value) : value.toPrecision(3)} ${unit}`;
}

// A time since the beginning, to the microsecond: differences of two are what is looked for.
export const moment = (ns) => `${(ns / 1e6).toFixed(3)} ms`;

export function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== ''));
  return node;
}

const families = [
  ['root', /^(main|worker|pool|other)? ?thread|^root/, '#999999'],
  ['fs', /^uv_fs_/, '#e69f00'],
  ['timer', /timer|timeout|immediate|interval/i, '#009e73'],
  ['async', /async|thread|PROMISE|Tick|Microtask/i, '#cc79a7'],
  ['network', /listen|read|write|tcp|pipe|udp|connect|shutdown|addrinfo|nameinfo/i, '#0072b2'],
  ['pool', /queue_work|random/, '#d55e00'],
  ['other', /./, '#56b4e9'],
];

export function colour(type) {
  return families.find(([, pattern]) => pattern.test(type) || !type)[2];
}
