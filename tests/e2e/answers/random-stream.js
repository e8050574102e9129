// SPDX-License-Identifier: MIT
// A random stream that keeps the rules of the async event stream:  random-stream.js SEED [STEPS]
//
// Several processes, threads, nested invocations, timers, reads, works of the thread pool, asyncs whose causes coalesce,
// cancels in and out of the own callback, Ready lines that come late.
'use strict';

// xorshift: the same stream for the same seed, everywhere.
class Random {
  constructor(seed) {
    this.state = BigInt(seed) * 2654435761n + 88172645463325252n;
  }

  below(limit) {
    const mask = (1n << 64n) - 1n;
    this.state ^= (this.state << 13n) & mask;
    this.state ^= this.state >> 7n;
    this.state ^= (this.state << 17n) & mask;
    return Number((this.state >> 11n) % BigInt(limit));
  }

  chance(percent) {
    return this.below(100) < percent;
  }

  of(list) {
    return list[this.below(list.length)];
  }
}

const MAIN = 100;
const OTHER = 110;
const POOL = [101, 102];

class Program {
  constructor(random, processID, start) {
    this.random = random;
    this.ids = { processID, pid: 4000 + processID };
    this.now = start;
    this.lines = []; // [when it is written, event]
    this.next = { execute: 0, link: 0, cause: 0, operation: 0 };
    this.registrations = []; // with an operation that is queued
    this.stacks = new Map([[MAIN, []], [OTHER, []], ...POOL.map((tid) => [tid, []])]);
    this.busy = new Map(); // of the pool: what a thread works at
    this.polling = null;
    this.emit('process', { data: { argv: ['node', `app${processID}.js`], how: 'start', host: 'h', format: 1, origin: '1' } });
    for (const [tid, role] of [[MAIN, 'main'], [OTHER, 'worker'], [POOL[0], 'pool'], [POOL[1], 'pool']])
      this.emit('thread', { tid, data: { role, name: 'node' } });
    this.emit('loop', { loopID: 1, tid: MAIN, data: { name: 'default' } });
    this.beginRoot(MAIN);
  }

  emit(event, fields, time = this.now) {
    this.lines.push([this.now, { event, time, ...this.ids, ...fields }]);
  }

  state(operation, state, time) {
    const link = operation.link ? { linkID: operation.link } : {};
    this.emit('state', { operationID: operation.id, ...link, state }, time);
    operation.state = state;
  }

  retire(operation) {
    for (let o = operation; o; o = o.parent) {
      this.state(o, 'Retired');
      if (!o.parent || --o.parent.live > 0 || o.parent.state !== 'ChildrenPending') return;
    }
  }

  queue(registration) {
    const operation = { id: ++this.next.operation, link: registration.link, parent: registration.parent, live: 0, queued: this.now };
    if (operation.parent) operation.parent.live++;
    registration.operation = operation;
    registration.ready = false;
    this.emit('operation', { operationID: operation.id, linkID: registration.link, n: ++registration.n });
    this.state(operation, 'Queued');
  }

  // Ready may be told late, with the time at which it became so.
  makeReady(registration, time = this.now) {
    registration.ready = true;
    registration.readyTime = Math.max(time, registration.operation.queued);
    registration.told = this.random.chance(50);
    if (registration.told) this.state(registration.operation, 'Ready', registration.readyTime);
  }

  link(by, type, more) {
    const link = ++this.next.link;
    const registration = { link, type, parent: by.operation, n: 0, ready: false, untaken: [], ...more };
    this.emit('link', { executeID: by.id, linkID: link, data: { type, layer: 'uv', ...(more.repeat ? { repeat: true } : {}), ...more.data } });
    this.queue(registration);
    this.registrations.push(registration);
    if (more.caused) this.cause(by, registration);
    return registration;
  }

  cause(by, registration) {
    const causeID = ++this.next.cause;
    this.emit('cause', { executeID: by.id, linkID: registration.link, causeID });
    registration.cause = causeID;
    registration.untaken.push(causeID);
    if (registration.collects && !registration.ready) this.makeReady(registration);
  }

  linkSome(by) {
    const kind = this.random.below(6);
    if (kind === 0) this.link(by, 'uv_timer_start', { caused: true, timer: true, repeat: this.random.chance(30), data: { timeout: this.random.below(9) } });
    else if (kind === 1) this.link(by, 'uv_fs_read', { caused: true, pool: true, data: { fd: this.random.below(30) } });
    else if (kind === 2) this.link(by, 'uv_read_start', { caused: true, watch: true, repeat: true, data: { fd: this.random.below(30) } });
    else if (kind === 3) this.link(by, 'uv_async_init', { collects: true, repeat: true });
    else if (kind === 4) this.linkWork(by);
    else this.link(by, 'uv_fs_stat', { caused: true, pool: true, data: { path: `/tmp/${this.random.below(5)}` } });
  }

  linkWork(by) {
    const work = this.link(by, 'uv_queue_work', { caused: true, pool: true, work: true });
    work.ready = work.told = true;
    this.state(work.operation, 'Ready');
    work.after = this.link(by, 'uv_queue_work.after', { collects: true });
  }

  take(registration) {
    if (!registration.collects) return { causeID: registration.cause };
    const [causeID, ...coalesced] = registration.untaken.splice(0);
    return { causeID, ...(coalesced.length ? { coalesced } : {}) };
  }

  begin(registration, tid) {
    const stack = this.stacks.get(tid);
    const { operation } = registration;
    const within = stack.length ? { within: stack[stack.length - 1].id } : {};
    if (!registration.told) this.state(operation, 'Ready', registration.readyTime);
    const invocation = { id: ++this.next.execute, operation, registration };
    this.emit('executeBegin', { executeID: invocation.id, ...this.take(registration), operationID: operation.id, tid, ...within });
    this.state(operation, 'Executing');
    registration.operation = null;
    if (registration.repeat) this.queue(registration);
    else this.registrations.splice(this.registrations.indexOf(registration), 1);
    stack.push(invocation);
    return invocation;
  }

  beginRoot(tid) {
    const operation = { id: ++this.next.operation, link: 0, parent: null, live: 0 };
    const invocation = { id: ++this.next.execute, operation };
    this.emit('operation', { operationID: operation.id, n: 0 });
    this.emit('executeBegin', { executeID: invocation.id, causeID: 0, operationID: operation.id, tid });
    this.state(operation, 'Executing');
    this.stacks.get(tid).push(invocation);
  }

  end(tid) {
    const { operation, id } = this.stacks.get(tid).pop();
    this.emit('executeEnd', { executeID: id });
    if (operation.live) this.state(operation, 'ChildrenPending');
    else this.retire(operation);
  }

  cancel(by) {
    const candidates = this.registrations.filter((r) => !r.begun && !(r.collects && !r.repeat) && !r.work);
    if (!candidates.length) return;
    const registration = this.random.of(candidates);
    this.emit('cancel', { executeID: by.id, linkID: registration.link, data: { reason: 'closed' } });
    this.registrations.splice(this.registrations.indexOf(registration), 1);
    // What was ready and not told never was, as far as the stream goes.
    this.retire(registration.operation);
  }

  stepPool() {
    const tid = this.random.of(POOL);
    const busy = this.busy.get(tid);
    if (!busy) {
      const registration = this.registrations.find((r) => r.pool && !r.begun);
      if (!registration) return;
      registration.begun = true;
      this.busy.set(tid, registration);
      this.emit('poolBegin', { linkID: registration.link, tid });
      if (registration.work) this.begin(registration, tid);
      return;
    }
    const stack = this.stacks.get(tid);
    if (busy.work && this.random.chance(50)) {
      const asyncs = this.registrations.filter((r) => r.collects && r.repeat);
      if (asyncs.length) this.cause(stack[0], this.random.of(asyncs));
      return;
    }
    if (busy.work) {
      this.cause(stack[0], busy.after);
      this.end(tid);
    }
    this.emit('poolEnd', { linkID: busy.link, tid });
    this.busy.delete(tid);
    if (!busy.work) this.makeReady(busy);
  }

  // What the environment does.
  stepOutside() {
    const waiting = this.registrations.filter((r) => (r.timer || r.watch) && !r.ready);
    if (waiting.length) this.makeReady(this.random.of(waiting), this.now - this.random.below(20));
  }

  stepThread() {
    const tid = this.random.chance(80) ? MAIN : OTHER;
    const stack = this.stacks.get(tid);
    const top = stack[stack.length - 1];
    const ready = this.registrations.filter((r) => r.ready && !r.work);
    const dice = this.random.below(100);
    if (tid === MAIN && this.polling) return this.endPoll();
    if (top && dice < 35) return this.linkSome(top);
    if (top && dice < 42) return this.cancel(top);
    if (top && dice < 50) return this.causeSome(top);
    if (top && dice < 54) return this.emit('blocking', { executeID: top.id, data: { type: 'uv_fs_stat', path: '/x', duration: this.random.below(9) } });
    if (ready.length && (top ? dice < 65 && stack.length < 5 : dice < 80)) return this.begin(this.random.of(ready), tid);
    if (top) return this.end(tid);
    if (dice < 90 && tid === MAIN) return this.beginPoll();
    return dice > 95 ? this.beginRoot(tid) : undefined;
  }

  causeSome(by) {
    const asyncs = this.registrations.filter((r) => r.collects && r.repeat);
    if (asyncs.length) this.cause(by, this.random.of(asyncs));
  }

  beginPoll() {
    this.polling = true;
    this.emit('pollBegin', { loopID: 1, tid: MAIN, data: { timeout: -1 } });
  }

  endPoll() {
    this.polling = null;
    this.emit('pollEnd', { loopID: 1, tid: MAIN });
  }

  step() {
    const dice = this.random.below(100);
    if (this.random.chance(80)) this.now += this.random.below(30);
    if (dice < 15) this.stepPool();
    else if (dice < 25) this.stepOutside();
    else this.stepThread();
  }
}

function main([seed, steps = '300']) {
  const random = new Random(Number(seed));
  const programs = [new Program(random, 1, 0)];
  if (random.chance(30)) programs.push(new Program(random, 2, 50));
  for (let i = 0; i < Number(steps); i++) random.of(programs).step();
  // Of one process after the other at the same time, each in its own order.
  const lines = programs.flatMap((program, p) => program.lines.map(([at, event], i) => ({ at, p, i, event })));
  lines.sort((a, b) => a.at - b.at || a.p - b.p || a.i - b.i);
  process.stdout.write(lines.map(({ event }) => `${JSON.stringify(event)}\n`).join(''));
}

main(process.argv.slice(2));
