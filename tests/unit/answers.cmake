# SPDX-License-Identifier: MIT
# The commands that answer questions: path, stats, requests; their command lines, and the texts they print.
if(TARGET uvt_tools)
  foreach(name words arguments histogram spent path long_stack stats requests)
    uvt_unit_test(${name} LIBS uvt_tools)
  endforeach()
endif()
