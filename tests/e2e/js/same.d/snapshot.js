// SPDX-License-Identifier: MIT
globalThis.kept = new Map([[1, Promise.resolve(2)]]);
