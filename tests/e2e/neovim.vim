" SPDX-License-Identifier: MIT
" A child process, a timer and Lua's libuv binding.
call jobwait([jobstart(['/bin/echo', 'job'])])
let g:ticks = 0
call timer_start(5, {-> execute('let g:ticks += 1')}, {'repeat': 3})
call wait(60000, {-> g:ticks == 3})
lua vim.loop.fs_stat('/', function(error, stat) found = stat.type end)
lua vim.wait(60000, function() return found ~= nil end)
call writefile([g:ticks, luaeval('found')], '/dev/stdout')
quitall
