#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: exports.sh CC LIBRARY
#
# The shared library exports what the public headers declare and the run time for
# policies that tell of their loads and stores, no less (a policy or a client would
# not link) and no more (nothing leaves by accident).
set -euo pipefail
export LC_ALL=C

cc=$1
library=$2
top=$(cd -- "$(dirname -- "$0")/../.." && pwd -P)
include=$top/include
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Functions and variables declared at file scope by files under include/scxtwin.
# scxtwin_policy is what a policy defines, and the library looks up in it;
# __assert_fail is another name of ours.
for header in "$include"/scxtwin/*.h; do
	echo "#include <scxtwin/$(basename "$header")>"
done >"$work/all.c"
echo '#include "policy/tsan.h"' >>"$work/all.c"
"$cc" -std=gnu11 -I"$include" -I"$top/src" -E "$work/all.c" | awk '
	/^# [0-9]+ "/ { ours = /\/include\/scxtwin\/|\/policy\/tsan\.h/; next }
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
		if (name != "scxtwin_policy" && name != "__assert_fail" && name !~ /^tsan_/)
			print name
	}' | sort -u >"$work/declared"

nm -D --defined-only --format=posix "$library" |
	awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' |
	grep -vE '^(_init|_fini|__(a|l|ub)san_.*|__odr_asan.*)$' | sort -u >"$work/exported"

# What this compiler makes of all kinds of accesses.
cat >"$work/accesses.c" <<'EOT'
#include <string.h>
#define T(t)								\
	volatile t v_##t; t p_##t; struct { char c; t x; } __attribute__((packed)) u_##t; \
	void f_##t(t a, t b)						\
	{								\
		v_##t = p_##t; p_##t = v_##t + u_##t.x; u_##t.x = a;	\
		__atomic_store_n(&p_##t, a, 5); v_##t = __atomic_load_n(&p_##t, 5);	\
		v_##t = __atomic_exchange_n(&p_##t, a, 5);		\
		v_##t = __atomic_fetch_add(&p_##t, a, 5); v_##t = __atomic_fetch_sub(&p_##t, a, 5);	\
		v_##t = __atomic_fetch_and(&p_##t, a, 5); v_##t = __atomic_fetch_or(&p_##t, a, 5);	\
		v_##t = __atomic_fetch_xor(&p_##t, a, 5); v_##t = __atomic_fetch_nand(&p_##t, a, 5);	\
		v_##t = __atomic_add_fetch(&p_##t, a, 5); v_##t = __atomic_nand_fetch(&p_##t, a, 5);	\
		v_##t = __atomic_compare_exchange_n(&p_##t, &a, b, 0, 5, 5);	\
		v_##t = __atomic_compare_exchange_n(&p_##t, &a, b, 1, 5, 5);	\
		v_##t = __sync_val_compare_and_swap(&p_##t, a, b);	\
		v_##t = __sync_bool_compare_and_swap(&p_##t, a, b);	\
		v_##t = __sync_lock_test_and_set(&p_##t, a); __sync_lock_release(&p_##t);	\
	}
T(char) T(short) T(int) T(long)
__int128 wide, other;
struct big { char c[77]; } one, two;
void copies(int n)
{
	wide = other; one = two; memcpy(&one, &two, n); memset(&one, n, 5 * n); memmove(&one, &two, n);
	__atomic_thread_fence(5); __atomic_signal_fence(5);
}
EOT
case $("$cc" --version) in
*clang*) volatile_option=(-mllvm -tsan-distinguish-volatile=1) ;;
*) volatile_option=(--param=tsan-distinguish-volatile=1) ;;
esac
"$cc" -O1 -w -fsanitize=thread -c -o "$work/accesses.o" "$work/accesses.c"
"$cc" -O1 -w -fsanitize=thread "${volatile_option[@]}" -c -o "$work/volatile.o" "$work/accesses.c"
nm -u --format=posix "$work/accesses.o" "$work/volatile.o" |
	awk '$1 ~ /^__tsan_/ { print $1 }' | sort -u >"$work/called"

status=0
report() { # TEXT FILE
	[ -s "$2" ] || return 0
	echo "$1:"
	sed 's/^/  /' "$2"
	status=1
}
comm -23 "$work/declared" "$work/exported" >"$work/unexported"
comm -13 "$work/declared" "$work/exported" >"$work/undeclared"
comm -23 "$work/called" "$work/exported" >"$work/missing"
report "called by what $cc -fsanitize=thread makes and not exported" "$work/missing"
[ "$(wc -l <"$work/called")" -gt 40 ] || { echo "$cc -fsanitize=thread calls hardly anything"; status=1; }
report "declared and not exported" "$work/unexported"
report "exported and declared nowhere" "$work/undeclared"
[ -s "$work/declared" ] || { echo "no declaration found in $include/scxtwin"; status=1; }
echo "$(wc -l <"$work/exported") exported, $(wc -l <"$work/declared") declared, $(wc -l <"$work/called") called"
exit $status
