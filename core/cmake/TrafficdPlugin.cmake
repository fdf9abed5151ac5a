# trafficd_add_plugin(<kind> <name> SOURCES … [LIBRARIES …]): one plugin, compiled once as an object library and used
# twice: as the loadable module and as its static twin, which tests link. Used in the tree and installed for authors.
#
# The module is <name>.so below <kind>s/, linked with --no-undefined, so that a plugin that reaches beyond the SDK does
# not build. A generated file adds the two symbols that the daemon looks for.

set(TRAFFICD_PLUGIN_OUTPUT "${CMAKE_BINARY_DIR}/plugins" CACHE INTERNAL "where plugin modules are built")

function(trafficd_add_plugin kind name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT kind MATCHES "^(input|stage|output)$")
    message(FATAL_ERROR "trafficd_add_plugin: the kind is input, stage or output, not '${kind}'")
  endif()
  set(target ${kind}_${name})
  add_library(${target}_objects OBJECT ${arg_SOURCES})
  target_link_libraries(${target}_objects PUBLIC trafficd::sdk ${arg_LIBRARIES})

  set(entry ${CMAKE_CURRENT_BINARY_DIR}/${target}_entry.cpp)
  file(CONFIGURE OUTPUT ${entry} CONTENT [=[
#include "trafficd/entry.hpp"
TRAFFICD_ENTRY(@kind@, @name@)
]=] @ONLY)
  add_library(${target} MODULE ${entry})
  target_link_libraries(${target} PRIVATE ${target}_objects)
  target_link_options(${target} PRIVATE -Wl,--no-undefined)
  if(TRAFFICD_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,--undefined-version -Wl,-z,undefs)
  endif()
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${TRAFFICD_PLUGIN_OUTPUT}/${kind}s)
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/trafficd/plugins/${kind}s)
endfunction()
