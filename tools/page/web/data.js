// SPDX-License-Identifier: MIT
// What the page shows, from the columns that `uvtree view` has written (page.c). Operations count from 1; 0 is none.

export const states = ['', 'Queued', 'Ready', 'Executing', 'ChildrenPending', 'Retired'];

const sums = (deltas) => {
  const values = new Float64Array(deltas.length);
  let sum = 0;
  deltas.forEach((delta, i) => (values[i] = sum += delta));
  return values;
};

// A time is 0 where it has not come, else one more than its distance from the operation's base. NaN: never.
function times(base, column) {
  const values = new Float64Array(column.length);
  for (let i = 0; i < column.length; i++) values[i] = column[i] ? base[i] + column[i] - 1 : NaN;
  return values;
}

const sparse = (pairs) => {
  const map = new Map();
  for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i], pairs[i + 1]);
  return map;
};

function hangRegistrations(data) {
  const { count, registration, parent } = data;
  const registrations = registration.reduce((most, r) => Math.max(most, r), 0) + 1;
  data.nextOfSame = new Uint32Array(count);
  data.firstOf = new Uint32Array(registrations);
  data.countOf = new Uint32Array(registrations);
  data.nextRegistration = new Uint32Array(registrations);
  data.firstChild = new Uint32Array(count); // a registration
  const last = new Uint32Array(registrations);
  const lastChild = new Uint32Array(count);
  data.tops = data.processes.map(() => []);
  for (let i = 1; i < count; i++) {
    const r = registration[i];
    data.countOf[r]++;
    if (last[r]) {
      data.nextOfSame[last[r]] = i;
    } else {
      data.firstOf[r] = i;
      const p = parent[i];
      if (!p) data.tops[data.process[i]].push(r);
      else if (lastChild[p]) data.nextRegistration[lastChild[p]] = r;
      else data.firstChild[p] = r;
      if (p) lastChild[p] = r;
    }
    last[r] = i;
  }
}

export function load(json) {
  const { operations: columns, ...data } = json;
  const integers = (name) => Uint32Array.from(columns[name]);
  const base = sums(columns.base);
  for (const name of ['type', 'detail', 'parent', 'cause', 'execute', 'track', 'process', 'state', 'registration', 'within'])
    data[name] = integers(name);
  for (const name of ['queued', 'ready', 'begun', 'ended']) data[name] = times(base, columns[name]);
  for (const name of ['label', 'failure', 'blocked', 'reason', 'stack', 'origin']) data[name] = sparse(columns[name]);
  data.count = base.length;
  data.base = base;
  for (const spans of [data.polls, data.pool]) {
    spans.begin = sums(spans.begin);
    spans.end = spans.begin.map((begin, i) => begin + spans.length[i]);
  }
  data.result = new Map();
  data.isError = new Set();
  for (let i = 0; i < data.results.length; i += 2) {
    const operation = Math.abs(data.results[i]);
    data.result.set(operation, data.results[i + 1]);
    if (data.results[i] < 0 && data.results[i + 1] !== 'end of file') data.isError.add(operation);
  }
  data.requestOf = new Map(data.requests.map((request) => [request.operation, request]));
  data.poolOf = new Map(data.pool.operation.map((operation, i) => [operation, i]));
  hangRegistrations(data);
  return data;
}

// The parts of an operation's time, in ns, as far as they are over.
export function measures(data, i) {
  const { queued, ready, begun, ended } = data;
  const slice = data.poolOf.get(i);
  const pool = slice === undefined ? {} : { poolWait: data.pool.begin[slice] - queued[i], poolWork: data.pool.length[slice] };
  return { waited: slice === undefined ? ready[i] - queued[i] : NaN, ...pool, delay: begun[i] - ready[i], ran: ended[i] - begun[i] };
}

export const measureNames = { waited: 'waited', poolWait: 'pool wait', poolWork: 'pool work', delay: 'delay', ran: 'ran' };

export const typeOf = (data, i) => data.texts[data.type[i]];
export const detailOf = (data, i) => data.texts[data.detail[i]];

export function search(data, text) {
  const found = [];
  const index = /^#(\d+)$/.exec(text);
  const wanted = text.toLowerCase();
  const matching = new Uint8Array(data.texts.length);
  data.texts.forEach((t, i) => (matching[i] = t.toLowerCase().includes(wanted) ? 1 : 0));
  matching[0] = 0;
  const results = (i) => data.result.get(i)?.toLowerCase().includes(wanted);
  for (let i = 1; i < data.count; i++) {
    if (index ? data.execute[i] === Number(index[1]) : matching[data.type[i]] || matching[data.detail[i]] || matching[data.label.get(i) || 0] || matching[data.failure.get(i) || 0] || results(i))
      found.push(i);
  }
  return found;
}
