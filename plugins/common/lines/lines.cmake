# What inputs need that take lines of foreign programs: include this from plugin.cmake and link common_lines.
include(${CMAKE_CURRENT_LIST_DIR}/../json/json.cmake)
if(NOT TARGET common_lines)
  add_library(common_lines STATIC ${CMAKE_CURRENT_LIST_DIR}/line_protocol.cpp ${CMAKE_CURRENT_LIST_DIR}/reading.cpp
    ${CMAKE_CURRENT_LIST_DIR}/sample_json.cpp ${CMAKE_CURRENT_LIST_DIR}/sample_maker.cpp)
  target_include_directories(common_lines PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)
  target_link_libraries(common_lines PUBLIC common_json PRIVATE trafficd_sdk)
endif()
