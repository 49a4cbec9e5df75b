/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/driver.h"

#include <string.h>

#include "machine/lock.h"

static struct driver *driver_of(struct chooser *c)
{
	return container_of(c, struct driver, chooser);
}

static bool would_only_wait(const struct choice *c)
{
	const struct raw_spinlock *lock = c->obj;

	return !c->event && c->kind == YIELD_LOCK && lock->owner && lock->owner != c->context;
}

/* Leaves those out that would only wait, unless there is nobody else. */
static u32 find_candidates(struct driver *d, const struct choice *choices, u32 nr)
{
	u32 i, n = 0;

	BUG_ON(nr > d->nr_candidates_max);
	d->candidates = choices;
	for (i = 0; i < nr && !would_only_wait(&choices[i]); i++)
		;
	if (i == nr)
		return nr;
	for (i = 0; i < nr; i++)
		if (!would_only_wait(&choices[i]))
			d->some[n++] = choices[i];
	if (!n)
		return nr;
	d->candidates = d->some;
	return n;
}

static u32 index_of(const struct choice *choices, u32 nr, const struct choice *c)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (choices[i].context == c->context && choices[i].event == c->event)
			return i;
	BUG();
}

static bool is_same_place(const struct choice *a, const struct choice *b)
{
	return a->cpu == b->cpu && !strcmp(a->label, b->label);
}

static void note_departure(struct driver *d, u32 op, u32 pick)
{
	const struct choice *def = &d->candidates[0], *to = &d->candidates[pick];
	struct departure dep = {
		.op = op, .cpu = def->cpu, .at = def->label, .to_cpu = to->cpu, .to = to->label,
	};
	u32 i;

	for (i = 0; i < pick; i++)
		dep.to_nth += is_same_place(&d->candidates[i], to);
	if (vec_push(&d->departures.list, dep))
		d->no_memory = true;
}

/* The step that ends here ran code of the policy, or left it. */
static bool last_step_was_in_policy(const struct driver *d, const struct choice *choices)
{
	if (!d->has_last || !d->policy_obj)
		return false;
	return d->last_in_policy || (choices[0].current && choices[0].context == d->last.context &&
				     d->in_policy(choices[0].context));
}

static void tell_touched(struct driver *d, const void *obj, bool writes)
{
	if (d->strategy->ops->touched)
		d->strategy->ops->touched(d->strategy, obj, writes);
}

static bool is_no_choice(const struct driver *d, const struct choice *c)
{
	if (!c->current || c->kind != YIELD_UNLOCK || !d->has_last)
		return false;
	return !(d->last.context == c->context && d->last.kind == YIELD_LOCK && d->last.obj == c->obj);
}

static void stop(struct driver *d, bool *why)
{
	*why = true;
	d->has_last = false;
	machine_stop(SCXTWIN_EINTERNAL);
}

static u32 driver_choose(struct chooser *chooser, const struct choice *choices, u32 nr)
{
	struct driver *d = driver_of(chooser);
	u32 n, pick = 0, op = 0;

	if (d->cut || d->limit_hit)
		return 0;
	if (last_step_was_in_policy(d, choices))
		tell_touched(d, d->policy_obj, d->policy_wrote(d->policy_data));
	if (is_no_choice(d, &choices[0])) {
		tell_touched(d, choices[0].obj, true);
		return 0;
	}
	if (d->nr_steps++ >= d->step_limit) {
		stop(d, &d->limit_hit);
		return 0;
	}
	n = find_candidates(d, choices, nr);
	if (n > 1) {
		op = d->ops[d->candidates[0].cpu]++;
		d->nr_points++;
	}
	if (n > 1 || d->strategy->ops->every_step)
		pick = d->strategy->ops->choose(d->strategy, d->candidates, n);
	if (pick == STRATEGY_CUT) {
		stop(d, &d->cut);
		return 0;
	}
	BUG_ON(pick >= n);
	if (pick)
		note_departure(d, op, pick);
	if (d->step)
		d->step(d->step_data, &d->candidates[pick], n > 1, pick);
	d->last = d->candidates[pick];
	d->has_last = true;
	d->last_in_policy = d->policy_obj && !d->last.event && d->in_policy(d->last.context);
	return d->candidates == choices ? pick : index_of(choices, nr, &d->last);
}

static void driver_touched(struct chooser *chooser, const void *obj, bool writes)
{
	struct driver *d = driver_of(chooser);

	if (d->has_last)
		tell_touched(d, obj, writes);
}

static bool driver_quiet(struct chooser *chooser)
{
	struct driver *d = driver_of(chooser);

	return d->quiet && d->quiet(d->quiet_data);
}

static bool driver_stuck(struct chooser *chooser)
{
	struct driver *d = driver_of(chooser);

	return d->stuck && d->stuck(d->quiet_data);
}

static void driver_nothing(struct chooser *chooser)
{
	(void)chooser;
}

int driver_init(struct driver *d, struct strategy *s, u64 step_limit)
{
	const struct machine *m = machine();

	*d = (struct driver){
		.chooser = {
			.choose = driver_choose, .begin = driver_nothing, .end = driver_nothing,
			.quiet = driver_quiet, .stuck = driver_stuck, .touched = driver_touched, .asks_always = true,
			.drains = true,
		},
		.strategy = s, .step_limit = step_limit, .nr_candidates_max = m->nr_choices_max,
	};
	d->some = mem_alloc(m->nr_choices_max * sizeof(*d->some));
	d->ops = mem_alloc(m->nr_cpu_ids * sizeof(*d->ops));
	if (d->some && d->ops)
		return 0;
	driver_free(d);
	return -ENOMEM;
}

void driver_free(struct driver *d)
{
	free(d->some);
	free(d->ops);
	vec_free(&d->departures.list);
	d->some = NULL;
	d->ops = NULL;
}

void driver_begin(struct driver *d, u64 execution)
{
	d->nr_steps = d->nr_points = 0;
	d->has_last = d->limit_hit = d->cut = false;
	vec_clear(&d->departures.list);
	memset(d->ops, 0, machine()->nr_cpu_ids * sizeof(*d->ops));
	machine()->chooser = &d->chooser;
	d->strategy->ops->begin(d->strategy, execution);
}

bool driver_end(struct driver *d)
{
	const enum strategy_end end = d->cut ? END_CUT : d->limit_hit ? END_STEP_LIMIT : END_RAN;

	if (d->limit_hit)
		d->strategy->incomplete = true;
	return d->strategy->ops->end(d->strategy, end);
}
