# SPDX-License-Identifier: MIT
# The formats of `uvtree convert` but for JSON Lines, what they share, and the page of `uvtree view`.
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
if(TARGET uvt_tools)
  foreach(name follow formats page)
    uvt_unit_test(${name} LIBS uvt_tools PkgConfig::JANSSON)
  endforeach()
endif()
