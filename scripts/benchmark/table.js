// SPDX-License-Identifier: MIT
// The tables of scripts/bench:  table.js RESULTS ENVIRONMENT MODES WORKLOADS [JSON_FILE]
// RESULTS has lines "when workload mode key value", by tabs, `when` "ROUND" or "ROUND/TURN"; ENVIRONMENT "name value".
'use strict';
const fs = require('fs');
const [resultsFile, environmentFile, modeList, workloadList, jsonFile] = process.argv.slice(2);
const lines = (file) => fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => line.split('\t'));
const modes = modeList.split(/\s+/).filter(Boolean);
const workloads = workloadList.split(/\s+/).filter(Boolean);
const environment = Object.fromEntries(lines(environmentFile));

// workload -> mode -> key -> [[when, value]...]
const measured = {};
for (const [when, workload, mode, key, value] of lines(resultsFile)) {
  const keys = ((measured[workload] ??= {})[mode] ??= {});
  (keys[key] ??= []).push([when, value]);
}
const found = (workload, mode, key) => measured[workload]?.[mode]?.[key] ?? [];

function spread(values) {
  if (!values.length) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1] };
}
const numbers = (workload, mode, key) => spread(found(workload, mode, key).map(([, value]) => Number(value)));

// The median in each round: round -> number.
function medians(values) {
  const rounds = new Map();
  for (const [when, value] of values) {
    const [round] = when.split('/');
    rounds.set(round, [...(rounds.get(round) ?? []), Number(value)]);
  }
  return new Map([...rounds].map(([round, numbers]) => [round, spread(numbers).median]));
}

// Each turn's value beside that of plain node in the same turn; the median of each round's.
function ratio(workload, mode, key) {
  const plain = new Map(found(workload, 'plain', key).map(([when, value]) => [when, Number(value)]));
  const turns = found(workload, mode, key).filter(([when]) => plain.get(when) > 0);
  return spread([...medians(turns.map(([when, value]) => [when, value / plain.get(when)])).values()]);
}

// Starts are many in a round: the median of the round's first, then those of the rounds.
function longer(mode) {
  const plain = medians(found('start', 'plain', 'start'));
  return spread([...medians(found('start', mode, 'start'))].map(([round, value]) => value - plain.get(round)));
}

const lost = (workload, mode) => {
  const values = found(workload, mode, 'lost').map(([, value]) => value);
  if (!values.length) return undefined;
  return values.includes('unknown') ? 'unknown' : values.reduce((sum, value) => sum + Number(value), 0);
};

function summary(workload, mode) {
  const plain = numbers(workload, 'plain', 'rss');
  const rss = numbers(workload, mode, 'rss');
  const buffers = numbers(workload, mode, 'buffers');
  const mebibytes = (kibibytes) => kibibytes / 1024;
  return {
    error: found(workload, mode, 'error')[0]?.[1],
    perSecond: numbers(workload, mode, 'rate')?.median,
    ratio: ratio(workload, mode, 'rate'),
    cpuRatio: ratio(workload, mode, 'cpu'),
    millisecondsLonger: workload === 'start' ? longer(mode) : undefined,
    milliseconds: workload === 'start' ? numbers(workload, mode, 'start') : undefined,
    eventsPerOperation: numbers(workload, mode, 'events')?.median,
    bytesPerOperation: numbers(workload, mode, 'bytes')?.median,
    lost: lost(workload, mode),
    daemonsOfCore: numbers(workload, mode, 'daemons')?.median,
    peakRssMiB: rss && mebibytes(rss.median),
    addedMiB: rss && plain && mebibytes(rss.median - buffers.median - plain.median),
    buffersMiB: buffers && mebibytes(buffers.median),
  };
}
const summaries = {};
for (const workload of workloads) {
  for (const mode of modes) if (measured[workload]?.[mode]) (summaries[workload] ??= {})[mode] = summary(workload, mode);
}

// As Markdown does it, which is as easy to read.
function print(title, rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  console.log(`\n${title}\n\n${[line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')}`);
}
const digits = (value, count) => (value === undefined ? '-' : value.toFixed(count));
const range = (s, count) => (s ? `${s.median.toFixed(count)} (${s.least.toFixed(count)}${s.least < 0 ? ' to ' : '-'}${s.most.toFixed(count)})` : '-');

// A row for each mode, a column for each workload.
function matrix(title, columns, cell) {
  const present = columns.filter((workload) => summaries[workload]);
  const used = modes.filter((mode) => present.some((workload) => summaries[workload][mode]));
  if (!present.length || !used.length) return;
  const text = (s, mode) => (!s ? '-' : s.error ? 'does not run' : cell(s, mode));
  print(title, [['', ...present], ...used.map((mode) => [mode, ...present.map((workload) => text(summaries[workload][mode], mode))])]);
}

const ratios = (s, mode) => (mode === 'plain' ? `${digits(s.perSecond, 0)}/s` : range(s.ratio, 2));
const isProgram = (workload) => /-(dynamic|static)$/.test(workload);
const isServer = (workload) => workload !== 'start' && !isProgram(workload);
const servers = workloads.filter(isServer);
for (const [name, value] of Object.entries(environment)) console.log(`${name.padEnd(9)}${value}`);
for (let i = 0; i < servers.length; i += 4)
  matrix('requests/s relative to plain node: median of the rounds (least-most)', servers.slice(i, i + 4), ratios);
for (const route of ['dynamic', 'static'])
  matrix('operations/s of a C program relative to plain: median of the rounds (least-most)', workloads.filter((w) => w.endsWith(`-${route}`)), ratios);
matrix('node -e 0, milliseconds longer than plain: median of the rounds (least-most)', ['start'], (s, mode) =>
  mode === 'plain' ? `${digits(s.milliseconds?.median, 1)} ms` : range(s.millisecondsLonger, 1)
);

const header = ['', 'mode', '/s', 'CPU', 'events', 'B/event', 'B/operation', 'lost', 'daemons', 'RSS', 'added', 'buffers'];
const details = [header];
for (const workload of Object.keys(summaries).filter((w) => w !== 'start')) {
  for (const [mode, s] of Object.entries(summaries[workload])) {
    details.push([
      workload, mode, digits(s.perSecond, 0), digits(s.cpuRatio?.median, 2), digits(s.eventsPerOperation, 1),
      digits(s.eventsPerOperation ? s.bytesPerOperation / s.eventsPerOperation : undefined, 1), digits(s.bytesPerOperation, 0),
      String(s.lost ?? '-'), s.daemonsOfCore === undefined ? '-' : `${(s.daemonsOfCore * 100).toFixed(1)}%`,
      digits(s.peakRssMiB, 0), digits(s.addedMiB, 1), digits(s.buffersMiB, 1),
    ]);
  }
}
print(
  'medians: operations/s; CPU time of the server for each, relative to plain; events (lines of `convert --no-states`), bytes of the\n' +
    'trace for each; records lost in all rounds;\n' +
    "CPU of LTTng's daemons, of a core; peak RSS of node, what of it was added to plain node's, and LTTng's buffers in it (MiB)",
  details
);
for (const [workload, byMode] of Object.entries(summaries))
  for (const [mode, s] of Object.entries(byMode)) if (s.error) console.log(`${mode} does not run (${workload}): ${s.error}`);

if (jsonFile) fs.writeFileSync(jsonFile, `${JSON.stringify({ environment, modes, workloads, results: summaries, measured }, null, 1)}\n`);
