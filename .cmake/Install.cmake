# install: the headers, a CMake package and a pkg-config file; with WEFT_INSTALL_COMPILED also weft::compiled.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS weft EXPORT weft FILE_SET HEADERS FILE_SET parts)
if(WEFT_INSTALL_COMPILED)
  set_target_properties(weft_compiled PROPERTIES EXCLUDE_FROM_ALL OFF)
  install(TARGETS weft_compiled EXPORT weft)
  set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weft)
else()
  set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/weft)
  set(independent ARCH_INDEPENDENT)
endif()
install(EXPORT weft NAMESPACE weft:: DESTINATION ${package_dir} FILE weft-targets.cmake)

configure_package_config_file(.cmake/weft-config.cmake.in weft-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(weft-config-version.cmake COMPATIBILITY SameMinorVersion ${independent})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weft-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/weft-config-version.cmake
        DESTINATION ${package_dir})

file(RELATIVE_PATH pc_to_prefix "/p/${CMAKE_INSTALL_DATADIR}/pkgconfig" "/p")  # so that the installed tree can be moved
configure_file(.cmake/weft.pc.in weft.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/weft.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig)
