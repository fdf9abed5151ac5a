# Language level, warnings and the sanitizer switch, for every target of the tree.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual)
# GCC calls a designated initializer that leaves a defaulted member out incomplete; leaving it out is the point.
add_compile_options(-Wno-missing-field-initializers)
if(TRAFFICD_WERROR)
  add_compile_options(-Werror)
endif()

# More optimization than this takes the compiler twice the time for instrumented code, and finds nothing more.
if(TRAFFICD_SANITIZE)
  add_compile_options(-O1 -g1)
endif()
if(TRAFFICD_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(TRAFFICD_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(NOT TRAFFICD_SANITIZE STREQUAL "")
  message(FATAL_ERROR "TRAFFICD_SANITIZE must be empty, address or thread, not '${TRAFFICD_SANITIZE}'")
endif()
