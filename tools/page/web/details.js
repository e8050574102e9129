// SPDX-License-Identifier: MIT
// One operation: its times, what enabled it, what it made, and the chain of what it hangs from, up to the root.
import { detailOf, measures, measureNames, states, typeOf } from './data.js';
import { bar, parts as requestParts } from './requests.js';
import { duration, element, moment } from './words.js';

const SHOWN = 200; // links of the chain, and children

const name = (data, i) => `${typeOf(data, i)} ${detailOf(data, i)}${data.execute[i] ? ' #' + data.execute[i] : ''}`;

function chainOf(data, operation) {
  const chain = [];
  for (let i = operation; i; i = data.parent[i]) chain.push(i);
  return chain;
}

function reference(data, i, select) {
  return element('a', { tabindex: 0, 'data-operation': i, onclick: () => select(i), onkeydown: (event) => event.key === 'Enter' && select(i) }, name(data, i));
}

function facts(data, i, select) {
  const parts = measures(data, i);
  const rows = [];
  const add = (term, value) => value !== undefined && value !== '' && rows.push(element('dt', {}, term), element('dd', {}, value));
  const at = (time) => (Number.isNaN(time) ? '' : moment(time));
  add('state', states[data.state[i]]);
  add('process', data.processes[data.process[i]].title);
  add('thread', data.track[i] ? data.tracks[data.track[i]].name : '');
  add('result', data.result.get(i));
  add('label', data.texts[data.label.get(i) || 0]);
  add('failed', data.texts[data.failure.get(i) || 0]);
  add('ended by', data.texts[data.reason.get(i) || 0]);
  add('queued at', at(data.queued[i]));
  add('ready at', at(data.ready[i]));
  add('began at', at(data.begun[i]));
  add('ended at', at(data.ended[i]));
  for (const key of Object.keys(measureNames)) add(measureNames[key], parts[key] >= 0 ? duration(parts[key]) : '');
  add('blocked', data.blocked.has(i) ? duration(data.blocked.get(i)) : '');
  if (data.cause[i]) add('caused by', reference(data, data.cause[i], select));
  if (data.within[i]) add('within', reference(data, data.within[i], select));
  return element('dl', {}, ...rows);
}

function children(data, operation) {
  const found = [];
  for (let r = data.firstChild[operation]; r && found.length <= SHOWN; r = data.nextRegistration[r])
    for (let i = data.firstOf[r]; i && found.length <= SHOWN; i = data.nextOfSame[i]) found.push(i);
  return found;
}

function chainList(data, operation, select) {
  const chain = chainOf(data, operation);
  const shown = chain.length > SHOWN ? [...chain.slice(0, SHOWN / 2), 0, ...chain.slice(-SHOWN / 2)] : chain;
  return element(
    'ol',
    { class: 'chain' },
    ...shown.map((i) => {
      if (!i) return element('li', { class: 'gap' }, `\u2026 ${chain.length - SHOWN} more \u2026`);
      const parts = measures(data, i);
      const told = Object.keys(measureNames).filter((key) => parts[key] >= 0);
      return element('li', {}, reference(data, i, select), element('span', { class: 'gap' }, '  ' + told.map((key) => `${measureNames[key]} ${duration(parts[key])}`).join(', ')));
    })
  );
}

// Where a registration was made: the frames of the program, and those of the runtime folded.
function frames(data, stack) {
  const all = data.stacks[stack || 0].map((frame) => data.frames[frame]);
  const runtime = all.filter((frame) => frame[0] === '-');
  const rows = all.filter((frame) => frame[0] === '+').map((frame) => element('div', { class: 'frame' }, frame.slice(1)));
  if (!runtime.length) return rows;
  const summary = `\u2026 ${runtime.length} frames of the runtime`;
  return [...rows, element('details', { class: 'frame runtime' }, element('summary', {}, summary), ...all.map((frame) => element('div', {}, frame.slice(1))))];
}

// As `uvtree stack` shows it: a message goes on with the one that sent it.
function longStack(data, operation, select) {
  const chain = new Set();
  for (let i = operation; i && !chain.has(i) && chain.size < SHOWN; i = data.origin.get(i) || data.parent[i]) chain.add(i);
  if (![...chain].some((i) => data.stack.has(i))) return [];
  const hops = [...chain].map((i) => element('li', {}, reference(data, i, select), ...(data.origin.has(i) ? [] : frames(data, data.stack.get(i)))));
  return [element('h2', {}, 'Long stack'), element('ol', { id: 'stack', class: 'chain' }, ...hops)];
}

// What the HTTP request that began here cost, and what led to its response.
function requestOf(data, operation, select) {
  const request = data.requestOf.get(operation);
  if (!request || !operation) return [];
  const rows = Object.entries(requestParts).flatMap(([key, term]) => [element('dt', {}, term), element('dd', {}, duration(request[key]))]);
  const more = { operations: request.operations, 'bytes in': request.in, 'bytes out': request.out };
  for (const [term, value] of Object.entries(more)) rows.push(element('dt', {}, term), element('dd', {}, String(value)));
  const steps = request.path.filter(Boolean);
  return [
    element('h2', {}, `${request.name}: ${duration(request.wall)}`),
    bar(request, 400),
    element('dl', { class: 'request' }, ...rows),
    element('h2', {}, `Critical path: ${steps.length} steps to the response`),
    element('ol', { class: 'chain' }, ...steps.slice(0, SHOWN).map((i) => element('li', {}, reference(data, i, select)))),
  ];
}

export function showDetails(box, data, operation, select) {
  if (!operation) {
    box.replaceChildren(element('p', {}, 'Select an operation in the timeline, the tree or a search. Drag in the timeline to zoom in, double-click to zoom out; Ctrl and the wheel do both.'));
    return;
  }
  const made = children(data, operation);
  box.replaceChildren(
    element('h2', {}, name(data, operation)),
    facts(data, operation, select),
    ...requestOf(data, operation, select),
    element('h2', {}, 'Chain, back to the root'),
    element('div', { id: 'chain' }, chainList(data, operation, select)),
    ...longStack(data, operation, select),
    element('h2', {}, `Linked by it: ${made.length > SHOWN ? `the first ${SHOWN}` : made.length}`),
    element('ul', { class: 'also' }, ...made.slice(0, SHOWN).map((i) => element('li', {}, reference(data, i, select))))
  );
}
