# SPDX-License-Identifier: GPL-2.0-only
#
# Warnings are errors with the compilers that the project is checked with. With
# any other they stay warnings, so that a compiler of next year builds scxtwin.

set(werror_default OFF)
if((CMAKE_C_COMPILER_ID STREQUAL "GNU" AND CMAKE_C_COMPILER_VERSION MATCHES "^12\\.") OR
   (CMAKE_C_COMPILER_ID STREQUAL "Clang" AND CMAKE_C_COMPILER_VERSION MATCHES "^14\\."))
	set(werror_default ON)
endif()
option(SCXTWIN_WERROR "Treat warnings as errors" ${werror_default})

add_library(scxtwin_warnings INTERFACE)
set(warnings
	-Wall
	-Wextra
	-Wshadow
	-Wundef
	-Wpointer-arith
	-Wstrict-prototypes
	-Wmissing-prototypes
	-Wold-style-definition
	-Wwrite-strings)
if(SCXTWIN_WERROR)
	list(APPEND warnings -Werror)
endif()
target_compile_options(scxtwin_warnings INTERFACE "$<$<COMPILE_LANGUAGE:C>:${warnings}>")
