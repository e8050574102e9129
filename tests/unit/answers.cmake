# SPDX-License-Identifier: MIT
# The commands that answer questions: path, stats, requests; and their command lines.
if(TARGET uvt_tools)
  foreach(name arguments histogram spent path long_stack stats requests)
    uvt_unit_test(${name} LIBS uvt_tools)
  endforeach()
endif()
