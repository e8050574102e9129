# SPDX-License-Identifier: MIT
# Diverting functions: the pure relocator, memory near code, and libuvtree-patch.so itself on functions of the test's.
find_package(zydis)
uvt_unit_test(symbol SOURCES ${CMAKE_SOURCE_DIR}/preload/base/symbol.c LIBS ${CMAKE_DL_LIBS})
set_target_properties(test_symbol PROPERTIES ENABLE_EXPORTS ON)

if(zydis_FOUND)
  set(preload ${CMAKE_SOURCE_DIR}/preload)
  uvt_unit_test(relocate_x86 SOURCES ${preload}/patch/relocate_x86.c LIBS Zydis::Zydis)
  uvt_unit_test(codemem SOURCES ${preload}/patch/codemem.c ${preload}/base/maps.c)
endif()
# The thread sanitizer has a thread of its own, and patches are for processes with one.
if(TARGET uvtree_patch AND NOT UVT_SANITIZE MATCHES thread)
  uvt_unit_test(patch SOURCES patch_targets.S LIBS ${CMAKE_DL_LIBS})
  # The targets' sizes are read from the dynamic symbol table.
  set_target_properties(test_patch PROPERTIES ENABLE_EXPORTS ON)
  target_compile_definitions(test_patch PRIVATE UVT_PATCH_OBJECT="$<TARGET_FILE:uvtree_patch>")
  add_dependencies(test_patch uvtree_patch)
endif()
