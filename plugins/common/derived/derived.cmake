# What stages need that make one measurement of another's counters: include this from plugin.cmake and link
# common_derived.
if(NOT TARGET common_derived)
  add_library(common_derived STATIC ${CMAKE_CURRENT_LIST_DIR}/derived.cpp)
  target_include_directories(common_derived PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)
  target_link_libraries(common_derived PRIVATE trafficd_sdk)
endif()
