#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh BUILD_DIR
#
# Holds the twin against every recording of a real kernel. Prints one line per
# recording: the ones that are known to differ are in known-different.txt with
# the reason, and are told of as such; a known one that is the same now fails,
# so that the list cannot go stale. Ends with 'N passed, N failed'.
#
# Those in recordings/ always, and if SCXTWIN_REFERENCE names a folder that holds
# oracle/recordings, these too.

set -uo pipefail
export LC_ALL=C

build=$(cd -- "$1" && pwd -P)
here=$(cd -- "$(dirname -- "$0")" && pwd -P)
known=$here/known-different.txt
files=("$here"/recordings/*.jsonl.gz)

if [ -n "${SCXTWIN_REFERENCE:-}" ] && compgen -G "$SCXTWIN_REFERENCE/oracle/recordings/*.jsonl" >/dev/null; then
	files+=("$SCXTWIN_REFERENCE"/oracle/recordings/*.jsonl)
else
	echo "oracle: SCXTWIN_REFERENCE names no folder with recordings; only the project's own"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

passed=0
failed=0
different=0
timing=0

# The reason, if the recording is known to differ.
reason_of() { # NAME
	sed -n "s/^$1[[:space:]]\{1,\}//p" "$known"
}

for file in "${files[@]}"; do
	name=$(basename "${file%.gz}" .jsonl)
	reason=$(reason_of "$name")
	timeout 60 "$build/scxtwin" conform "$file" >"$log" 2>&1
	status=$?
	verdict=$(tail -n 1 "$log")
	if [ "$status" -eq 0 ] && [ -z "$reason" ]; then
		passed=$((passed + 1))
		case $verdict in *"timing put aside"*) timing=$((timing + 1)) ;; esac
		echo "same      $name ${verdict#* "$file" }"
	elif [ "$status" -eq 1 ] && [ -n "$reason" ]; then
		passed=$((passed + 1))
		different=$((different + 1))
		echo "known     $name: $reason"
	else
		failed=$((failed + 1))
		echo "FAILED    $name"
		if [ "$status" -eq 0 ]; then
			echo "    is the same now; take it off the list of known differences"
		else
			sed 's/^/    /' "$log"
		fi
	fi
done

echo "$passed of $((passed + failed)) as expected, among them $different known to differ and $timing same with timing put aside"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
