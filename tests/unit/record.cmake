# SPDX-License-Identifier: MIT
# What of `uvtree record` can be tested without LTTng.
set(uvt_record_tools ${CMAKE_SOURCE_DIR}/tools)
uvt_unit_test(objects SOURCES ${uvt_record_tools}/launch/objects.c ${uvt_record_tools}/base/error.c ${uvt_record_tools}/base/words.c)
target_compile_definitions(test_objects PRIVATE UVT_OBJECT_FROM_BIN="../${UVT_OBJECT_DIR}" UVT_OBJECT_DIR="${UVT_OBJECT_DIR}")
uvt_unit_test(program SOURCES ${uvt_record_tools}/launch/program.c ${uvt_record_tools}/launch/helper.c ${uvt_record_tools}/base/error.c ${uvt_record_tools}/base/words.c)
uvt_unit_test(recorded SOURCES ${uvt_record_tools}/launch/recorded.c ${uvt_record_tools}/trace/batches.c
  ${uvt_record_tools}/trace/family.c ${uvt_record_tools}/base/id_map.c ${uvt_record_tools}/base/hash.c)
uvt_unit_test(family SOURCES ${uvt_record_tools}/trace/family.c ${uvt_record_tools}/base/id_map.c ${uvt_record_tools}/base/hash.c)
