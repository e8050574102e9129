# SPDX-License-Identifier: MIT
# The page of `uvtree view`, bundled from the sources here with esbuild and uPlot from npm. Without npm, or where it has
# no network, uvtree is built without the command's page.
option(UVT_BUILD_PAGE "the page of uvtree view, with packages from npm" ON)

set(uvt_page_sources ${CMAKE_CURRENT_LIST_DIR})
set(uvt_page_build ${CMAKE_CURRENT_BINARY_DIR}/page)

# Installs the packages of package-lock.json, once for each of its versions; sets UVT_PAGE_PACKAGES if they are there.
function(uvt_page_install)
  file(SHA256 ${uvt_page_sources}/package-lock.json version)
  set(stamp ${uvt_page_build}/packages-${version})
  if(NOT EXISTS ${stamp})
    find_program(UVT_NPM npm)
    find_program(UVT_NODE node)
    if(NOT UVT_NPM OR NOT UVT_NODE)
      message(STATUS "no npm: uvtree view will not work")
      return()
    endif()
    file(COPY ${uvt_page_sources}/package.json ${uvt_page_sources}/package-lock.json DESTINATION ${uvt_page_build})
    execute_process(COMMAND ${UVT_NPM} ci --silent --no-audit --no-fund --ignore-scripts
      WORKING_DIRECTORY ${uvt_page_build} RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET TIMEOUT 120)
    if(NOT result EQUAL 0)
      message(STATUS "npm ci failed: uvtree view will not work")
      return()
    endif()
    file(TOUCH ${stamp})
  endif()
  find_program(UVT_NODE node)
  set(UVT_PAGE_PACKAGES ${uvt_page_build}/node_modules PARENT_SCOPE)
endfunction()

if(UVT_BUILD_PAGE)
  uvt_page_install()
endif()
if(UVT_PAGE_PACKAGES)
  file(GLOB uvt_page_files CONFIGURE_DEPENDS ${uvt_page_sources}/*.js ${uvt_page_sources}/*.css ${uvt_page_sources}/*.html)
  set(uvt_page_halves ${uvt_page_build}/page-before.html ${uvt_page_build}/page-after.html)
  add_custom_command(OUTPUT ${uvt_page_halves}
    COMMAND ${UVT_NODE} ${uvt_page_sources}/bundle.js ${UVT_PAGE_PACKAGES} ${uvt_page_build}
    DEPENDS ${uvt_page_files} ${uvt_page_sources}/package-lock.json
    COMMENT "Bundling the page of uvtree view")
  set_source_files_properties(page/page_template.S PROPERTIES OBJECT_DEPENDS "${uvt_page_halves}"
    COMPILE_DEFINITIONS "UVT_PAGE_BEFORE=\"${uvt_page_build}/page-before.html\";UVT_PAGE_AFTER=\"${uvt_page_build}/page-after.html\"")
endif()
