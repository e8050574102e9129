# SPDX-License-Identifier: MIT
# The commands that answer questions: path, stats, requests.
if(TARGET uvt_tools)
  foreach(name histogram spent path stats requests)
    uvt_unit_test(${name} LIBS uvt_tools)
  endforeach()
endif()
