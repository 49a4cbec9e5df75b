/* SPDX-License-Identifier: GPL-2.0-only */
/* A shared object that is no policy. */
#include "plugin.h"

const int not_a_policy = 1;
