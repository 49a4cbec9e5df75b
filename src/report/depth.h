/* SPDX-License-Identifier: GPL-2.0-only */
/* DSQ depths and residence; definition in depth.c. */
#ifndef REPORT_DEPTH_H
#define REPORT_DEPTH_H

#include "base/idmap.h"
#include "base/vec.h"
#include "report/hist.h"

struct depth_dsq;
struct depth_row;

/* Where a task is queued; zero-initialised = nowhere. */
struct depth_place {
	struct depth_dsq *dsq;
	u64 since;
};

struct depth {
	u32 nr_cpus;
	struct depth_dsq *locals, *bypasses;	/* by CPU */
	struct idmap globals;			/* by node */
	struct idmap users;			/* by id */
	struct depth_row *builtin[3];		/* by enum scxtwin_dsq_kind */
	VEC(struct depth_row *) user_rows;
	bool no_memory;
};

/* User DSQs beyond this number share one row, so that histograms stay few. */
#define DEPTH_MAX_USER_ROWS 1024U

/* 0 or -1 (no memory). */
int depth_init(struct depth *d, u32 nr_cpus);
void depth_free(struct depth *d);
void depth_insert(struct depth *d, struct depth_place *place, u64 now, u64 id, u64 owner);
void depth_remove(struct depth *d, struct depth_place *place, u64 now);
/* *dsqs is one allocation, NULL with *nr 0 if no DSQ was used. 0 or -1 (no memory). */
int depth_report(struct depth *d, u64 now, struct scxtwin_dsq_metrics **dsqs, u32 *nr);

#endif /* REPORT_DEPTH_H */
