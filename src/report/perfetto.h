/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace writer without a simulation behind it. */
#ifndef REPORT_PERFETTO_H
#define REPORT_PERFETTO_H

#include <scxtwin/report.h>

/* NULL on error, as scxtwin_perfetto_open(). */
struct scxtwin_perfetto *perfetto_open(u32 nr_cpus, const char *path, struct scxtwin_error *err);
struct scxtwin_observer *perfetto_observer(struct scxtwin_perfetto *p);

#endif /* REPORT_PERFETTO_H */
