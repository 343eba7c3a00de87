# Install.cmake: what `make install` puts where: headers, both libraries, pkg-config and CMake
# descriptions, the program, and the texts. Everything is relocatable: no prefix is baked in.
include(CMakePackageConfigHelpers)

install(TARGETS handfast_static handfast_shared EXPORT handfastTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET handfast_program)
  install(TARGETS handfast_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()
install(DIRECTORY include/handfast DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def")
install(FILES README.md CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

# -- pkg-config: the prefix is wherever the file is found --
file(RELATIVE_PATH HF_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" HF_PC_UP "${HF_PC_UP}")
set(HF_PC_LIBS_PRIVATE "-pthread")
if(HF_HAVE_IPSEC_MB)
  string(PREPEND HF_PC_LIBS_PRIVATE "-lIPSec_MB ")
endif()
foreach(library IN LISTS HF_OPTIONAL_NAMES)
  string(PREPEND HF_PC_LIBS_PRIVATE "-l${library} ")
endforeach()
configure_file(cmake/handfast.pc.in ${PROJECT_BINARY_DIR}/handfast.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/handfast.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# -- find_package(handfast): handfast::handfast (shared) and handfast::handfast_static --
set(config_dir ${CMAKE_INSTALL_LIBDIR}/cmake/handfast)
install(EXPORT handfastTargets NAMESPACE handfast:: DESTINATION ${config_dir})
configure_package_config_file(cmake/handfastConfig.cmake.in
                              ${PROJECT_BINARY_DIR}/handfastConfig.cmake
                              INSTALL_DESTINATION ${config_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/handfastConfigVersion.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/handfastConfig.cmake
              ${PROJECT_BINARY_DIR}/handfastConfigVersion.cmake DESTINATION ${config_dir})
