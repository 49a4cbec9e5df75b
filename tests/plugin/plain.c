/* SPDX-License-Identifier: GPL-2.0-only */
/* Nothing wrong: a policy as the others would be without their fault. */
#include "plugin.h"

PLUGIN("plain", .init = plugin_init, .enqueue = plugin_enqueue, .dispatch = plugin_dispatch);
