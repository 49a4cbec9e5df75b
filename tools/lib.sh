# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by tools/quickstart and tools/check: what the machine lacks, installing
# it, configuring and building one preset. Sourced, never run.
#
# Sets: project (absolute path of the tree), jobs, errexit and friends.

set -euo pipefail
unset CDPATH
export LC_ALL=C.UTF-8

project=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# shellcheck disable=SC2034 # for those who source this file
jobs=$(nproc 2>/dev/null || echo 1)
cmake_minimum=3.25

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() { warn "${0##*/}: $*"; exit 1; }

# run_logged LABEL LOG COMMAND...: runs it with its output in LOG and says how it
# went; on a terminal also what it is at. The tail of LOG follows a failure.
run_logged() {
	local label=$1 log=$2 status=0 start=$SECONDS ticker=
	shift 2
	mkdir -p "$(dirname "$log")"
	: >"$log"
	if [ -t 1 ]; then
		show_progress "$label" "$log" &
		ticker=$!
		# shellcheck disable=SC2064 # the pid of now
		trap "kill $ticker 2>/dev/null || true" EXIT
	fi
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ -n "$ticker" ]; then
		kill "$ticker" 2>/dev/null || true
		wait "$ticker" 2>/dev/null || true
		trap - EXIT
		printf '\r\033[K'
	fi
	if [ "$status" -eq 0 ]; then
		printf '  %-34s ok     %4d s\n' "$label" $((SECONDS - start))
	else
		printf '  %-34s FAILED %4d s  (all output: %s)\n' "$label" $((SECONDS - start)) "$log"
		# What went well is of no interest now.
		grep -vE ' Passed |^ *Start +[0-9]+: |^\[[ 0-9/%]+\] [A-Z]' "$log" | tail -n 100 | sed 's/^/    | /'
	fi
	return "$status"
}

show_progress() {
	local label=$1 log=$2 start=$SECONDS last width
	while sleep 0.5; do
		width=$(($(tput cols 2>/dev/null || echo 80) - 48))
		[ "$width" -gt 0 ] || width=0
		last=$(tail -n 1 "$log" 2>/dev/null | tr -cd '[:print:]' | cut -c "1-$((width + 1))")
		printf '\r\033[K  %-34s %4d s  %s' "$label" $((SECONDS - start)) "$last"
	done
}

# The version that a tool reports: the first number with a dot, or the first number.
version_of() {
	"$@" 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)*' | head -n 1
}

at_least() { # VERSION MINIMUM
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

have() { command -v "$1" >/dev/null 2>&1; }

have_library() { # MODULE PACKAGE
	{ have pkg-config && pkg-config --exists "$1" 2>/dev/null; } || have_package "$2"
}

have_package() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null | head -n 1)" = installed ]
}

have_header() {
	echo "#include <$1>" | "${CC:-cc}" -E - >/dev/null 2>&1
}

# missing_packages [TOOL...]: names of Debian packages, one a line. A further TOOL
# is in the package of its name.
missing_packages() {
	have "${CC:-cc}" || echo gcc
	[ -e /usr/include/stdio.h ] || have_header stdio.h || echo libc6-dev
	have cmake || echo cmake
	have ninja || have make || echo ninja-build
	have pkg-config || echo pkgconf
	have_library jansson libjansson-dev || echo libjansson-dev
	have_library libbsd libbsd-dev || echo libbsd-dev
	have_library libmd libmd-dev || echo libmd-dev
	have_library zlib zlib1g-dev || echo zlib1g-dev
	have_library cmocka libcmocka-dev || echo libcmocka-dev
	have_package uthash-dev || have_header uthash.h || echo uthash-dev
	local tool
	for tool; do
		have "$tool" && continue
		case $tool in
		protoc) echo protobuf-compiler ;;
		*) echo "$tool" ;;
		esac
	done
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt_knows() { # PACKAGE...
	local package
	for package; do
		apt-cache show "$package" >/dev/null 2>&1 || return 1
	done
}

# install_packages ASSUME_YES PACKAGE...: asks, then installs.
install_packages() {
	local assume_yes=$1 sudo_word='' answer
	shift
	if ! have apt-get; then
		die "these Debian packages are missing, and this system has no apt-get: $*
Install what your distribution calls them and run me again."
	fi
	if [ "$(id -u)" -ne 0 ]; then
		sudo_word='sudo '
		have sudo || die "Debian packages are missing and only root may install them. As root:
  apt-get update && apt-get install --no-install-recommends $*
Then run me again."
	fi
	local command="${sudo_word}apt-get install --no-install-recommends --yes $*"
	local update=''
	apt_knows "$@" || update="${sudo_word}apt-get update"
	say "Missing Debian packages: $*"
	say "Command to install them:"
	say "  ${update:+$update && }$command"
	if [ "$assume_yes" != yes ]; then
		[ -t 0 ] || die "run that, or run me with --yes (this is not a terminal, so I do not ask)"
		read -r -p 'Run it now? [y/N] ' answer || answer=n
		case "$answer" in
		[yY] | [yY][eE][sS]) ;;
		*) die "nothing was installed" ;;
		esac
	fi
	[ -z "$sudo_word" ] || sudo -v || die "sudo did not let us in"
	[ -z "$update" ] || apt_update
	if ! apt_install "$@"; then
		# Package lists of last month name files that the server no longer has.
		[ -z "$update" ] || offline_hint "$@"
		say "Once more, with fresh package lists."
		apt_update
		apt_install "$@" || offline_hint "$@"
	fi
}

apt_update() {
	run_logged "package lists" "$project/build/log/apt-update.log" \
		as_root apt-get -o Acquire::Retries=2 -o APT::Update::Error-Mode=any update || true
}

apt_install() {
	run_logged "installing packages" "$project/build/log/apt-install.log" \
		as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -o Acquire::Retries=2 install --no-install-recommends --yes "$@"
}

offline_hint() {
	die "apt-get could not install: $*
Is the network reachable? Without one, install these packages from a mirror or an
installation medium; everything after that works offline."
}

check_tools() {
	local version
	version=$(version_of cmake --version)
	if ! at_least "$version" "$cmake_minimum"; then
		die "cmake is version ${version:-unknown}; $cmake_minimum or newer is needed.
Debian 12 and later have it; Debian 11 has it in bullseye-backports
(apt-get install -t bullseye-backports cmake); elsewhere: https://cmake.org/download/"
	fi
	local cc=${CC:-cc} minimum=12 name=gcc
	case $("$cc" --version 2>/dev/null) in
	*clang*) minimum=14 name=clang ;;
	esac
	version=$(version_of "$cc" -dumpversion)
	at_least "${version:-0}" "$minimum" ||
		die "$cc is $name ${version:-of unknown version}; gcc 12 or clang 14, or newer, is needed.
Name another compiler with CC=..."
}

# ensure_setup ASSUME_YES [TOOL...]: everything that building needs is there, or we leave.
ensure_setup() {
	local assume_yes=$1 missing
	shift
	mapfile -t missing < <(missing_packages "$@")
	[ "${#missing[@]}" -eq 0 ] || install_packages "$assume_yes" "${missing[@]}"
	check_tools
}

# configure PRESET [CMAKE ARGUMENT...]
configure() {
	local preset=$1
	local cache="$project/build/$preset/CMakeCache.txt"
	local -a options=()
	shift
	# A tree that was moved or copied carries a cache that speaks of its old place.
	if [ -e "$cache" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$project" "$cache"; then
		rm -rf "$project/build/$preset"
	fi
	if [ ! -e "$cache" ]; then
		if have ninja; then
			options+=(-G Ninja)
		else
			options+=(-G 'Unix Makefiles')
		fi
	fi
	cmake -S "$project" --preset "$preset" "${options[@]}" "$@"
}

# build PRESET [TARGET...]
build() {
	local preset=$1
	shift
	cmake --build "$project/build/$preset" --parallel "$jobs" ${1:+--target "$@"}
}
