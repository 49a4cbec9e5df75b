#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: costs.sh BUILD_DIR
#
# The fitted cost table: it is there, gives the same run every time, and comes
# nearer to recordings that it was not fitted to than a table of zeros.
#
# SCXTWIN_REFERENCE names the folder that holds oracle/ftrace.

set -uo pipefail
export LC_ALL=C

build=$(cd -- "$1" && pwd -P)
project=$(cd -- "$(dirname -- "$0")/../.." && pwd -P)
traces=${SCXTWIN_REFERENCE:-}/oracle/ftrace
passed=0
failed=0

check() { # WHAT CONDITION...
	local what=$1
	shift
	if "$@"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED    $what"
	fi
}

digest() { # COSTS
	"$build/scxtwin" run -q --digest -p fifo --mode costed --costs "$1" "$project/traces/wake.jsonl.gz"
}

once=$(digest tcg-vm)
check "the preset gives a digest" [ -n "$once" ]
check "a run with the preset repeats itself" [ "$once" = "$(digest tcg-vm)" ]
check "the preset is not another one" [ "$once" != "$(digest server)" ]

if [ -n "${SCXTWIN_REFERENCE:-}" ] && compgen -G "$traces/*.ftrace.txt.gz" >/dev/null; then
	table=$("$project/tools/fit-costs" --table tcg-vm "$build" "$traces")
	echo "$table"
	for kind in trained "held out"; do
		# The first line is that of the zeros, the second that of the preset.
		mapfile -t ppm < <(sed -n "s/^objective, $kind *//p" <<<"$table")
		check "nearer than zeros: $kind" [ "${ppm[1]:-0}" -lt "${ppm[0]:-0}" ]
	done
else
	echo "costs: no recordings of loads here (SCXTWIN_REFERENCE); only the preset itself was looked at"
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
