# How plugins are built: used in the tree, and installed for authors, whom find_package(trafficd) gives it. All that a
# plugin must be compiled with comes from here and from trafficd::sdk.
#
# trafficd_add_plugin(<kind> <name> SOURCES … [LIBRARIES …]): one plugin, compiled once as the object library
# <kind>_<name>_objects and used twice: as the loadable module <kind>_<name>, and as its static twin, which tests link.
#
# The module is <name>.so below <kind>s/, linked with --no-undefined, so that a plugin that reaches beyond the SDK does
# not build. A generated file adds the two symbols that the daemon looks for. It is installed to the plugin folder below
# the prefix, where a daemon of the same prefix finds it, and any daemon when the prefix is /usr/local.
#
# trafficd_add_golden_test(<kind> <name> <folder>): a test that runs the golden cases below <folder>/cases.
# trafficd_add_contract_test(<kind> <name> <folder>): a test that holds the rules for every plugin against it, with the
# sample.yaml and the cases of <folder>.

set(TRAFFICD_PLUGIN_OUTPUT "${CMAKE_BINARY_DIR}/plugins" CACHE INTERNAL "where plugin modules are built")
# Not the library folder of the platform, which differs between prefixes.
set(TRAFFICD_PLUGIN_FOLDER lib/trafficd/plugins CACHE INTERNAL "where plugins are installed, below the prefix")

function(trafficd_add_plugin kind name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT kind MATCHES "^(input|stage|output)$")
    message(FATAL_ERROR "trafficd_add_plugin: the kind is input, stage or output, not '${kind}'")
  endif()
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "trafficd_add_plugin(${kind} ${name} SOURCES … [LIBRARIES …]): "
      "there must be sources and nothing else, not '${ARGN}'")
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
  # Clang leaves the functions of its sanitizers to the program.
  if(TRAFFICD_SANITIZE OR CMAKE_CXX_FLAGS MATCHES "-fsanitize=")
    target_link_options(${target} PRIVATE -Wl,--undefined-version -Wl,-z,undefs)
  endif()
  # Without the extensions of GNU, among which are macros called linux and unix, `linux` is a name like another.
  set_target_properties(${target}_objects ${target} PROPERTIES CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name}
    LIBRARY_OUTPUT_DIRECTORY ${TRAFFICD_PLUGIN_OUTPUT}/${kind}s)
  install(TARGETS ${target} LIBRARY DESTINATION ${TRAFFICD_PLUGIN_FOLDER}/${kind}s)
endfunction()

function(trafficd_add_golden_test kind name folder)
  trafficd_add_runner(${kind} ${name} ${folder} cases golden.hpp run_cases)
endfunction()

function(trafficd_add_contract_test kind name folder)
  trafficd_add_runner(${kind} ${name} ${folder} contract contract.hpp run_contract)
endfunction()

# A test <kind>_<name>_<what> whose main is one function of trafficd::testing.
function(trafficd_add_runner kind name folder what header runner)
  set(target ${kind}_${name}_${what})
  set(main ${CMAKE_CURRENT_BINARY_DIR}/${target}.cpp)
  file(CONFIGURE OUTPUT ${main} CONTENT [=[
#include "trafficd/testing/@header@"
extern "C" const trafficd::PluginDescriptor* trafficd_@kind@_@name@();
int main() { return trafficd::testing::@runner@(*trafficd_@kind@_@name@(), R"(@folder@)"); }
]=] @ONLY)
  add_executable(${target} ${main})
  target_link_libraries(${target} PRIVATE ${kind}_${name}_objects trafficd::testing)
  add_test(NAME ${target} COMMAND ${target})
endfunction()
