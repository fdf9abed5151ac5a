include(${CMAKE_CURRENT_LIST_DIR}/../../common/lines/lines.cmake)
set(PLUGIN_LIBRARIES common_lines)
