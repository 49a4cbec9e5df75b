/* SPDX-License-Identifier: GPL-2.0-only */
/* The log of a simulation. */
#include "report/log_jsonl.h"

struct scxtwin_log *scxtwin_log_open(struct scxtwin_sim *s, const char *path,
				     struct scxtwin_error *err)
{
	struct scxtwin_log *log = log_jsonl_open(scxtwin_sim_header(s), path, err);

	if (log)
		scxtwin_sim_observe(s, log_jsonl_observer(log));
	return log;
}

int scxtwin_log_close(struct scxtwin_log *log, const struct scxtwin_result *res,
		      struct scxtwin_error *err)
{
	return log_jsonl_close(log, res->digest, err);
}
