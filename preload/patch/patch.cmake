# SPDX-License-Identifier: MIT
# libuvtree-patch.so: diverts functions of the executable (patch.h). An object of its own because it needs Zydis.
find_package(zydis REQUIRED)

add_library(uvtree_patch MODULE
  ${CMAKE_CURRENT_LIST_DIR}/patch.c ${CMAKE_CURRENT_LIST_DIR}/relocate_x86.c
  ${CMAKE_CURRENT_LIST_DIR}/codemem.c ${CMAKE_CURRENT_LIST_DIR}/../base/maps.c)
set_target_properties(uvtree_patch PROPERTIES PREFIX "" OUTPUT_NAME libuvtree-patch
  LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/${UVT_OBJECT_DIR}
  LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/patch.map)
target_include_directories(uvtree_patch PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_options(uvtree_patch PRIVATE -O2 -fno-stack-protector)
target_link_libraries(uvtree_patch PRIVATE uvt_warnings Zydis::Zydis)
# -z now: no lazy binding while the program's pages are not executable.
target_link_options(uvtree_patch PRIVATE -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/patch.map -Wl,-z,defs -Wl,-z,now)
install(TARGETS uvtree_patch LIBRARY DESTINATION ${UVT_OBJECT_DIR})
