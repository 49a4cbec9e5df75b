#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: mutants.sh BUILD [--all]
#
# Holds the comparison with recordings against deliberate faults: BUILD is one of
# the preset "mutants" (docs/mutants.md). A designed mutant says "conform: different
# RECORDING" or "conform: same REASON". With the first, scxtwin conform must tell
# that recording from the broken twin, and be content with the sound one. With the
# second and --all, it must be content with every recording of the broken twin;
# those that say neither are counted.
# Ends with 'N passed, N failed'.
#
# SCXTWIN_REFERENCE names the folder that holds oracle/recordings.

set -uo pipefail
export LC_ALL=C

build=$(cd -- "$1" && pwd -P)
all=${2:-}
recordings=${SCXTWIN_REFERENCE:-}/oracle/recordings
known=$(dirname -- "$(readlink -f -- "$0")")/known-different.txt
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
failed=0
silent=0

if [ -z "${SCXTWIN_REFERENCE:-}" ] || ! compgen -G "$recordings/*.jsonl" >/dev/null; then
	echo "skipped: no recordings here (SCXTWIN_REFERENCE names no folder that has them)"
	exit 77
fi

conform() { # RECORDING [MUTANT]
	(
		ulimit -t 20 -v 4000000 -c 0
		SCXTWIN_MUTANT=${2:-} timeout 300 "$build/scxtwin" conform "$recordings/$1.jsonl"
	) >"$log" 2>&1
}

passes() { passed=$((passed + 1)); echo "$1"; }
fails() { failed=$((failed + 1)); echo "FAILED    $1"; }

# 1: the recording differs; 4: the twin's own assertions spoke up before.
must_differ() { # ID RECORDING
	local status
	if [ ! -e "$recordings/$2.jsonl" ]; then
		echo "no recording  $1: $2 is not among them"
		return
	fi
	conform "$2" || { fails "$1: $2 is not the same without the mutant"; return; }
	conform "$2" "$1"
	status=$?
	case $status in
	1) passes "different $1 in $2" ;;
	4) passes "stopped   $1 in $2: $(sed -n 's/.*internal error: //p' "$log" | head -n 1 | cut -c 1-100)" ;;
	*) fails "$1: conform ends with status $status for $2, wanted 1 (different)" ;;
	esac
}

must_be_same() { # ID REASON
	local file name
	for file in "$recordings"/*.jsonl; do
		name=$(basename "$file" .jsonl)
		grep -q "^$name[[:space:]]" "$known" && continue
		conform "$name" "$1" || { fails "$1: $name tells it, so it is not $2"; return; }
	done
	passes "same      $1: $2"
}

while IFS=$'\t' read -r id verdict; do
	case $verdict in
	"different "*) must_differ "$id" "${verdict#different }" ;;
	"same "*) [ "$all" != --all ] || must_be_same "$id" "${verdict#same }" ;;
	'') silent=$((silent + 1)) ;;
	*) fails "$id: conform: wanted \"different RECORDING\" or \"same REASON\", found \"$verdict\"" ;;
	esac
done < <(cut -f 1,4 "$build/mutants/designed.tsv")

[ "$silent" -eq 0 ] || echo "$silent designed mutants do not say what conform makes of them"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
