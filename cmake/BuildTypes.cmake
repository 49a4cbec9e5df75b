# SPDX-License-Identifier: GPL-2.0-only
#
# Build types and instrumentation. Assertions are part of the product, so no
# type defines NDEBUG.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
	set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or None" FORCE)
endif()

set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-Og -g")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

option(SCXTWIN_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(SCXTWIN_COVERAGE "Build with gcov instrumentation" OFF)

# What a compiler must have: the oldest releases that the project is built with.
set(compiler_minimum_GNU 12)
set(compiler_minimum_Clang 14)
if(NOT CMAKE_C_COMPILER_ID MATCHES "^(GNU|Clang)$")
	message(WARNING "scxtwin is built with gcc and clang; ${CMAKE_C_COMPILER_ID} is untested")
elseif(CMAKE_C_COMPILER_VERSION VERSION_LESS compiler_minimum_${CMAKE_C_COMPILER_ID})
	message(FATAL_ERROR
		"${CMAKE_C_COMPILER} is version ${CMAKE_C_COMPILER_VERSION}; scxtwin needs "
		"gcc 12 or clang 14, or newer. Choose another compiler with CC=... and an "
		"empty build directory.")
endif()

# Everything of the project is compiled with these.
add_library(scxtwin_flags INTERFACE)
set(flags
	-fno-strict-aliasing
	-fno-semantic-interposition
	# One simulation per host thread hangs on a thread-local pointer: no call per access.
	-ftls-model=initial-exec
	# Assertion texts name files as the source tree does, wherever it lies.
	-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_compile_options(scxtwin_flags INTERFACE "$<$<COMPILE_LANGUAGE:C>:${flags}>")

if(SCXTWIN_SANITIZE)
	set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all)
	target_compile_options(scxtwin_flags INTERFACE ${sanitize} -fno-omit-frame-pointer)
	target_link_options(scxtwin_flags INTERFACE ${sanitize})
endif()

if(SCXTWIN_COVERAGE)
	target_compile_options(scxtwin_flags INTERFACE --coverage -fprofile-update=atomic)
	target_link_options(scxtwin_flags INTERFACE --coverage)
endif()
