// SPDX-License-Identifier: MIT
import { clearTimeout as clear, setTimeout as set } from 'timers';
import fs, { readFile } from 'fs';
const never = set(() => console.log('never'), 1);
clear(never);
await new Promise((resolve) => readFile(new URL(import.meta.url), () => resolve()));
console.log(clear === clearTimeout, typeof fs.readFile, (await import('os')).default !== undefined);
