#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh BUILD_DIR...
#        check.sh --update BUILD_DIR
#
# The digests of all shipped workloads under all built-in policies: one code
# path, whatever the mode, the options, the compiler and its flags. --update
# writes what the build gives to digests.txt. Prints what failed, then
# 'N passed, N failed'.

set -uo pipefail
export LC_ALL=C

usage() {
	sed -n '4,5s/^# //p' "$0"
	exit 2
}

here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd -P)
project=$(cd -- "$here/../.." && pwd -P)
golden=$here/digests.txt
policies=(none fifo-global fifo vtime queue local-on central immed reenq)
small_bytes=20000
jobs=$(nproc 2>/dev/null || echo 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Names of the workloads, relative to the project.
files() {
	cd "$project" && printf '%s\n' traces/*.json traces/*.jsonl.gz tests/golden/workloads/*.json
}

is_small() {
	[ "$(wc -c <"$project/$1")" -lt "$small_bytes" ]
}

# digest BUILD FILE POLICY ARG...: prints it, or what went wrong instead. An
# ejected policy is status 1; the run goes on, and its digest counts.
digest() {
	local build=$1 file=$2 policy=$3 status=0 out err=$work/err.$BASHPID
	shift 3
	out=$("$build/scxtwin" run --quiet --digest --policy "$policy" "$@" "$project/$file" 2>"$err") ||
		status=$?
	if [[ $status -le 1 && $out =~ ^[0-9a-f]{64}$ ]]; then
		printf '%s\n' "$out"
	else
		printf 'status %s: %s\n' "$status" "$(tr '\n' ' ' <"$err" | cut -c 1-300)"
	fi
	rm -f "$err"
}

expected() { # FILE POLICY
	grep -s -F -m 1 -- "$1 $2 " "$golden" | cut -d ' ' -f 3
}

# compare WHAT WANTED FOUND: one line of result.
compare() {
	if [ "$2" = "$3" ]; then
		echo passed
	else
		printf 'FAILED  %s: %s instead of %s\n' "$1" "${3:-nothing}" "${2:-nothing}"
	fi
}

# Everything about one workload under one policy, in one build. Called in parallel.
check_pair() { # BUILD LEVEL FILE POLICY
	local build=$1 level=$2 file=$3 policy=$4 wanted log variant
	local variants=("")

	wanted=$(expected "$file" "$policy")
	if [ "$level" = all ]; then
		variants=("" "" "--mode costed" "--mode explored" "--no-tick-elision" "--force-suspend"
			"--no-tick-elision --force-suspend" "--audit 1000" "--check-determinism")
	elif is_small "$file"; then
		variants=("" "--mode explored --no-tick-elision")
	fi
	for variant in "${variants[@]}"; do
		# shellcheck disable=SC2086 # a variant is several words
		compare "$build: $file, $policy $variant" "$wanted" "$(digest "$build" "$file" "$policy" $variant)"
	done
	[ "$level" = all ] || return 0
	log=$work/log.$BASHPID
	compare "$build: $file, $policy with a log" "$wanted" "$(digest "$build" "$file" "$policy" --log "$log")"
	compare "$build: $file, $policy, digest of the log" "$wanted" "$("$build/scxtwin" digest "$log" 2>&1)"
	rm -f "$log"
}

# What must not leave the digest as it is.
check_changes() { # BUILD
	local build=$1 file=tests/golden/workloads/arrivals.json base changed

	base=$(digest "$build" "$file" fifo)
	sed '0,/"run", "5us"/s//"run", 5001/' "$project/$file" >"$work/arrivals.json"
	cmp -s "$project/$file" "$work/arrivals.json" && echo "FAILED  nothing was changed in $file"
	# The workload's own hash is part of the header: compare what happened, too.
	"$build/scxtwin" run -q --digest -p fifo --log "$work/one" "$project/$file" >/dev/null
	changed=$("$build/scxtwin" run -q --digest -p fifo --log "$work/other" "$work/arrivals.json" 2>&1)
	differ "a burst longer by 1 ns" "$base" "$changed"
	differ "a burst longer by 1 ns, events" "$(sed 1d "$work/one")" "$(sed 1d "$work/other")"
	differ "another seed" "$base" "$(digest "$build" "$file" fifo --seed 12)"
	differ "another parameter" "$base" "$(digest "$build" "$file" fifo --set slice_ns=100us)"
	differ "a flag of the policy" "$(digest "$build" "$file" central)" "$(digest "$build" "$file" central --set infinite=1)"
	differ "another policy" "$base" "$(digest "$build" "$file" vtime)"
	differ "one CPU more" "$base" "$(digest "$build" "$file" fifo --cpus 3)"
	differ "costs" "$(digest "$build" "$file" fifo --mode costed)" \
		"$(digest "$build" "$file" fifo --mode costed --costs switch=1)"
	compare "the seed of the workload, given" "$base" "$(digest "$build" "$file" fifo --seed 11)"
}

differ() { # WHAT ONE OTHER
	if [ "$2" != "$3" ]; then
		echo passed
	else
		printf 'FAILED  %s: the digest stays %s\n' "$1" "$(cut -c 1-64 <<<"$2" | head -n 1)"
	fi
}

# A policy that looks at addresses is found out.
check_placement() { # BUILD
	local plugin=$1/tests/plugin/looks_at_addresses.so text

	[ -e "$plugin" ] || return 0
	if text=$("$1/scxtwin" run -q --digest --check-determinism -p "$plugin" \
		"$project/tests/golden/workloads/same_instant.json" 2>&1); then
		echo "FAILED  --check-determinism missed a policy that looks at addresses"
	elif [[ $text == *"two runs differ: event "* ]]; then
		echo passed
	else
		echo "FAILED  --check-determinism says: $text"
	fi
}

check_valgrind() { # BUILD
	local file=tests/golden/workloads/load_unload.json out

	command -v valgrind >/dev/null || return 0
	out=$(valgrind -q --error-exitcode=9 --track-origins=no "$1/scxtwin" run -q --digest -p vtime \
		"$project/$file" 2>"$work/valgrind")
	# The policy is ended by the workload: status 1 is right.
	[ $? -ne 9 ] || out="errors: $(grep -m 1 '^==' "$work/valgrind")"
	compare "valgrind: $file, vtime" "$(expected "$file" vtime)" "$out"
}

sanitized() {
	grep -qs '^SCXTWIN_SANITIZE:BOOL=ON' "$1/CMakeCache.txt"
}

# check LEVEL BUILD: all = every variant, some = enough to tell compilers apart.
check_build() {
	local level=$1 build=$2 file policy

	for file in $(files); do
		[ "$level" = all ] || is_small "$file" || continue
		for policy in "${policies[@]}"; do
			printf '%s\0' "$build" "$level" "$file" "$policy"
		done
	done | xargs -0 -n 4 -P "$jobs" bash -c 'check_pair "$@"' check_pair
}

update() { # BUILD
	local file policy found

	for file in $(files); do
		for policy in "${policies[@]}"; do
			found=$(digest "$1" "$file" "$policy")
			[[ $found =~ ^[0-9a-f]{64}$ ]] || {
				echo "$file, $policy: $found" >&2
				return 1
			}
			printf '%s %s %s\n' "$file" "$policy" "$found"
		done
	done >"$work/digests" && mv "$work/digests" "$golden"
}

export here project golden small_bytes work
export -f check_pair digest expected compare is_small

case ${1-} in
--update)
	[ "$#" -eq 2 ] || usage
	update "$(readlink -f -- "$2")"
	exit
	;;
-* | '') usage ;;
esac

level=all
for build; do
	build=$(readlink -f -- "$build")
	if [ ! -x "$build/scxtwin" ]; then
		echo "FAILED  $build: no scxtwin there"
		continue
	fi
	check_build "$level" "$build"
	if [ "$level" = all ]; then
		check_changes "$build"
		sanitized "$build" || check_valgrind "$build"
	fi
	check_placement "$build"
	level=some
done >"$work/results"

grep -v '^passed$' "$work/results"
failed=$(grep -vc '^passed$' "$work/results")
echo "$(grep -c '^passed$' "$work/results") passed, $failed failed"
[ "$failed" -eq 0 ]
