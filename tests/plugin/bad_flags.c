/* SPDX-License-Identifier: GPL-2.0-only */
/* A flag that does not exist. */
#include "plugin.h"

PLUGIN("bad_flags", .enqueue = plugin_enqueue, .flags = 1ULL << 40);
