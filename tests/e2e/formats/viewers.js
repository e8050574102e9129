#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Do people's viewers open what `uvtree convert` writes?   viewers.js NODE_MODULES chrome|folded FILE [SCREENSHOT]
//
// chrome: the viewer of chrome://tracing, as Debian ships it in golang-1.19-src (its own Chromium comes without).
// folded: speedscope. Both run in Debian's Chromium without a window; nothing is asked of the network.
// Ends with 77 where Chromium or the viewer is not installed.
'use strict';
const assert = require('assert');
const fs = require('fs');
const http = require('http');
const path = require('path');

const [modules, kind, file, screenshot] = process.argv.slice(2);
const chromium = '/usr/bin/chromium';
const PATIENCE = 240000; // ms: for what never comes, not for a slow machine
const folders = {
  chrome: '/usr/share/go-1.19/src/cmd/trace/static',
  folded: path.join(modules, 'speedscope/dist/release'),
};

const catapult = `<!doctype html><html><head><script src="/webcomponents.min.js"></script>
<link rel="import" href="/trace_viewer_full.html">
<style>html, body { margin: 0; height: 100% } #viewer { position: absolute; inset: 0 }</style></head><body></body></html>`;

function serve(request, response) {
  const name = new URL(request.url, 'http://localhost').pathname;
  const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' };
  response.setHeader('content-type', types[path.extname(name)] || 'text/plain');
  try {
    if (name === '/catapult.html') response.end(catapult);
    else response.end(fs.readFileSync(name === '/the-file' ? file : path.join(folders[kind], name)));
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

// In the page: what the importer made of the file, and the timeline itself for the screenshot.
async function openInCatapult() {
  const model = new tr.Model();
  new tr.importer.Import(model).importTraces([await (await fetch('/the-file')).text()]);
  const viewer = document.createElement('tr-ui-timeline-view');
  const container = document.createElement('track-view-container');
  container.id = 'track_view_container';
  viewer.track_view_container = container;
  Polymer.dom(viewer).appendChild(container);
  viewer.id = 'viewer';
  Polymer.dom(document.body).appendChild(viewer);
  viewer.globalMode = true;
  viewer.model = model;
  let slices = 0;
  let operations = 0;
  for (const process of Object.values(model.processes)) {
    for (const thread of Object.values(process.threads)) {
      slices += thread.sliceGroup.length;
      operations += thread.asyncSliceGroup.length;
    }
  }
  const arrows = model.flowEvents.filter((arrow) => arrow.startSlice && arrow.endSlice).length;
  return { slices, operations, arrows, warnings: model.importWarnings.map((w) => w.message) };
}

async function checkCatapult(page, url) {
  await page.goto(url + '/catapult.html');
  await page.waitForFunction(() => typeof tr !== 'undefined' && tr.Model && tr.importer && tr.importer.Import);
  const found = await page.evaluate(openInCatapult);
  const events = JSON.parse(fs.readFileSync(file, 'utf8')).traceEvents;
  const count = (phase) => events.filter((event) => event.ph === phase).length;
  assert.deepStrictEqual(found, { slices: count('X'), operations: count('b'), arrows: count('s'), warnings: [] });
  return found;
}

async function checkSpeedscope(page, url) {
  await page.goto(url + '/index.html#profileURL=' + encodeURIComponent(url + '/the-file') + '&title=uvtree');
  await page.getByText('Sandwich').click();
  await page.waitForFunction(() => document.querySelectorAll('tr').length > 1);
  const shown = await page.evaluate(() => document.body.innerText);
  const lines = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  const own = new Map(); // of each frame, as speedscope sorts by it
  for (const line of lines) {
    const frame = line.slice(0, line.lastIndexOf(' ')).split(';').at(-1);
    own.set(frame, (own.get(frame) || 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  const [largest] = [...own].sort((a, b) => b[1] - a[1])[0];
  assert(shown.includes(largest), `${largest} is not shown`);
  return { stacks: lines.length, largest };
}

async function main() {
  if (!fs.existsSync(chromium) || !fs.existsSync(folders[kind])) process.exit(77);
  const { chromium: browserType } = require(path.join(modules, 'playwright-core'));
  const server = http.createServer(serve).listen(0, '127.0.0.1');
  const browser = await browserType.launch({ executablePath: chromium, args: ['--no-sandbox'], timeout: PATIENCE });
  try {
    const page = await browser.newPage({ viewport: { width: 1600, height: 900 } });
    page.setDefaultTimeout(PATIENCE);
    page.on('pageerror', (error) => assert.fail(error));
    const url = `http://127.0.0.1:${server.address().port}`;
    console.log(JSON.stringify(await (kind === 'chrome' ? checkCatapult : checkSpeedscope)(page, url)));
    if (screenshot) {
      await page.waitForTimeout(1500);
      await page.screenshot({ path: screenshot });
    }
  } finally {
    await browser.close();
    server.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
