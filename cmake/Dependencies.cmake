# SPDX-License-Identifier: GPL-2.0-only
#
# The libraries, all from the distribution. Whatever is missing is reported in
# one message that names the Debian packages.
#
# scxtwin_find_dependencies() defines
#   scxtwin_deps           interface target: what libscxtwin is linked with
#   SCXTWIN_DEPS_PRIVATE   the same as linker flags, for the static library's users
#   SCXTWIN_PC_REQUIRES    the same as pkg-config modules
#   scxtwin_cmocka         interface target, with SCXTWIN_TESTS

include(CheckIncludeFile)

macro(scxtwin_need variable module package)
	pkg_check_modules(${variable} QUIET ${module})
	if(NOT ${variable}_FOUND)
		list(APPEND missing ${package})
	endif()
endmacro()

macro(scxtwin_use target variable)
	target_include_directories(${target} SYSTEM INTERFACE ${${variable}_INCLUDE_DIRS})
	target_compile_options(${target} INTERFACE ${${variable}_CFLAGS_OTHER})
	target_link_libraries(${target} INTERFACE ${${variable}_LDFLAGS})
endmacro()

function(scxtwin_find_dependencies)
	find_package(PkgConfig)
	if(NOT PkgConfig_FOUND)
		message(FATAL_ERROR "pkg-config is missing. On Debian: apt-get install pkgconf")
	endif()
	set(THREADS_PREFER_PTHREAD_FLAG ON)
	find_package(Threads REQUIRED)

	set(missing "")
	scxtwin_need(JANSSON jansson libjansson-dev)
	scxtwin_need(LIBBSD libbsd libbsd-dev)
	scxtwin_need(LIBMD libmd libmd-dev)
	scxtwin_need(ZLIB zlib zlib1g-dev)
	if(SCXTWIN_TESTS)
		scxtwin_need(CMOCKA cmocka libcmocka-dev)
	endif()
	check_include_file(uthash.h SCXTWIN_HAVE_UTHASH)
	if(NOT SCXTWIN_HAVE_UTHASH)
		unset(SCXTWIN_HAVE_UTHASH CACHE)
		list(APPEND missing uthash-dev)
	endif()
	if(missing)
		list(JOIN missing " " missing)
		message(FATAL_ERROR
			"Libraries are missing. On Debian: apt-get install ${missing}\n"
			"tools/quickstart does it for you.")
	endif()

	add_library(scxtwin_deps INTERFACE)
	set(link_flags "")
	foreach(variable IN ITEMS JANSSON LIBBSD LIBMD ZLIB)
		scxtwin_use(scxtwin_deps ${variable})
		list(APPEND link_flags ${${variable}_LDFLAGS})
	endforeach()
	target_link_libraries(scxtwin_deps INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
	list(APPEND link_flags -pthread ${CMAKE_DL_LIBS})
	list(REMOVE_DUPLICATES link_flags)
	set(SCXTWIN_DEPS_PRIVATE "${link_flags}" PARENT_SCOPE)
	set(SCXTWIN_PC_REQUIRES "jansson, libbsd, libmd, zlib" PARENT_SCOPE)

	if(SCXTWIN_TESTS)
		add_library(scxtwin_cmocka INTERFACE)
		scxtwin_use(scxtwin_cmocka CMOCKA)
	endif()
endfunction()
