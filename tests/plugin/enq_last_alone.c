/* SPDX-License-Identifier: GPL-2.0-only */
/* A combination that is refused behind ops.init(). */
#include "plugin.h"

PLUGIN("enq_last_alone", .flags = SCX_OPS_ENQ_LAST);
