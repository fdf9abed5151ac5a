include(${CMAKE_CURRENT_LIST_DIR}/../../common/derived/derived.cmake)
set(PLUGIN_LIBRARIES common_derived)
