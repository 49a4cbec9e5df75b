# SPDX-License-Identifier: GPL-2.0-only
#
# Man pages and completions come from the command's own option tables, so that
# they cannot drift away from what it accepts.

set(scxtwin_pages scxtwin run explore replay merge lint import digest conform record policies version)

if(CMAKE_CROSSCOMPILING)
	message(STATUS "No man pages and completions: the command does not run here")
	return()
endif()

set(docs_dir "${PROJECT_BINARY_DIR}/share")
file(MAKE_DIRECTORY "${docs_dir}/man/man1" "${docs_dir}/completions")

function(scxtwin_dump output)
	add_custom_command(
		OUTPUT "${output}"
		COMMAND scxtwin ${ARGN} > "${output}.new"
		COMMAND "${CMAKE_COMMAND}" -E rename "${output}.new" "${output}"
		DEPENDS scxtwin
		COMMENT ""
		VERBATIM)
	set_property(GLOBAL APPEND PROPERTY scxtwin_dumped "${output}")
endfunction()

foreach(page IN LISTS scxtwin_pages)
	if(page STREQUAL "scxtwin")
		scxtwin_dump("${docs_dir}/man/man1/scxtwin.1" --dump-man scxtwin)
	else()
		scxtwin_dump("${docs_dir}/man/man1/scxtwin-${page}.1" --dump-man ${page})
	endif()
endforeach()
scxtwin_dump("${docs_dir}/completions/scxtwin" --dump-completion bash)
scxtwin_dump("${docs_dir}/completions/_scxtwin" --dump-completion zsh)

get_property(dumped GLOBAL PROPERTY scxtwin_dumped)
add_custom_target(docs ALL DEPENDS ${dumped})

install(DIRECTORY "${docs_dir}/man/man1/" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1"
	FILES_MATCHING PATTERN "*.1")
install(FILES "${docs_dir}/completions/scxtwin"
	DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES "${docs_dir}/completions/_scxtwin"
	DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions")
