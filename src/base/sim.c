/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/sim.h"

__thread struct sim *this_sim;
