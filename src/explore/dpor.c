/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dynamic partial order reduction with source sets and sleep sets (Abdulla,
 * Aronsson, Jonsson, Sagonas 2014): every order of dependent steps once, more
 * or less. All races of a step are looked at, not only the latest one, and what
 * is added to try is a true beginning of the reordered rest; either shortcut
 * loses behaviours from three CPUs on.
 *
 * A process is a context, or an event: the delivery is a step of the event.
 * What a step reaches is known once it was taken, so races are found from steps
 * that were taken, and steps sleep with what they reached. Beyond what steps
 * share, one comes before the other
 *
 *	if it let the other's process go on (wakeup, spawn, arming, unlock),
 *	if it was taken at an earlier instant: time is no choice.
 *
 * But for an event that may come at any instant time is a choice: what follows
 * from it comes earlier if the event does. No race tells of that, so such an event
 * is tried wherever it is awake, before the step that leaves it for later; and it
 * does not sleep from one instant to the next.
 *
 * A lock that is held is not asked for (driver.c). So the race is not with the
 * step that gave it up, which had to come first, but with the one that took it.
 */
#include "base/vec.h"
#include "explore/dep.h"
#include "explore/strategy.h"
#include "machine/lock.h"

#define MAX_PROCS	128
#define MAX_STEPS	60000
#define NO_STEP		UINT32_MAX

struct procs {
	u64 bits[MAX_PROCS / 64];
};

struct clock {
	u16 at[MAX_PROCS];	/* by process: 1 + its last step that comes before or is this one */
};

struct sleeper {
	u16 proc;
	struct footprint foot;
};

struct step_node {
	u16 proc;
	bool analysed;
	u64 time;
	u32 epoch;		/* first step at this instant */
	const void *takes;	/* lock taken by this step, NULL: none */
	bool insists;		/* on the lock: could not go on while it was held */
	struct footprint foot;
	struct clock clock;
	struct procs enabled, backtrack, done;
	VEC(struct sleeper) sleep;	/* before this step; grows by what was done here */
};

struct dpor {
	struct strategy s;
	VEC(struct step_node) nodes;	/* those beyond nr_steps keep their memory */
	u32 nr_steps;			/* taken in this execution */
	u32 nr_replayed;		/* steps that repeat the execution before; the last one is new */
	u32 nr_nodes;
	u64 keys[MAX_PROCS];
	u16 cpus[MAX_PROCS];	/* where each was seen last */
	u32 nr_procs;
	struct procs anytime;	/* events that may come at any instant */
};

static struct dpor *dpor_of(struct strategy *s)
{
	return container_of(s, struct dpor, s);
}

static bool has(const struct procs *p, u32 proc)
{
	return p->bits[proc / 64] >> (proc % 64) & 1;
}

static void add(struct procs *p, u32 proc)
{
	p->bits[proc / 64] |= 1ULL << (proc % 64);
}

static bool intersect(const struct procs *a, const struct procs *b)
{
	u32 i;

	for (i = 0; i < MAX_PROCS / 64; i++)
		if (a->bits[i] & b->bits[i])
			return true;
	return false;
}

static struct strategy *dpor_new(void)
{
	struct dpor *d = mem_zalloc(sizeof(*d));

	return d ? &d->s : NULL;
}

static void dpor_free(struct strategy *s)
{
	struct dpor *d = dpor_of(s);
	size_t i;

	for (i = 0; i < d->nodes.nr; i++)
		vec_free(&d->nodes.data[i].sleep);
	vec_free(&d->nodes);
	free(d);
}

static struct step_node *node(struct dpor *d, u32 i)
{
	return vec_at(&d->nodes, i);
}

/* Number of the process that a choice is a step of; MAX_PROCS if there are too many. */
static u32 proc_of(struct dpor *d, const struct choice *c)
{
	const u64 key = choice_key(c);
	u32 i;

	for (i = 0; i < d->nr_procs && d->keys[i] != key; i++)
		;
	if (i == MAX_PROCS)
		return i;
	if (i == d->nr_procs)
		d->keys[d->nr_procs++] = key;
	d->cpus[i] = c->cpu;
	if (c->event && c->event->anytime)
		add(&d->anytime, i);
	return i;
}

static void join(struct clock *a, const struct clock *b, u32 nr_procs)
{
	u32 i;

	for (i = 0; i < nr_procs; i++)
		if (b->at[i] > a->at[i])
			a->at[i] = b->at[i];
}

static bool covers(const struct clock *c, u32 proc, u32 step)
{
	return c->at[proc] > step;
}

/* ---- races */

static bool is_asleep(const struct step_node *n, u32 proc)
{
	size_t i;

	for (i = 0; i < n->sleep.nr; i++)
		if (n->sleep.data[i].proc == proc)
			return true;
	return false;
}

/*
 * Processes that can take the first step of what is left when step i and all
 * that follows from it are taken out of the execution up to step j, whose
 * clock without i is "before". A step can be the first if no process has a step
 * left that comes before it; of each process the earliest one tells.
 */
static struct procs initials(struct dpor *d, u32 i, u32 j, const struct clock *before)
{
	const u32 removed = node(d, i)->proc;
	u32 earliest[MAX_PROCS], p, k;
	struct procs seen = { { 0 } }, res = { { 0 } };

	for (k = i + 1; k <= j; k++) {
		const struct step_node *n = node(d, k);
		const struct clock *clock = k == j ? before : &n->clock;

		if (has(&seen, n->proc) || (k < j && covers(clock, removed, i)))
			continue;
		for (p = 0; p < d->nr_procs; p++)
			if (has(&seen, p) && covers(clock, p, earliest[p]))
				break;
		if (p == d->nr_procs)
			add(&res, n->proc);
		add(&seen, n->proc);
		earliest[n->proc] = k;
	}
	return res;
}

static void add_backtrack(struct dpor *d, u32 i, u32 j, const struct clock *before)
{
	struct step_node *n = node(d, i);
	const struct procs init = initials(d, i, j, before);
	const u32 racing = node(d, j)->proc;
	u32 p;

	if (intersect(&init, &n->backtrack))
		return;
	for (p = 0; p < d->nr_procs; p++)
		if (has(&init, p) && is_asleep(n, p))
			return;
	if (has(&init, racing) && has(&n->enabled, racing)) {
		add(&n->backtrack, racing);
		return;
	}
	for (p = 0; p < d->nr_procs; p++) {
		if (has(&init, p) && has(&n->enabled, p)) {
			add(&n->backtrack, p);
			return;
		}
	}
	/* Not of the textbook: what let the process go on is not known well enough. */
	for (p = 0; p < MAX_PROCS / 64; p++)
		n->backtrack.bits[p] |= n->enabled.bits[p];
}

/* The step behind which the process of step j could go on, NO_STEP: it always could. */
static u32 enabler_of(struct dpor *d, u32 j)
{
	const u32 proc = node(d, j)->proc;
	u32 i;

	for (i = j; i-- > 0; )
		if (!has(&node(d, i)->enabled, proc))
			return i;
	return NO_STEP;
}

static u32 previous_of(struct dpor *d, u32 j)
{
	const u32 proc = node(d, j)->proc;
	u32 i;

	for (i = j; i-- > 0; )
		if (node(d, i)->proc == proc)
			return i;
	return NO_STEP;
}

static bool reaches(const struct step_node *n, const void *obj)
{
	u32 i;

	for (i = 0; i < n->foot.nr; i++)
		if (n->foot.list[i].obj == obj)
			return true;
	return n->foot.everything;
}

/* What comes before step j whatever it reaches; that a lock was given up is left out. */
static void begin_clock(struct dpor *d, u32 j, struct clock *c)
{
	const struct step_node *n = node(d, j);
	const u32 epoch = n->epoch, previous = previous_of(d, j), enabler = enabler_of(d, j);
	u32 i;

	*c = (struct clock){ { 0 } };
	for (i = 0; i < epoch; i++)
		c->at[node(d, i)->proc] = (u16)(i + 1);
	if (previous != NO_STEP)
		join(c, &node(d, previous)->clock, d->nr_procs);
	if (enabler != NO_STEP && !(n->insists && reaches(node(d, enabler), n->takes)))
		join(c, &node(d, enabler)->clock, d->nr_procs);
}

/* The step that took the lock which step i gave up. */
static u32 taker_of(struct dpor *d, u32 i, const void *lock)
{
	const u32 proc = node(d, i)->proc;

	for (;; i--) {
		if (node(d, i)->takes == lock && node(d, i)->proc == proc)
			return i;
		if (!i)
			return NO_STEP;
	}
}

/* Clock of step j, and what it races with. Those before its epoch cannot be moved behind it. */
static void analyse(struct dpor *d, u32 j)
{
	struct step_node *n = node(d, j);
	struct clock c;
	u32 i;

	begin_clock(d, j, &c);
	for (i = j; i-- > n->epoch; ) {
		const struct step_node *e = node(d, i);
		u32 with = i;

		if (e->proc == n->proc || covers(&c, e->proc, i) || !footprints_depend(&e->foot, &n->foot))
			continue;
		if (n->insists && e->takes != n->takes && reaches(e, n->takes))
			with = taker_of(d, i, n->takes);
		if (with != NO_STEP && with >= n->epoch && !covers(&c, node(d, with)->proc, with))
			add_backtrack(d, with, j, &c);
		join(&c, &e->clock, d->nr_procs);
	}
	c.at[n->proc] = (u16)(j + 1);
	n->clock = c;
	n->analysed = true;
}

/*
 * Who could go on before step j and cannot now was kept from it by step j. If
 * that is another call on the same CPU, step j took the CPU, so that it depends
 * on what the other does there: asleep, it must wake up.
 */
static void note_disabled(struct dpor *d, u32 j, const struct procs *now)
{
	struct step_node *n = node(d, j);
	u32 p;

	for (p = 0; p < d->nr_procs; p++) {
		if (p == n->proc || !has(&n->enabled, p) || has(now, p))
			continue;
		if (d->cpus[p] == d->cpus[n->proc])
			footprint_add(&n->foot, mcpu(d->cpus[p]), true);
		if (!is_asleep(n, p))
			add(&n->backtrack, p);
	}
}

/* ---- one execution */

static void dpor_begin(struct strategy *s, u64 execution)
{
	(void)execution;
	dpor_of(s)->nr_steps = 0;
}

static struct step_node *new_node(struct dpor *d)
{
	struct step_node *n;

	if (d->nr_nodes == d->nodes.nr && vec_push(&d->nodes, (struct step_node){ .proc = 0 }))
		return NULL;
	n = node(d, d->nr_nodes++);
	n->analysed = false;
	n->backtrack = n->done = (struct procs){ { 0 } };
	vec_clear(&n->sleep);
	return n;
}

/* Who slept or was done before goes on sleeping as long as nothing wakes it. */
static int inherit_sleep(struct dpor *d, struct step_node *n, const struct step_node *parent)
{
	const struct sleeper *s;
	int ret = 0;

	vec_for_each(s, &parent->sleep) {
		if (s->proc == parent->proc || footprints_depend(&s->foot, &parent->foot))
			continue;
		if (n->time != parent->time && has(&d->anytime, s->proc))
			continue;
		ret = ret ?: vec_push(&n->sleep, *s);
	}
	return ret;
}

/*
 * What is tried first at a new node, nr if all sleep: the first step that is awake,
 * but before it each event that may come at any instant.
 */
static u32 first_to_try(struct dpor *d, struct step_node *n, const struct choice *choices, u32 nr)
{
	u32 i, first = nr, event = nr;

	for (i = nr; i-- > 0; ) {
		const u32 proc = proc_of(d, &choices[i]);

		if (is_asleep(n, proc))
			continue;
		if (has(&d->anytime, proc)) {
			add(&n->backtrack, proc);
			event = i;
		} else {
			first = i;
		}
	}
	if (first < nr)
		add(&n->backtrack, proc_of(d, &choices[first]));
	return event < nr ? event : first;
}

static void finish_step(struct dpor *d, const struct procs *enabled_now)
{
	const u32 j = d->nr_steps - 1;

	if (!d->nr_steps || node(d, j)->analysed)
		return;
	analyse(d, j);
	note_disabled(d, j, enabled_now);
}

static u32 give_up(struct dpor *d)
{
	d->s.incomplete = true;
	return STRATEGY_CUT;
}

static u32 index_of_proc(struct dpor *d, const struct choice *choices, u32 nr, u32 proc)
{
	u32 i;

	for (i = 0; i < nr; i++)
		if (proc_of(d, &choices[i]) == proc)
			return i;
	BUG_FMT("an execution did not repeat itself");
}

static void take_step(struct dpor *d, u32 j, const struct choice *c)
{
	struct step_node *n = node(d, j);
	const struct raw_spinlock *lock = c->obj;

	d->nr_steps++;
	if (n->analysed)
		return;
	footprint_of_choice(&n->foot, c);
	n->takes = NULL;
	n->insists = false;
	if (c->event)
		return;
	if (c->kind == YIELD_LOCK || (c->kind == YIELD_TRYLOCK && !lock->owner))
		n->takes = lock;
	n->insists = c->kind == YIELD_LOCK;
}

static u32 dpor_choose(struct strategy *s, const struct choice *choices, u32 nr)
{
	struct dpor *d = dpor_of(s);
	struct procs enabled = { { 0 } };
	const u32 j = d->nr_steps;
	struct step_node *n;
	u32 i, pick;

	for (i = 0; i < nr; i++) {
		const u32 proc = proc_of(d, &choices[i]);

		if (proc == MAX_PROCS)
			return give_up(d);
		add(&enabled, proc);
	}
	finish_step(d, &enabled);
	if (j < d->nr_replayed) {
		pick = index_of_proc(d, choices, nr, node(d, j)->proc);
		take_step(d, j, &choices[pick]);
		return pick;
	}
	if (j == MAX_STEPS)
		return give_up(d);
	n = new_node(d);
	if (!n)
		return give_up(d);
	n->enabled = enabled;
	n->time = this_sim->now;
	n->epoch = j && node(d, j - 1)->time == n->time ? node(d, j - 1)->epoch : j;
	if (j && inherit_sleep(d, n, node(d, j - 1)))
		return give_up(d);
	pick = first_to_try(d, n, choices, nr);
	if (pick == nr) {
		d->nr_nodes--;
		return STRATEGY_CUT;
	}
	n->proc = (u16)proc_of(d, &choices[pick]);
	take_step(d, j, &choices[pick]);
	return pick;
}

static void dpor_touched(struct strategy *s, const void *obj, bool writes)
{
	struct dpor *d = dpor_of(s);
	struct step_node *n;

	if (!d->nr_steps)
		return;
	n = node(d, d->nr_steps - 1);
	if (n->analysed)
		return;
	footprint_add(&n->foot, obj, writes);
}

/* The next process to try at a node, MAX_PROCS if there is none. */
static u32 next_to_try(const struct dpor *d, const struct step_node *n)
{
	u32 p;

	for (p = 0; p < d->nr_procs; p++)
		if (has(&n->backtrack, p) && !has(&n->done, p) && !is_asleep(n, p))
			return p;
	return MAX_PROCS;
}

static bool dpor_end(struct strategy *s, enum strategy_end end)
{
	struct dpor *d = dpor_of(s);
	struct procs none = { { 0 } };

	if (end == END_RAN)
		finish_step(d, &none);
	for (d->nr_nodes = d->nr_steps; d->nr_nodes; d->nr_nodes--) {
		struct step_node *n = node(d, d->nr_nodes - 1);
		u32 p;

		add(&n->done, n->proc);
		if (vec_push(&n->sleep, ((struct sleeper){ .proc = n->proc, .foot = n->foot }))) {
			s->incomplete = true;
			return false;
		}
		p = next_to_try(d, n);
		if (p == MAX_PROCS)
			continue;
		n->proc = (u16)p;
		n->analysed = false;
		d->nr_replayed = d->nr_nodes;
		return true;
	}
	return false;
}

const struct strategy_ops strategy_dpor = {
	.name = "dpor", .every_step = true, .complete = true, .new = dpor_new, .free = dpor_free,
	.begin = dpor_begin, .choose = dpor_choose, .touched = dpor_touched, .end = dpor_end,
};
