#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: immed.sh SCXTWIN
#
# A small part of tools/immed-sample: the promise of SCX_ENQ_IMMED is kept.

exec "$(dirname -- "${BASH_SOURCE[0]}")/../../tools/immed-sample" --executions 6400 "$(dirname -- "$1")"
