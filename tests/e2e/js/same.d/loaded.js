// SPDX-License-Identifier: MIT
// What a program could see of something that was loaded before it.
'use strict';
const methods = (object) => Object.getOwnPropertyNames(object).map((name) => {
  const property = Object.getOwnPropertyDescriptor(object, name);
  return name + ':' + typeof property.value + (typeof property.value === 'function' ? property.value.toString().length : '');
});
console.log(process.moduleLoadList);
console.log(process.env.NODE_OPTIONS, process.execArgv, process.title, process.argv.length);
console.log(Object.keys(require.cache), module.children.length, module.parent, module.paths.length);
const Module = require('module');
console.log(methods(Module), Object.keys(Module._pathCache).length, Module.globalPaths.length > 0);
console.log(process.getActiveResourcesInfo(), process._getActiveHandles().length, process._getActiveRequests().length);
console.log(process._preload_modules, process.eventNames(), process.features);
const timer = setTimeout(() => {}, 1);
console.log(methods(require('timers')), methods(Object.getPrototypeOf(timer)));
console.log(methods(require('async_hooks').AsyncResource.prototype), Object.keys(process.memoryUsage()));
console.log(methods(globalThis), methods(Promise.prototype), methods(Error));
console.log(Object.keys(process.report.getReport().environmentVariables).includes('NODE_OPTIONS'));
setTimeout(() => console.log(process.getActiveResourcesInfo()), 5);
