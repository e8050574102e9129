# SPDX-License-Identifier: MIT
# The live tree, outside any traced program: the modules that make it, with what they need of the rest. Also under the
# thread sanitizer (preset tsan).
if(UVT_BUILD_PRELOAD)
  set(preload ${CMAKE_SOURCE_DIR}/preload)
  set(live_tree live_world.c buffer_world.c ${preload}/live/arena.c ${preload}/live/table.c ${preload}/live/inherit.c ${preload}/base/thread.c
    ${preload}/calls/registration.c ${preload}/base/descriptors.c ${preload}/base/log.c)
  uvt_unit_test(live THREADS SOURCES ${live_tree})
  uvt_unit_test(live_model THREADS SOURCES ${live_tree})
  uvt_unit_test(buffer THREADS SOURCES ${preload}/recording/buffer.c ${preload}/base/log.c)
  uvt_unit_test(js_emit SOURCES ${preload}/js/js_emit.c LIBS ${CMAKE_DL_LIBS})
  uvt_unit_test(v8_parts SOURCES ${preload}/base/v8_parts.c)
  uvt_unit_test(thunk THREADS SOURCES ${preload}/hooks/thunk.c ${preload}/hooks/thunks.S ${preload}/base/log.c)
endif()
