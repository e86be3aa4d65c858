# Install rules: after them, find_package(newton CONFIG) gives the target newton::newton.
include(CMakePackageConfigHelpers)

set(newton_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/newton")

install(TARGETS newton
  EXPORT newtonTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
  RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}"
)
install(
  DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}/include/" "${CMAKE_CURRENT_BINARY_DIR}/include/"
  DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
  FILES_MATCHING PATTERN "*.hpp"
)
install(EXPORT newtonTargets NAMESPACE newton:: DESTINATION "${newton_package_dir}")

configure_package_config_file(
  cmake/newtonConfig.cmake.in newtonConfig.cmake INSTALL_DESTINATION "${newton_package_dir}"
)
write_basic_package_version_file(newtonConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(
  FILES
    "${CMAKE_CURRENT_BINARY_DIR}/newtonConfig.cmake"
    "${CMAKE_CURRENT_BINARY_DIR}/newtonConfigVersion.cmake"
  DESTINATION "${newton_package_dir}"
)
