# SPDX-License-Identifier: MIT
# From a trace to the event stream: model, its store, views, the JSON Lines writer, the reader of traces.
if(TARGET uvt_tools)
  foreach(name model model_stack code_regions stack_store symbols pending view reorder merge
               ctf_reader)
    uvt_unit_test(${name} LIBS uvt_tools)
  endforeach()
  foreach(name out_jsonl record_queue trace_source)
    uvt_unit_test(${name} THREADS LIBS uvt_tools)
  endforeach()
  # babeltrace2 does not free all when it gives up a damaged trace.
  set_tests_properties(unit.trace_source unit.ctf_reader PROPERTIES ENVIRONMENT ASAN_OPTIONS=detect_leaks=0)
endif()

# Emits synthetic workloads through the LTTng provider (scripts/bench-convert).
add_executable(generate_trace ${CMAKE_SOURCE_DIR}/tests/fixtures/generate_trace.c)
target_link_libraries(generate_trace PRIVATE uvt_warnings uvt_vocabulary ${CMAKE_DL_LIBS})
