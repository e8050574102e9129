# SPDX-License-Identifier: MIT
# The readers of the event stream: reader, checker, tree.
if(TARGET uvt_tools)
  foreach(name id_set stream_reader check tree stream_fuzz)
    uvt_unit_test(${name} LIBS uvt_tools)
  endforeach()
endif()
