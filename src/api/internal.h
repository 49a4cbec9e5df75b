/* SPDX-License-Identifier: GPL-2.0-only */
/* The simulation from inside, for src/explore: run a stretch, judge it, put it back. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include <setjmp.h>

#include <scxtwin/sim.h>

#include "base/sim.h"
#include "machine/machine.h"
#include "workload/workload.h"

#define HEADER_BYTES 8192

struct scxtwin_sim {
	struct sim sim;
	struct scxtwin_options opt;
	struct scxtwin_workload *workload;
	struct workload_run *run;
	struct machine_config cfg;
	struct scxtwin_error fault;	/* BUG, WARN that stops, policy crash */
	enum scxtwin_end end;
	u32 nr_warnings;
	bool finished;
	jmp_buf *landing;		/* where a BUG outside the run loop goes; NULL: it ends the process */
	char header[HEADER_BYTES];
};

/* Makes s the simulation of this host thread. */
void sim_enter(struct scxtwin_sim *s);
/* The first fault is kept. */
void sim_fault(struct scxtwin_sim *s, enum scxtwin_errcode code, const char *what, const char *detail);
/* Instant at which a run ends at the latest. */
u64 sim_limit(const struct scxtwin_sim *s);
/* What came of a run that ended so: audits, expectations, policy. 0 or the code of the fault. */
int sim_judge(struct scxtwin_sim *s, enum machine_end end, struct scxtwin_error *err);

/* A moment between two calls of machine_run(), of an explored simulation. */
struct sim_copy;
struct sim_copy *sim_save(struct scxtwin_sim *s, struct scxtwin_error *err);
void sim_restore(struct scxtwin_sim *s, const struct sim_copy *copy);
/* The policy's own bytes are not those of then. */
bool sim_policy_has_changed(const struct sim_copy *copy);
/* ... or not those of the last call or restore. */
bool sim_policy_has_written(struct sim_copy *copy);
void sim_copy_free(struct sim_copy *copy);

#endif /* API_INTERNAL_H */
