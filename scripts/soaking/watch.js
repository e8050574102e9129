// SPDX-License-Identifier: MIT
// Every ten seconds a line of what a process takes, until it ends:  watch.js PID
//   SECONDS RSS_KIB SHARED_KIB SLOTS_USED SLOTS LOST
// Slots of its live tree, read from outside (tracepoints/live.h); 0 where there is none.
'use strict';
const fs = require('fs');
const HEADER = 4096, SLOT = 64;

function liveTree(pid) {
  for (const fd of fs.readdirSync(`/proc/${pid}/fd`).reverse()) {
    try {
      if (fs.readlinkSync(`/proc/${pid}/fd/${fd}`).includes('uvtree-live')) return fs.readFileSync(`/proc/${pid}/fd/${fd}`);
    } catch {} // closed meanwhile
  }
}

function slots(pid) {
  const tree = liveTree(pid);
  if (!tree) return [0, 0, 0];
  const count = tree.readUInt32LE(40);
  let used = 0;
  for (let slot = 1; slot < count && HEADER + SLOT * (slot + 1) <= tree.length; slot++)
    if (tree.readBigUInt64LE(HEADER + SLOT * slot)) used++;
  return [used, count, Number(tree.readBigUInt64LE(48))];
}

const field = (text, name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)[1]);
const pid = process.argv[2], start = Date.now();
(function look() {
  try {
    const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
    console.log(Math.round((Date.now() - start) / 1000), field(status, 'VmRSS'), field(status, 'RssShmem'), ...slots(pid));
  } catch {
    return; // it has ended
  }
  setTimeout(look, 10000);
})();
