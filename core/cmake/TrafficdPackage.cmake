# What authors of plugins elsewhere get by `cmake --install`: headers, libraries and the package that
# find_package(trafficd) finds. Its version is the number of the SDK, so that another one is refused before anything is
# compiled. Included last: it installs what the rest has made.
include(CMakePackageConfigHelpers)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/trafficd)
configure_package_config_file(core/cmake/trafficdConfig.cmake.in core/trafficdConfig.cmake
  INSTALL_DESTINATION ${package_folder} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/core/trafficdConfigVersion.cmake
  VERSION ${TRAFFICD_SDK} COMPATIBILITY ExactVersion)

install(TARGETS trafficd_sdk trafficd_testing EXPORT trafficdTargets)
install(EXPORT trafficdTargets NAMESPACE trafficd:: DESTINATION ${package_folder})
install(DIRECTORY core/sdk/include/ core/sdk/testing/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/core/trafficdConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/core/trafficdConfigVersion.cmake core/cmake/TrafficdPlugin.cmake
  DESTINATION ${package_folder})
install(FILES docs/plugin-guide.md docs/contract.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY contrib/plugin-template DESTINATION ${CMAKE_INSTALL_DATADIR}/trafficd PATTERN build EXCLUDE)
install(PROGRAMS contrib/scripts/new-plugin DESTINATION ${CMAKE_INSTALL_DATADIR}/trafficd/scripts)
