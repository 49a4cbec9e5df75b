/* SPDX-License-Identifier: GPL-2.0-only */
/* A watchdog later than the kernel has one. */
#include "plugin.h"

PLUGIN("long_timeout", .timeout_ms = 30001);
