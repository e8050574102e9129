// SPDX-License-Identifier: MIT
console.log('ran', process.env.NODE_OPTIONS);
Promise.resolve().then(() => console.log('reaction'));
