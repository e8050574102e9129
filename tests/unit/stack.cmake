# SPDX-License-Identifier: MIT
# Walking stacks, beside libunwind; and the map of V8's code.
if(UVT_BUILD_PRELOAD)
  set(preload ${CMAKE_SOURCE_DIR}/preload)
  pkg_check_modules(LIBUNWIND REQUIRED IMPORTED_TARGET libunwind)
  uvt_unit_test(unwind_rows SOURCES ${preload}/stacks/unwind_rows.c)
  uvt_unit_test(code_map SOURCES stack_world.c ${preload}/stacks/code_map.c ${preload}/base/lock.c)
  # The address sanitizer moves locals away from the stack that is walked here.
  if(NOT UVT_SANITIZE)
    uvt_unit_test(stack_walk SOURCES stack_world.c ${preload}/stacks/stack_walk.c ${preload}/stacks/unwind_rows.c ${preload}/stacks/code_map.c ${preload}/base/lock.c
      ${preload}/base/maps.c LIBS PkgConfig::LIBUNWIND)
    target_compile_options(test_stack_walk PRIVATE -O2 -fno-optimize-sibling-calls)
  endif()
  # For scripts/bench-stack: a program and a module for Node, of the same files.
  set(bench ${CMAKE_SOURCE_DIR}/tests/fixtures/bench_stack.c stack_world.c buffer_world.c ${preload}/stacks/stack.c ${preload}/stacks/stack_walk.c
    ${preload}/stacks/unwind_rows.c ${preload}/stacks/code_map.c ${preload}/base/lock.c ${preload}/stacks/images.c ${preload}/stacks/js_code.c ${preload}/base/v8_parts.c ${preload}/recording/js_text.c
    ${preload}/base/maps.c ${preload}/base/log.c)
  add_executable(bench_stack ${bench})
  add_library(bench_stack_module MODULE ${bench})
  set_target_properties(bench_stack_module PROPERTIES PREFIX "" SUFFIX ".node" OUTPUT_NAME bench_stack
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
  foreach(target bench_stack bench_stack_module)
    target_include_directories(${target} PRIVATE ${preload})
    target_compile_options(${target} PRIVATE -O2 -fno-optimize-sibling-calls)
    target_link_libraries(${target} PRIVATE uvt_warnings uvt_vocabulary PkgConfig::LIBUNWIND)
  endforeach()
endif()
