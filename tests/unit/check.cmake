# SPDX-License-Identifier: MIT
# The readers of the event stream: reader, checker, tree.
if(TARGET uvt_tools)
  foreach(name id_set stream_reader check tree stream_fuzz)
    if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/test_${name}.c)
      uvt_unit_test(${name} LIBS uvt_tools)
    endif()
  endforeach()
endif()
