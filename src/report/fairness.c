/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fairness.
 *
 * A task is entitled to service while it competes, that is while it waits or
 * runs. With R competing tasks of total weight W and C CPUs online, the rate at
 * which a task of weight w is entitled to CPU time is 1 as long as R <= C, and
 * w * C / W otherwise, but over one stretch of competing never more than its
 * length. Affinity does not enter: pinning shows as unfairness.
 *
 *   x        received run time / entitled time of one task, at most 1000
 *   Jain     (sum x)^2 / (n * sum x^2), in parts per million: 1000000 is equal, 1/n is worst
 *
 * Tasks with less than 1 ms entitled take no part. Over groups: x = sum of run
 * times / sum of entitled times of the tasks that take part. The machine's own
 * threads neither compete nor take part.
 *
 * Entitlement is the difference of two running clocks: virtual service per unit
 * of weight (fixed point) while there are more tasks than CPUs, plain time while
 * there are not. So no transition looks at other tasks.
 */
#include "base/bug.h"
#include "report/account.h"

#define VIRTUAL_SHIFT		48
#define MIN_ENTITLED_NS		1000000ULL
#define X_ONE			1000000ULL
#define X_MAX			(1000 * X_ONE)
#define WEIGHT_DEFAULT		100U

void fairness_advance(struct scxtwin_metrics *m)
{
	struct account_fairness *f = &m->fair;
	const u64 length = m->now - f->last_ns;

	if (!length)
		return;
	BUG_ON(m->now < f->last_ns);
	f->last_ns = m->now;
	if (f->nr_competing <= f->nr_online)
		f->free_ns += length;
	else
		f->virtual_ns += ((unsigned __int128)length * f->nr_online << VIRTUAL_SHIFT) / f->weight;
}

void fairness_begin(struct scxtwin_metrics *m, struct account_task *t)
{
	struct account_fairness *f = &m->fair;

	if (t->competes || account_is_system(m, t))
		return;
	t->competes = true;
	t->competes_since = m->now;
	t->virtual_start = f->virtual_ns;
	t->free_start = f->free_ns;
	f->nr_competing++;
	f->weight += t->weight;
}

void fairness_end(struct scxtwin_metrics *m, struct account_task *t)
{
	struct account_fairness *f = &m->fair;
	const u64 length = m->now - t->competes_since;
	u64 entitled;

	if (!t->competes)
		return;
	BUG_ON(!f->nr_competing || f->weight < t->weight);
	t->competes = false;
	f->nr_competing--;
	f->weight -= t->weight;
	entitled = f->free_ns - t->free_start +
		   (u64)((f->virtual_ns - t->virtual_start) * t->weight >> VIRTUAL_SHIFT);
	t->entitled_ns += entitled < length ? entitled : length;
}

void fairness_set_weight(struct scxtwin_metrics *m, struct account_task *t)
{
	const u32 weight = m->facts.task_weight(m->facts.data, t->pid);
	const bool competes = t->competes;

	fairness_end(m, t);
	t->weight = weight ? weight : WEIGHT_DEFAULT;
	if (competes)
		fairness_begin(m, t);
}

static u64 share(u64 served, u64 entitled)
{
	const unsigned __int128 x = (unsigned __int128)served * X_ONE / entitled;

	return x > X_MAX ? X_MAX : (u64)x;
}

/* The task ended, or the run did: run_ns and entitled_ns are complete. */
void fairness_fold(struct scxtwin_metrics *m, struct account_task *t)
{
	struct account_group *g = &m->groups[t->group];
	u64 x;

	BUG_ON(t->competes);
	if (t->entitled_ns < MIN_ENTITLED_NS || account_is_system(m, t))
		return;
	x = share(t->run_ns, t->entitled_ns);
	g->nr_fair++;
	g->sum_x += x;
	g->sum_x2 += (unsigned __int128)x * x;
	g->served_ns += t->run_ns;
	g->entitled_ns += t->entitled_ns;
}

/*
 * 0 if nothing took part, or nobody was served. Computed through the mean, which
 * is at most X_MAX, so that no product overflows; off by at most 1.
 */
static u32 jain(u32 n, unsigned __int128 sum_x, unsigned __int128 sum_x2)
{
	const unsigned __int128 mean = n ? sum_x / n : 0;

	if (!sum_x2)
		return 0;
	return (u32)(mean * sum_x * X_ONE / sum_x2);
}

void fairness_report(struct scxtwin_metrics *m)
{
	struct scxtwin_report *r = &m->report;
	unsigned __int128 sum_x = 0, sum_x2 = 0, groups_x = 0, groups_x2 = 0;
	u32 i, nr = 0;

	for (i = 0; i < m->facts.nr_groups; i++) {
		const struct account_group *g = &m->groups[i];
		u64 x;

		r->groups[i].nr_jain = g->nr_fair;
		r->groups[i].jain_ppm = jain(g->nr_fair, g->sum_x, g->sum_x2);
		if (!g->nr_fair)
			continue;
		nr += g->nr_fair;
		sum_x += g->sum_x;
		sum_x2 += g->sum_x2;
		x = share(g->served_ns, g->entitled_ns);
		r->nr_jain_groups++;
		groups_x += x;
		groups_x2 += (unsigned __int128)x * x;
	}
	r->all.nr_jain = nr;
	r->all.jain_ppm = jain(nr, sum_x, sum_x2);
	r->jain_groups_ppm = jain(r->nr_jain_groups, groups_x, groups_x2);
}
