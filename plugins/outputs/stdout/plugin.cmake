include(${CMAKE_CURRENT_LIST_DIR}/../../common/json/json.cmake)
set(PLUGIN_LIBRARIES common_json)
