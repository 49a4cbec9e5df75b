#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# docs/races.md says of the explored races what they say themselves.
exec "$(dirname -- "$0")/../../tools/race-table" --check "$1"
