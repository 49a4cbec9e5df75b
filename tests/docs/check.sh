#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh BUILD [PAGE...]
#
# Runs what the pages show, in the order of each page, from a copy of the tree's
# top (links) whose build/release is BUILD:
#
#	```sh		each line is a command and ends well
#	```console	"$ COMMAND", then what it prints; "..." stands for anything
#	```c FILE	(or another language) is saved as FILE
#
# Other blocks are for the eye alone. tools/quickstart and tools/check are left
# out: they run this. Prints what differs, then 'N passed, N failed'.

set -uo pipefail
export LC_ALL=C

build=$(readlink -f -- "$1")
shift
project=$(readlink -f -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# A fresh place for each page, which may leave files behind.
enter_scratch() {
	local entry
	scratch=$work/${1//\//-}
	mkdir -p "$scratch/build"
	for entry in "$project"/*; do
		[ "${entry##*/}" = build ] || ln -s "$entry" "$scratch/"
	done
	ln -s "$build" "$scratch/build/release"
	cd "$scratch" || exit 1
}

judge() { # PLACE COMMAND OK
	if [ "$3" = yes ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf 'FAILED  %s: %s\n' "$1" "$2"
}

run_line() { # PLACE COMMAND
	case $2 in
	'' | '#'* | tools/quickstart* | tools/check*) return ;;
	esac
	if PATH=$build:$PATH bash -c "$2" >"$work/out" 2>&1 </dev/null; then
		judge "$1" "$2" yes
	else
		judge "$1" "$2" no
		sed 's/^/    | /' "$work/out" | tail -n 20
	fi
}

# True if TEXT is PATTERN, in which "..." stands for anything.
looks_like() { # TEXT PATTERN
	local glob
	glob=$(printf '%s' "$2" | sed -E 's/[^A-Za-z0-9 ]/\\&/g; s/(\\\.){3}/*/g')
	# shellcheck disable=SC2053 # a pattern is what it is
	[[ $1 == $glob ]]
}

run_shown() { # PLACE COMMAND EXPECTED
	local got
	got=$(PATH=$build:$PATH bash -c "$2" 2>&1 </dev/null)
	if looks_like "$got" "$3"; then
		judge "$1" "$2" yes
	else
		judge "$1" "$2" no
		diff -u --label shown --label printed <(printf '%s\n' "$3") <(printf '%s\n' "$got") | head -n 40
	fi
}

# Commands of a console block with what follows each.
run_console() { # PLACE, block on standard input
	local line command='' expected='' nl=
	while IFS= read -r line; do
		if [[ $line == '$ '* ]]; then
			[ -z "$command" ] || run_shown "$1" "$command" "$expected"
			command=${line#'$ '} expected='' nl=
		else
			expected+=$nl$line nl=$'\n'
		fi
	done
	[ -z "$command" ] || run_shown "$1" "$command" "$expected"
}

run_block() { # PLACE INFO, block in $work/block
	local line
	case $2 in
	sh)
		while IFS= read -r line; do
			run_line "$1" "$line"
		done <"$work/block"
		;;
	console) run_console "$1" <"$work/block" ;;
	*' '*) cp "$work/block" "${2#* }" ;;
	esac
}

check_page() { # PAGE
	local line info='' inside=no nr=0 place=
	enter_scratch "$1"
	while IFS= read -r line; do
		nr=$((nr + 1))
		if [[ $line != '```'* ]]; then
			[ "$inside" = no ] || printf '%s\n' "$line" >>"$work/block"
		elif [ "$inside" = no ]; then
			inside=yes info=${line#'```'} place=$1:$nr
			: >"$work/block"
		else
			inside=no
			run_block "$place" "$info"
		fi
	done <"$project/$1"
}

if [ $# -eq 0 ]; then
	cd "$project" || exit 1
	set -- README.md docs/*.md traces/README.md
fi
for page; do
	check_page "$page"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
