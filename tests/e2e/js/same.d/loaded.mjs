// SPDX-License-Identifier: MIT
import { executionAsyncId } from 'async_hooks';
import { clearTimeout } from 'timers';
console.log(process.moduleLoadList.length, executionAsyncId(), clearTimeout === globalThis.clearTimeout);
await new Promise((resolve) => setTimeout(resolve, 1));
console.log((await import('./add.js')).default.add(1, 2), process.getActiveResourcesInfo());
