# What plugins need to write and read JSON: include this from plugin.cmake and link common_json.
if(NOT TARGET common_json)
  find_package(Boost 1.81 REQUIRED CONFIG)
  add_library(common_json STATIC ${CMAKE_CURRENT_LIST_DIR}/boost_json.cpp ${CMAKE_CURRENT_LIST_DIR}/json_text.cpp)
  # Not by the imported target, which is known in one folder only while plugins and tests are in others.
  target_include_directories(common_json SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
  target_include_directories(common_json PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)
  target_link_libraries(common_json PRIVATE trafficd_sdk)
endif()
