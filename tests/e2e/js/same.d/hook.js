// SPDX-License-Identifier: MIT
console.log('loaded first', module.parent?.id, require.main, process._preload_modules);
setTimeout(() => console.log('timer of what is loaded first'), 1);
