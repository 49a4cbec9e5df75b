# SPDX-License-Identifier: GPL-2.0-only
#
# What `cmake --install` puts where, and how other projects find it.

include(CMakePackageConfigHelpers)

install(TARGETS scxtwin_shared scxtwin_static scxtwin_policy scxtwin_policy_steps EXPORT scxtwinTargets)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/scxtwin"
	DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.h")
if(TARGET scxtwin)
	install(TARGETS scxtwin)
endif()
if(EXISTS "${PROJECT_SOURCE_DIR}/traces")
	install(DIRECTORY "${PROJECT_SOURCE_DIR}/traces"
		DESTINATION "${CMAKE_INSTALL_DATADIR}/scxtwin")
endif()

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/scxtwin")
install(EXPORT scxtwinTargets NAMESPACE scxtwin:: DESTINATION "${config_dir}")
configure_package_config_file(cmake/scxtwinConfig.cmake.in scxtwinConfig.cmake
	INSTALL_DESTINATION "${config_dir}" NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(scxtwinConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES
	"${PROJECT_BINARY_DIR}/scxtwinConfig.cmake"
	"${PROJECT_BINARY_DIR}/scxtwinConfigVersion.cmake"
	DESTINATION "${config_dir}")

# The package finds its prefix from where its own file lies, so that
# `cmake --install --prefix` and a later move of the tree need no edit. Absolute
# directories, as some distributions give, must not be joined to it.
set(pc_dir "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
if(IS_ABSOLUTE "${pc_dir}")
	set(pc_prefix "${CMAKE_INSTALL_PREFIX}")
else()
	file(RELATIVE_PATH up "/${pc_dir}" "/")
	string(REGEX REPLACE "/$" "" up "${up}")
	set(pc_prefix "\${pcfiledir}/${up}")
endif()
cmake_path(APPEND pc_includedir "\${prefix}" "${CMAKE_INSTALL_INCLUDEDIR}")
cmake_path(APPEND pc_libdir "\${prefix}" "${CMAKE_INSTALL_LIBDIR}")
cmake_path(APPEND pc_datadir "\${prefix}" "${CMAKE_INSTALL_DATADIR}")
configure_file(cmake/scxtwin.pc.in scxtwin.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/scxtwin.pc"
	DESTINATION "${pc_dir}")
