#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh BUILD_DIR
#
# Installs a build into a folder of its own and uses it as a stranger would:
# every file in its place, a client linked three ways, the example policy built
# both ways and run. Ends with 'N passed, N failed'.

# shellcheck disable=SC2317 # functions are called through check()
set -uo pipefail
export LC_ALL=C

build=$(cd -- "$1" && pwd -P)
top=$(cd -- "$(dirname -- "$0")/../.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A blank in the path finds every forgotten quote; the package must stand it as well.
prefix="$work/installed here"

passed=0
failed=0
check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		passed=$((passed + 1))
		echo "ok      $what"
	else
		failed=$((failed + 1))
		echo "FAILED  $what"
		sed 's/^/    /' "$work/log"
	fi
}

finish() {
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}

check "install" cmake --install "$build" --prefix "$prefix"
[ "$failed" -eq 0 ] || finish

libdir=$(dirname "$(find "$prefix" -name libscxtwin.a)")
export PKG_CONFIG_PATH="$libdir/pkgconfig"

have_files() {
	local file status=0
	for file; do
		[ -s "$prefix/$file" ] || { echo "not installed: $file"; status=1; }
	done
	return "$status"
}

headers_complete() {
	diff <(cd "$top/include/scxtwin" && ls) <(cd "$prefix/include/scxtwin" && ls)
}

no_source_path() {
	! grep -rlF "$top" "$libdir/cmake" "$libdir/pkgconfig" "$prefix/include"
}

cat >"$work/client.c" <<'EOT'
#include <string.h>
#include <scxtwin/error.h>

int main(void)
{
	const struct scxtwin_error err = { .code = SCXTWIN_EINPUT, .file = "f", .msg = "m" };
	char buf[256];

	return strcmp(scxtwin_error_format(&err, buf, sizeof(buf)), "f: m") != 0;
}
EOT

by_pkg_config() { # PKG-CONFIG OPTION...
	local flags
	eval "flags=($(pkg-config "$@" --cflags --libs scxtwin))" &&
		cc -std=gnu11 -o "$work/client" "$work/client.c" "${flags[@]}" &&
		LD_LIBRARY_PATH="$libdir" "$work/client"
}

by_cmake() { # TARGET
	mkdir -p "$work/$1"
	cat >"$work/$1/CMakeLists.txt" <<-EOT
		cmake_minimum_required(VERSION 3.25)
		project(client C)
		find_package(scxtwin 0.1 REQUIRED)
		add_executable(client ../client.c)
		target_link_libraries(client PRIVATE scxtwin::$1)
	EOT
	cmake -S "$work/$1" -B "$work/$1/build" -DCMAKE_PREFIX_PATH="$prefix" &&
		cmake --build "$work/$1/build" && "$work/$1/build/client"
}

example_by_make() {
	cp -r "$top/examples/policy-plugin" "$work/by-make" && make -C "$work/by-make"
}

example_by_cmake() {
	cmake -S "$top/examples/policy-plugin" -B "$work/by-cmake" \
		-DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/by-cmake"
}

explored_by_make() {
	cp -r "$top/examples/policy-plugin" "$work/explored-make" && make -C "$work/explored-make" EXPLORE=1
}

explored_by_cmake() {
	cmake -S "$top/examples/policy-plugin" -B "$work/explored-cmake" -DEXPLORE=ON \
		-DCMAKE_PREFIX_PATH="$prefix" && cmake --build "$work/explored-cmake"
}

transitions_by_make() {
	cp -r "$top/examples/transition" "$work/transition-make" && make -C "$work/transition-make" check
}

transitions_by_cmake() {
	cmake -S "$top/examples/transition" -B "$work/transition-cmake" -DCMAKE_PREFIX_PATH="$prefix" &&
		cmake --build "$work/transition-cmake" &&
		ctest --test-dir "$work/transition-cmake" --output-on-failure --no-tests=error
}

example_is_explored() { # SHARED OBJECT
	(cd "$(dirname "$1")" && "$prefix/bin/scxtwin" explore --policy "./${1##*/}" --budget 20 \
		"$prefix/share/scxtwin/traces/explore/dequeue_dispatch.json" >out; cat out
	grep -q '^policy steps: kfunc calls and its own loads and stores$' out)
}

example_runs() { # SHARED OBJECT
	(cd "$(dirname "$1")" && "$prefix/bin/scxtwin" run "$workload" --policy "./${1##*/}")
}

check "headers" headers_complete
check "library files" have_files "${libdir#"$prefix/"}"/libscxtwin.{a,so} \
	"${libdir#"$prefix/"}"/{pkgconfig/scxtwin.pc,cmake/scxtwin/scxtwinConfig{,Version}.cmake}
check "no path of the source tree" no_source_path
check "client by pkg-config, shared" by_pkg_config
check "client by CMake, shared" by_cmake scxtwin
check "client by CMake, static" by_cmake static
if command -v make >/dev/null; then
	check "example policy by make" example_by_make
	check "example policy by make, to be explored" explored_by_make
	check "transitions by make" transitions_by_make
else
	echo "skipped: example policy by make (make is not installed)"
fi
check "example policy by CMake" example_by_cmake
check "example policy by CMake, to be explored" explored_by_cmake
check "transitions by CMake" transitions_by_cmake

if [ ! -x "$prefix/bin/scxtwin" ]; then
	echo "skipped: running the example policy (the command is not built)"
	finish
fi
check "man pages" have_files share/man/man1/scxtwin{,-run,-explore,-replay,-merge,-lint,-import,-digest,-conform,-record,-policies,-version}.1
check "completions" have_files share/bash-completion/completions/scxtwin \
	share/zsh/site-functions/_scxtwin
check "bash completion is bash" bash -n "$prefix/share/bash-completion/completions/scxtwin"

# The smallest workload that is shipped.
workload=$(find "$prefix/share/scxtwin/traces" \( -name '*.json' -o -name '*.jsonl*' \) \
	-not -path '*/schema/*' -printf '%s %p\n' 2>/dev/null | sort -n | head -n 1 | cut -d' ' -f2-)
if [ -z "$workload" ]; then
	echo "skipped: running the example policy (no workload is shipped)"
	finish
fi
for policy in "$work"/by-*/my_policy.so; do
	check "example policy runs (${policy#"$work/"})" example_runs "$policy"
done
for policy in "$work"/explored-*/my_policy.so; do
	check "example policy is explored (${policy#"$work/"})" example_is_explored "$policy"
done
finish
