#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: exports.sh CC LIBRARY
#
# The shared library exports what the public headers declare, no less (a policy
# or a client would not link) and no more (nothing leaves by accident).
set -euo pipefail
export LC_ALL=C

cc=$1
library=$2
include=$(cd -- "$(dirname -- "$0")/../.." && pwd -P)/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Functions and variables declared at file scope by files under include/scxtwin.
# scxtwin_policy is what a policy defines, and the library looks up in it.
for header in "$include"/scxtwin/*.h; do
	echo "#include <scxtwin/$(basename "$header")>"
done >"$work/all.c"
"$cc" -std=gnu11 -I"$include" -E "$work/all.c" | awk '
	/^# [0-9]+ "/ { ours = index($0, "/include/scxtwin/") > 0; next }
	!ours { next }
	{
		for (i = 1; i <= length($0); i++) {
			c = substr($0, i, 1)
			if (c == "{") {
				if (depth++ == 0)
					text = text " "
			} else if (c == "}") {
				# A function body ends a declaration, a struct goes on to its semicolon.
				if (--depth == 0 && text ~ /\)[ \t]*$/)
					text = ""
			} else if (c == ";" && depth == 0) {
				declare(text)
				text = ""
			} else if (depth == 0) {
				text = text c
			}
		}
		if (depth == 0)
			text = text " "
	}
	function declare(d) {
		if (d ~ /(^|[ \t])(static|typedef|_Static_assert)([ \t(]|$)/)
			return
		gsub(/__attribute__[ \t]*\(\(.*\)\)/, "", d)
		if (match(d, /[a-z_][a-z0-9_]*[ \t]*\(/)) {
			name = substr(d, RSTART, RLENGTH - 1)
		} else if (d ~ /(^|[ \t])extern[ \t]/) {
			sub(/(\[[^]]*\][ \t]*)*[ \t]*$/, "", d)
			match(d, /[A-Za-z_0-9]+$/)
			name = substr(d, RSTART, RLENGTH)
		} else {
			return
		}
		gsub(/[ \t]/, "", name)
		if (name != "scxtwin_policy")
			print name
	}' | sort -u >"$work/declared"

nm -D --defined-only --format=posix "$library" |
	awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' |
	grep -vE '^(_init|_fini|__(a|l|t|ub)san_.*|__odr_asan.*)$' | sort -u >"$work/exported"

status=0
report() { # TEXT FILE
	[ -s "$2" ] || return 0
	echo "$1:"
	sed 's/^/  /' "$2"
	status=1
}
comm -23 "$work/declared" "$work/exported" >"$work/unexported"
comm -13 "$work/declared" "$work/exported" >"$work/undeclared"
report "declared by a public header and not exported" "$work/unexported"
report "exported and declared by no public header" "$work/undeclared"
[ -s "$work/declared" ] || { echo "no declaration found in $include/scxtwin"; status=1; }
echo "$(wc -l <"$work/exported") exported, $(wc -l <"$work/declared") declared"
exit $status
