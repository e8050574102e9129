#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// Opens a page of `uvtree view` in Debian's Chromium and clicks through it:  view-page.js NODE_MODULES PAGE [SCREENSHOT]
// Ends with 77 where there is no Chromium.
'use strict';
const assert = require('assert');
const fs = require('fs');
const path = require('path');

const [modules, file, screenshot] = process.argv.slice(2);
const wantsRequests = process.env.WANTS_REQUESTS;
const wantsStacks = process.env.WANTS_STACKS;
const chromium = '/usr/bin/chromium';
const PATIENCE = 240000; // ms: for what never comes, not for a slow machine
const operation = '.row[data-operation]:visible';

async function open(page) {
  const begin = Date.now();
  await page.goto('file://' + path.resolve(file));
  await page.waitForFunction(() => document.documentElement.dataset.ready);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  return Date.now() - begin;
}

// From an operation in the search's list, by its chain, to the root.
async function followChain(page, wanted) {
  await page.fill('#search', wanted);
  await page.locator('#tabs button', { hasText: /Found: [1-9]/ }).waitFor();
  await page.locator(operation).first().click();
  const chain = page.locator('#chain a');
  const steps = await chain.count();
  assert(steps > 1, `the chain of ${wanted} has ${steps} links`);
  const root = await chain.last().innerText();
  await chain.last().click();
  assert.strictEqual(await page.locator('#details h2').first().innerText(), root);
  assert.strictEqual(await page.locator('#chain a').count(), 1);
  await page.fill('#search', '');
  await page.locator('.row.selected:visible').waitFor(); // the tree has it in sight
  await page.locator('#details .also a').first().click();
  assert.strictEqual(await page.locator('#chain a').count(), 2);
  return steps;
}

// The long stack of an operation: frames of the program, those of the runtime behind a click; and its hops lead on.
async function followStack(page) {
  await page.fill('#search', 'uv_fs_open');
  await page.locator('#tabs button', { hasText: /Found: [1-9]/ }).waitFor();
  const rows = await page.locator(operation).count();
  for (let row = 0; row < rows; row++) {
    await page.locator(operation).nth(row).click();
    if (await page.locator('#stack .frame:not(.runtime)').count()) break;
  }
  const shown = await page.locator('#stack .frame:not(.runtime)').allInnerTexts();
  assert(shown.some((frame) => /^answer .*app\.js:\d+/.test(frame)), `frames: ${shown}`);
  assert(shown.every((frame) => !frame.includes(' node:')), `frames: ${shown}`);
  const runtime = page.locator('#stack details').first();
  assert(!(await runtime.locator('div').first().isVisible()));
  await runtime.locator('summary').click();
  assert(await runtime.locator('div').first().isVisible());
  const hop = page.locator('#stack a').nth(1);
  const name = await hop.innerText();
  await hop.click();
  assert.strictEqual(await page.locator('#details h2').first().innerText(), name);
  await page.fill('#search', '');
  return shown.length;
}

async function clickTimeline(page) {
  const box = await page.locator('#timeline .u-over').boundingBox();
  const onMain = async () => /thread\s+main /.test(await page.locator('#details dl').innerText());
  for (let x = 2; x < box.width && !(await onMain()); x += 8) await page.mouse.click(box.x + x, box.y + 8); // the first row
  assert(await onMain(), 'no invocation on the first row');
  await page.mouse.move(box.x + 100, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 8, { steps: 3 });
  await page.mouse.up(); // zooms in
  await page.mouse.dblclick(box.x + 100, box.y + 8);
}

async function clickTypes(page) {
  await page.getByRole('tab', { name: 'Types' }).click();
  await page.locator('tr[data-type=uv_fs_open]').click();
  assert.match(await page.locator('#histogram .u-title').innerText(), /^uv_fs_open/);
  await page.locator('select').selectOption('poolWait');
  assert.match(await page.locator('#histogram .u-title').innerText(), /pool wait$/);
}

// The table of requests: sorted by what is clicked, its parts sum up, and a click leads to the request's chain.
async function clickRequests(page) {
  const tab = page.getByRole('tab', { name: 'Requests' });
  if (!(await tab.count())) return 0;
  await tab.click();
  const column = async (n) => (await page.locator(`.row.requests > :nth-child(${n})`).allInnerTexts()).map((text) => text.trim());
  assert.match(await page.locator('.summary').innerText(), /^\d+ requests, \d+ failed; wall time of those answered: p50 /);
  await page.locator('[data-order=operations]').click();
  const counts = (await column(10)).map(Number);
  assert.deepStrictEqual(counts, [...counts].sort((a, b) => b - a));
  await page.locator('[data-order=name]').click();
  const names = await column(2);
  assert.deepStrictEqual(names, [...names].sort((a, b) => a.localeCompare(b)));
  const widths = await page.locator('.row.requests .bar').first().locator('i').evaluateAll((parts) => parts.map((part) => parseFloat(part.style.width)));
  assert(Math.abs(widths.reduce((sum, width) => sum + width) - 100) < 0.1, `parts of ${widths}`);
  await page.locator('.row.requests').first().click();
  const steps = await page.locator('#details .chain').first().locator('a').count();
  assert(steps > 0, 'no critical path');
  assert((await page.locator('#details').innerText()).includes(`Critical path: ${steps} steps`));
  await page.getByRole('tab', { name: 'Tree' }).click();
  await page.locator('.row.selected:visible').waitFor();
  return names.length;
}

async function scroll(page) {
  await page.fill('#search', 'uv_');
  await page.locator(operation).first().waitFor();
  return page.evaluate(async () => {
    const list = [...document.querySelectorAll('.list')].find((box) => box.offsetParent);
    const frames = [];
    for (let i = 0; i <= 50; i++) {
      const begin = performance.now();
      list.scrollTop = (i / 50) * list.scrollHeight;
      await new Promise(requestAnimationFrame);
      frames.push(performance.now() - begin);
    }
    return Math.round(frames.sort((a, b) => a - b)[25]);
  });
}

async function main() {
  if (!fs.existsSync(chromium)) process.exit(77);
  const browser = await require(path.join(modules, 'playwright-core')).chromium.launch({ executablePath: chromium, args: ['--no-sandbox'], timeout: PATIENCE });
  try {
    const page = await browser.newPage({ viewport: { width: 1500, height: 950 } });
    page.setDefaultTimeout(PATIENCE);
    const complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('dialog', (dialog) => complaints.push(dialog.message()));
    page.on('request', (request) => request.url().startsWith('file:') || complaints.push(request.url()));
    const took = await open(page);
    const steps = await followChain(page, 'uv_fs_open');
    await clickTimeline(page);
    await clickTypes(page);
    const requests = await clickRequests(page);
    if (wantsRequests) assert(requests > 0, 'no table of requests');
    if (wantsStacks) await followStack(page);
    const frame = await scroll(page);
    assert.strictEqual(await page.locator('img, b > *').count(), 0); // names stay names
    assert.deepStrictEqual(complaints, []);
    if (screenshot) await page.screenshot({ path: screenshot });
    console.log(`open after ${took} ms, ${steps} links in a chain, ${frame} ms a frame while scrolling`);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
