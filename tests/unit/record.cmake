# SPDX-License-Identifier: MIT
# What of `uvtree record` can be tested without LTTng.
set(uvt_record_tools ${CMAKE_SOURCE_DIR}/tools)
uvt_unit_test(objects SOURCES ${uvt_record_tools}/objects.c ${uvt_record_tools}/error.c ${uvt_record_tools}/words.c)
target_compile_definitions(test_objects PRIVATE UVT_OBJECT_FROM_BIN="../${UVT_OBJECT_DIR}" UVT_OBJECT_DIR="${UVT_OBJECT_DIR}")
uvt_unit_test(program SOURCES ${uvt_record_tools}/program.c ${uvt_record_tools}/helper.c ${uvt_record_tools}/error.c ${uvt_record_tools}/words.c)
uvt_unit_test(recorded SOURCES ${uvt_record_tools}/recorded.c ${uvt_record_tools}/batches.c
  ${uvt_record_tools}/family.c ${uvt_record_tools}/id_map.c ${uvt_record_tools}/hash.c)
uvt_unit_test(family SOURCES ${uvt_record_tools}/family.c ${uvt_record_tools}/id_map.c ${uvt_record_tools}/hash.c)
