# SPDX-License-Identifier: GPL-2.0-only
#
# With SCXTWIN_MUTANTS the library is built from rewritten copies of some sources, in
# which the environment variable SCXTWIN_MUTANT selects one deliberate fault:
# docs/mutants.md. Such a build is for tests/mutants/run alone.
#
# scxtwin_mutate(VARIABLE) exchanges in the list of sources those that have copies.

option(SCXTWIN_MUTANTS "Build with deliberate faults to choose from; for tests/mutants only" OFF)

function(scxtwin_mutate variable)
	find_package(Python3 REQUIRED COMPONENTS Interpreter)
	set(tools "${PROJECT_SOURCE_DIR}/tests/mutants")
	set(output "${PROJECT_BINARY_DIR}/mutants")
	set(sources "${${variable}}")
	file(GLOB designed CONFIGURE_DEPENDS "${tools}/designed*.txt")

	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${tools}/chapters.txt")
	file(STRINGS "${tools}/chapters.txt" lines REGEX "^[-0-9]+ ")
	list(TRANSFORM lines REPLACE "^[^ ]+ ([^ ]+).*" "\\1")
	list(REMOVE_DUPLICATES lines)
	foreach(file IN LISTS lines)
		list(REMOVE_ITEM sources "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
		list(APPEND originals "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
		list(APPEND copies "${output}/${file}")
	endforeach()

	add_custom_command(
		OUTPUT ${copies} "${output}/mutant.c" "${output}/mutant.h" "${output}/mutants.tsv"
		COMMAND Python3::Interpreter "${tools}/mutate.py"
			"${CMAKE_CURRENT_SOURCE_DIR}" "${output}" "${tools}/chapters.txt" ${designed}
		DEPENDS "${tools}/mutate.py" "${tools}/chapters.txt" ${designed} ${originals}
		COMMENT "Generating mutants"
		VERBATIM)

	# A variable whose only store was removed is 0. Not optimised, because gcc takes it as
	# undefined otherwise and puts the store back.
	set_source_files_properties(${copies} "${output}/mutant.c" PROPERTIES
		INCLUDE_DIRECTORIES "${output}"
		COMPILE_OPTIONS "-O0;-w;-ftrivial-auto-var-init=zero")
	set(${variable} ${sources} ${copies} "${output}/mutant.c" PARENT_SCOPE)
endfunction()
