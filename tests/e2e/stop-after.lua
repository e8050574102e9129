-- SPDX-License-Identifier: MIT
-- wrk -s stop-after.lua URL -- COUNT: no more requests than that (and one a connection) with one thread.
local left

function init(arguments)
  left = tonumber(arguments[1])
end

function response()
  left = left - 1
  if left <= 0 then
    wrk.thread:stop()
  end
end
