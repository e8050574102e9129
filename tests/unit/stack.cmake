# SPDX-License-Identifier: MIT
# Walking stacks, beside libunwind; and the map of V8's code.
if(UVT_BUILD_PRELOAD)
  set(preload ${CMAKE_SOURCE_DIR}/preload)
  pkg_check_modules(LIBUNWIND REQUIRED IMPORTED_TARGET libunwind)
  uvt_unit_test(unwind_rows SOURCES ${preload}/unwind_rows.c)
  uvt_unit_test(code_map SOURCES stack_world.c ${preload}/code_map.c)
  # The address sanitizer moves locals away from the stack that is walked here.
  if(NOT UVT_SANITIZE)
    uvt_unit_test(unwind SOURCES stack_world.c ${preload}/unwind.c ${preload}/unwind_rows.c ${preload}/code_map.c
      ${preload}/maps.c LIBS PkgConfig::LIBUNWIND)
    target_compile_options(test_unwind PRIVATE -O2 -fno-optimize-sibling-calls)
  endif()
endif()
