# SPDX-License-Identifier: MIT
# Manual pages: section 1 from the tables of options that --help is printed from, section 7 from the pages of this
# folder, which lowdown makes manual pages of. Without lowdown they are left out, and are read here.
set(uvt_man1 ${CMAKE_CURRENT_BINARY_DIR}/man1)
file(MAKE_DIRECTORY ${uvt_man1})
add_executable(make_manual commands/make_manual.c)
target_link_libraries(make_manual PRIVATE uvt_warnings uvt_sanitize uvt_tools)
add_custom_command(OUTPUT ${uvt_man1}/uvtree.1 COMMAND make_manual ${uvt_man1} DEPENDS make_manual
  COMMENT "Writing the manual pages of section 1")
set(uvt_pages ${uvt_man1}/uvtree.1)
install(DIRECTORY ${uvt_man1} DESTINATION ${CMAKE_INSTALL_MANDIR})

find_program(UVT_LOWDOWN lowdown)
if(UVT_LOWDOWN)
  file(GLOB uvt_man7_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.7.md)
  set(uvt_man7 ${CMAKE_CURRENT_BINARY_DIR}/man7)
  file(MAKE_DIRECTORY ${uvt_man7})
  foreach(source ${uvt_man7_sources})
    get_filename_component(name ${source} NAME)
    string(REPLACE ".7.md" "" name ${name})
    add_custom_command(OUTPUT ${uvt_man7}/${name}.7
      COMMAND ${UVT_LOWDOWN} -s -tman --parse-no-super --out-no-smarty -M title=${name} -M section=7 -M volume=uvtree -o ${uvt_man7}/${name}.7 ${source}
      DEPENDS ${source} COMMENT "Writing ${name}(7)" VERBATIM)
    list(APPEND uvt_pages ${uvt_man7}/${name}.7)
  endforeach()
  install(DIRECTORY ${uvt_man7} DESTINATION ${CMAKE_INSTALL_MANDIR})
else()
  message(STATUS "no lowdown: manual pages of section 7 are not made (they are in tools/manual)")
endif()
add_custom_target(uvt_manual ALL DEPENDS ${uvt_pages})
