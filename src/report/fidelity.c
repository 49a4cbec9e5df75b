/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How near a run comes to the machine that was recorded, in sums and
 * distributions. Demand is the same in both; what came of it is the policy's
 * and the machine's doing. Waits are those of latency.c, both kinds in one.
 */
#include <stdlib.h>

#include <scxtwin/report.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"
#include "report/account.h"

struct waits {
	struct hist recorded, simulated;
};

static void free_waits(struct waits *w)
{
	hist_free(&w->recorded);
	hist_free(&w->simulated);
}

static bool lacks_memory(const struct waits *w)
{
	return w->recorded.no_memory || w->simulated.no_memory;
}

static void add_recorded(struct scxtwin_aggregate *a, struct hist *waits,
			 const struct scxtwin_observed *o)
{
	u32 i;

	a->run_ns += o->run_ns;
	a->nr_switches += o->nr_switches;
	a->nr_wakeups += o->nr_wakeups;
	for (i = 0; i < o->nr_waits; i++)
		hist_add_many(waits, o->waits[i].ns, o->waits[i].count);
}

static void add_simulated(struct scxtwin_aggregate *a, struct hist *waits,
			  const struct account_group *g)
{
	a->run_ns += g->run_ns;
	a->nr_switches += g->nr_voluntary + g->nr_involuntary;
	a->nr_wakeups += g->nr_wakeups;
	hist_merge(waits, &g->wakeup_latency);
	hist_merge(waits, &g->rq_delay);
}

static void add_group(struct scxtwin_fidelity_row *row, struct waits *w,
		      const struct scxtwin_observed *o, const struct account_group *g)
{
	add_recorded(&row->recorded, &w->recorded, o);
	add_simulated(&row->simulated, &w->simulated, g);
}

static void judge_waits(struct scxtwin_fidelity_row *row, const struct waits *w)
{
	hist_dist(&w->recorded, &row->recorded.wait);
	hist_dist(&w->simulated, &row->simulated.wait);
	row->has_distance = w->recorded.n && w->simulated.n;
	if (row->has_distance)
		row->distance_ppm = hist_distance_ppm(&w->recorded, &w->simulated);
}

static bool fill(struct scxtwin_fidelity *f, const struct scxtwin_metrics *m,
		 const struct scxtwin_recorded *recorded)
{
	struct waits all = { 0 };
	bool memory = true;
	u32 i;

	f->all.name = "all";
	for (i = 0; i < f->nr_groups; i++) {
		struct waits w = { 0 };

		f->groups[i].name = m->report.groups[i].name;
		add_group(&f->groups[i], &w, &recorded->groups[i], &m->groups[i]);
		add_group(&f->all, &all, &recorded->groups[i], &m->groups[i]);
		judge_waits(&f->groups[i], &w);
		memory &= !lacks_memory(&w);
		free_waits(&w);
	}
	judge_waits(&f->all, &all);
	memory &= !lacks_memory(&all);
	free_waits(&all);
	return memory;
}

struct scxtwin_fidelity *scxtwin_fidelity_new(const struct scxtwin_metrics *m,
					      const struct scxtwin_recorded *recorded,
					      struct scxtwin_error *err)
{
	struct scxtwin_fidelity *f = mem_zalloc(sizeof(*f));

	BUG_ON(!m->finished);
	BUG_ON(recorded->nr_groups != m->facts.nr_groups);
	if (f)
		f->groups = mem_zalloc(recorded->nr_groups * sizeof(*f->groups));
	if (f && f->groups) {
		f->nr_groups = recorded->nr_groups;
		f->recorded_ns = recorded->span_ns;
		f->simulated_ns = m->report.span_ns;
		if (fill(f, m, recorded))
			return f;
	}
	scxtwin_fidelity_free(f);
	error_no_memory(err);
	return NULL;
}

void scxtwin_fidelity_free(struct scxtwin_fidelity *f)
{
	if (!f)
		return;
	free(f->groups);
	free(f);
}
