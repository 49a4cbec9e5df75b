# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# The command line from outside, for the scripts of this folder: sourced with
# SCXTWIN as argument, leaves the shell in an empty directory.
#
# Sets: scxtwin, plugins, traces (absolute paths), work, passed, failed.

set -uo pipefail
export LC_ALL=C

scxtwin=$(readlink -f -- "$1")
plugins=$(dirname "$scxtwin")/tests/plugin
traces=$(readlink -f -- "$(dirname -- "${BASH_SOURCE[0]}")/../../traces")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

passed=0
failed=0

# expect STATUS STDOUT_RE STDERR_RE ARG...: '' means no output, '*' any or none.
expect() {
	local status=$1 out=$2 err=$3 got problem=
	shift 3
	"$scxtwin" "$@" >"$work/out" 2>"$work/err" </dev/null
	got=$?
	[ "$got" -eq "$status" ] || problem="status $got instead of $status"
	matches "$work/out" "$out" || problem="${problem:+$problem; }stdout is not '$out'"
	matches "$work/err" "$err" || problem="${problem:+$problem; }stderr is not '$err'"
	judge "scxtwin $*" "$problem"
}

matches() { # FILE RE
	if [ "$2" = '*' ]; then
		return 0
	elif [ -z "$2" ]; then
		[ ! -s "$1" ]
	else
		grep -qE -- "$2" "$1"
	fi
}

judge() { # WHAT PROBLEM
	if [ -z "$2" ]; then
		passed=$((passed + 1))
		return
	fi
	failed=$((failed + 1))
	printf 'FAILED  %s: %s\n' "$1" "$2"
	head -n 5 "$work/out" | sed 's/^/    out: /'
	head -n 5 "$work/err" | sed 's/^/    err: /'
}

# The closing line; its status is that of the script.
conclude() {
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
}
