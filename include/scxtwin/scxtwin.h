/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything a client of the library needs. Policies include <scxtwin/policy.h> instead. */
#ifndef SCXTWIN_SCXTWIN_H
#define SCXTWIN_SCXTWIN_H

#include <scxtwin/conform.h>
#include <scxtwin/error.h>
#include <scxtwin/event.h>
#include <scxtwin/explore.h>
#include <scxtwin/lab.h>
#include <scxtwin/metrics.h>
#include <scxtwin/policy.h>
#include <scxtwin/report.h>
#include <scxtwin/sim.h>
#include <scxtwin/workload.h>

#endif /* SCXTWIN_SCXTWIN_H */
