// SPDX-License-Identifier: MIT
// Makes the page that `uvtree view` writes, but for the data:  bundle.js NODE_MODULES OUTPUT_FOLDER
// Writes page-before.html and page-after.html: what comes before the data, and what after.
import fs from 'node:fs';
import path from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [modules, output] = process.argv.slice(2);
const here = path.dirname(fileURLToPath(import.meta.url));
const esbuild = createRequire(path.join(path.resolve(modules), 'x.js'))('esbuild');
const read = (...parts) => fs.readFileSync(path.join(...parts), 'utf8');

const common = { bundle: true, minify: true, write: false, nodePaths: [path.resolve(modules)], legalComments: 'none' };
const bundle = (file, options) => esbuild.buildSync({ ...common, ...options, entryPoints: [path.join(here, file)] }).outputFiles[0].text.trim();

const script = bundle('main.js', { format: 'iife', target: 'es2021', charset: 'ascii' });
const style = bundle('style.css', {});
if (/<\/?(script|style|!--)/i.test(script + style)) throw new Error('a tag in the bundle');

const licence = read(modules, 'uplot/LICENSE').replaceAll('--', '- -');
const page = read(here, 'index.html')
  .replace('<head>', () => `<!--\nIn this page: uvtree, MIT licence; and uPlot, under this licence:\n\n${licence}-->\n<head>`)
  .replace('@STYLE@', () => style)
  .replace('@SCRIPT@', () => script);
const [before, after] = page.split('@DATA@');
fs.mkdirSync(output, { recursive: true });
fs.writeFileSync(path.join(output, 'page-before.html'), before);
fs.writeFileSync(path.join(output, 'page-after.html'), after);
