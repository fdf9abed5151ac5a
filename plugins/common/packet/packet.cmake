# What inputs need that look into packets: include this from plugin.cmake and link common_packet.
if(NOT TARGET common_packet)
  add_library(common_packet STATIC ${CMAKE_CURRENT_LIST_DIR}/frame.cpp ${CMAKE_CURRENT_LIST_DIR}/neighbour_discovery.cpp
    ${CMAKE_CURRENT_LIST_DIR}/transport.cpp)
  target_include_directories(common_packet PUBLIC ${CMAKE_CURRENT_LIST_DIR}/..)
  target_link_libraries(common_packet PRIVATE trafficd_sdk)
endif()
