/* SPDX-License-Identifier: GPL-2.0-only */
/* The trace of a simulation. */
#include "report/perfetto.h"

struct scxtwin_perfetto *scxtwin_perfetto_open(struct scxtwin_sim *s, const char *path,
					       struct scxtwin_error *err)
{
	struct scxtwin_perfetto *p;
	struct scxtwin_result res;

	scxtwin_sim_result(s, &res);
	p = perfetto_open(res.nr_cpus, path, err);
	if (p)
		scxtwin_sim_observe(s, perfetto_observer(p));
	return p;
}
