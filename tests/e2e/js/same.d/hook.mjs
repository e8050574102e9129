// SPDX-License-Identifier: MIT
await 1;
console.log('imported first');
