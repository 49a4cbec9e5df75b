/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/orders.h"
#include "support/labels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/digest.h"
#include "check/check.h"
#include "explore/driver.h"
#include "explore/endstate.h"
#include "explore/replay.h"
#include "machine/contexts.h"
#include "support/race.h"

#define MAX_KEPT	16
#define MAX_OUTCOMES	128
#define MAX_NAME	160
#define LIMIT_DFL	100000
#define LABELLED_UNREDUCED 2000
#define STEP_LIMIT	20000
#define SIMPLER_LIMIT	20000	/* executions in search of a simpler order that fails */
#define UNREDUCED_DFL	6000	/* executions without reduction, to hold those with it against */
#define LABELLED_FACTOR	150	/* orders of labelled steps for each that reduction leaves, or more */
#define BOUND_MAX	12

struct kept {
	void *var, *copy;
	size_t size;
};

struct outcome {
	char name[MAX_NAME];
	bool expected;
	u64 nr;				/* executions that ended so */
	struct departures first;	/* of the first one */
};

struct finding {
	char text[1200];
	bool budget;			/* only that the search did not come to its end */
	struct departures order;
};

static struct {
	const char *suite;		/* the file */
	bool active;
	const struct orders *scenario;
	struct kept kept[MAX_KEPT];
	u32 nr_kept;
	struct lab_copy *copy;
	struct callbacks callbacks;
	u64 until;
	const struct orders_hook *hook;
	bool labels;			/* labels.h is told of each step */
	u32 (*choose)(struct chooser *c, const struct choice *choices, u32 nr);
	struct counts { u64 executions, cut, steps; } count; /* of the search that goes on */
	struct outcome outcomes[MAX_OUTCOMES];
	u32 nr_outcomes;
	struct endstate_set end_states;
	struct endstate_set ends;	/* end states with the outcome's name */
	bool blind;			/* only the harm counts */
	bool coarse;			/* only labelled steps are choices */
	struct endstate_set *again;	/* of the search that goes on, if it is not the first one */
	struct orders_result result;
	struct orders_step steps[STEP_LIMIT];	/* of this execution */
	u32 nr_steps;
	bool telling;			/* the story of this execution is printed */
	const struct ctx *told;
} orders;

/* ---- where executions begin */

void orders_keep(void *var, size_t size)
{
	struct kept *k = &orders.kept[orders.nr_kept];

	if (!orders.active)
		return;
	BUG_ON(orders.nr_kept++ == MAX_KEPT);
	*k = (struct kept){ .var = var, .copy = malloc(size), .size = size };
	BUG_ON(!k->copy);
}

static void save(void)
{
	u32 i;

	callbacks_init(&orders.callbacks);
	for (i = 0; i < orders.nr_kept; i++)
		memcpy(orders.kept[i].copy, orders.kept[i].var, orders.kept[i].size);
	orders.copy = lab_save();
}

static void restore(void)
{
	u32 i;

	lab_restore(orders.copy);
	for (i = 0; i < orders.nr_kept; i++)
		memcpy(orders.kept[i].var, orders.kept[i].copy, orders.kept[i].size);
	callbacks_reset(&orders.callbacks);
}

static void forget(void)
{
	u32 i;

	for (i = 0; i < orders.nr_kept; i++)
		free(orders.kept[i].copy);
	for (i = 0; i < orders.nr_outcomes; i++)
		vec_free(&orders.outcomes[i].first.list);
	callbacks_free(&orders.callbacks);
	endstate_set_free(&orders.end_states);
	endstate_set_free(&orders.ends);
	lab_copy_free(orders.copy);
	orders.copy = NULL;
	orders.nr_kept = orders.nr_outcomes = 0;
	orders.active = false;
	orders.result = (struct orders_result){ 0 };
}

/* ---- steps */

void orders_set_hook(const struct orders_hook *hook)
{
	orders.hook = hook;
}

/* A line per stretch of one context. */
static void tell_step(const struct choice *c)
{
	static const char *const kinds[] = { "read ", "write ", "change ", "lock ", "try ", "unlock ",
					     "await ", "", "" };

	if (c->event || c->context != orders.told)
		print_message("\n    CPU %u %s:", c->cpu, c->event ? "event" : c->context->name);
	print_message(" %s%s,", kinds[c->kind], c->label);
	orders.told = c->event ? NULL : c->context;
}

static void note_step(const struct choice *c)
{
	struct orders_step *s = &orders.steps[orders.nr_steps];

	if (orders.nr_steps == STEP_LIMIT)
		return;
	orders.nr_steps++;
	s->choice = *c;
	s->word = 0;
	if (c->event || c->kind > YIELD_AWAIT)
		return;
	if (strstr(c->label, "ops_state"))
		s->word = (u64)((const atomic_long_t *)c->obj)->counter;
	else if (strstr(c->label, "holding_cpu"))
		s->word = (u64)*(const s32 *)c->obj;
}

/* Those of spec 10.7, by what they reach. */
static bool is_labelled(const struct choice *c)
{
	return c->kind == YIELD_AWAIT || strstr(c->label, "ops_state") || strstr(c->label, "holding_cpu") ||
	       strstr(c->label, "scx.flags") || (c->kind == YIELD_LOCK && !strstr(c->label, "pi_lock"));
}

/* The reduced search tries no orders that come to the same; the beginning of the other one shows those. */
static bool tells_labels(void)
{
	return orders.labels && (!orders.again || orders.count.executions < LABELLED_UNREDUCED);
}

static u32 look_and_choose(struct chooser *c, const struct choice *choices, u32 nr)
{
	const struct choice stands = choices[0];
	u32 pick;

	if (stands.current && !orders.blind)
		watch_look(&stands);
	pick = orders.coarse && stands.current && !is_labelled(&stands) ? 0 : orders.choose(c, choices, nr);
	if (machine()->stop)
		return pick;
	if (orders.hook)
		orders.hook->step(orders.hook->data, stands.current ? &stands : NULL, &choices[pick]);
	if (tells_labels())
		labels_step(&choices[pick]);
	if (orders.telling)
		tell_step(&choices[pick]);
	note_step(&choices[pick]);
	return pick;
}

static bool is_step(const struct orders_step *s, const struct lab_point *point)
{
	return !s->choice.event && lab_point_is(point, &s->choice);
}

const struct orders_step *orders_steps(u32 *nr)
{
	*nr = orders.nr_steps;
	return orders.steps;
}

u32 __orders_count(const struct lab_point *point)
{
	u32 i, nr = 0;

	for (i = 0; i < orders.nr_steps; i++)
		nr += is_step(&orders.steps[i], point);
	return nr;
}

int __orders_when(const struct lab_point *point)
{
	u32 i, skip = point->skip;

	for (i = 0; i < orders.nr_steps; i++)
		if (is_step(&orders.steps[i], point) && !skip--)
			return (int)i;
	return -1;
}

/* ---- one execution */

static bool waits_for_what_cannot_come(void)
{
	const struct ctx *ctx;

	list_for_each_entry(ctx, &machine()->waiters, node)
		if (ctx->irqs_off || ctx->wants)
			return true;
	return false;
}

/* Runnable, and nobody has it or nobody was told. */
static const char *lost_task(void)
{
	static char text[200];
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node) {
		const struct task_struct *p = &t->task;
		const struct rq *rq = task_rq(p);
		const struct scx_dispatch_q *dsq = p->scx.dsq;

		if (p->on_rq != TASK_ON_RQ_QUEUED || !sched_class_is_ext(p) || rq->curr == p)
			continue;
		if (!dsq && (lab_word(p) & 3) == SCX_OPSS_QUEUED)
			continue;
		if (dsq && (!dsq_is_local(dsq) || rq->curr != rq->idle))
			continue;
		snprintf(text, sizeof(text), "lost task: %s is runnable and %s, word %#llx", p->comm,
			 dsq ? "waits on the local queue of an idle CPU" : "on no queue",
			 (unsigned long long)lab_word(p));
		return text;
	}
	return NULL;
}

/* NULL if nothing is wrong with this end. */
static const char *judge(enum machine_end end)
{
	const char *text = proves_failure();

	if (text)
		return text;
	if (end == MACHINE_END_DEADLOCK)
		return machine_deadlock_text();
	if (end == MACHINE_END_STOPPED)
		return "the run was stopped";
	if (waits_for_what_cannot_come()) {
		deadlock_describe_waiters();
		return machine_deadlock_text();
	}
	text = lab_wrong();
	if (text && !orders.scenario->may_eject)
		return text;
	check_audit();
	text = proves_failure();
	return text ? text : lost_task();
}

static const char *name_of_outcome(void)
{
	return orders.blind ? "whatever" : orders.scenario->outcome();
}

static const char *outcome(void)
{
	const char *name = name_of_outcome();
	const char *text = proves_failure();

	if (text)
		return text;
	if (!name)
		return "the scenario has no name for this outcome";
	BUG_ON(strlen(name) >= MAX_NAME);
	return NULL;
}

static struct outcome *find_outcome(const char *name)
{
	u32 i;

	for (i = 0; i < orders.nr_outcomes; i++)
		if (!strcmp(orders.outcomes[i].name, name))
			return &orders.outcomes[i];
	BUG_ON(orders.nr_outcomes == MAX_OUTCOMES);
	snprintf(orders.outcomes[i].name, MAX_NAME, "%s", name);
	orders.outcomes[i].nr = 0;
	orders.outcomes[i].expected = false;
	orders.outcomes[i].first = (struct departures){ .list = { .data = NULL } };
	orders.nr_outcomes++;
	return &orders.outcomes[i];
}

static void copy_departures(struct departures *to, const struct departures *from)
{
	const struct departure *d;

	vec_clear(&to->list);
	vec_for_each(d, &from->list)
		BUG_ON(vec_push(&to->list, *d));
}

static u64 with_name(u64 hash, const char *name)
{
	for (; *name; name++)
		hash = digest_fold(hash ^ (u8)*name ^ DIGEST_K0, DIGEST_K1);
	return hash ? hash : 1;
}

/* NULL if that was to be expected. */
static const char *count_outcome(const char *name, const struct driver *d)
{
	static char text[200];
	const u64 state = endstate_hash(&orders.callbacks, false);
	const u64 end = with_name(state, name), nr_ends = orders.ends.nr;
	struct outcome *o = find_outcome(name);

	if (!orders.again && !o->nr++)
		copy_departures(&o->first, &d->departures);
	BUG_ON(endstate_set_add(&orders.end_states, state) || endstate_set_add(&orders.ends, end));
	if (!orders.again)
		return NULL;
	BUG_ON(endstate_set_add(orders.again, end));
	snprintf(text, sizeof(text), "reduction has missed an end with \"%s\"", name);
	return orders.ends.nr == nr_ends ? NULL : text;
}

/* NULL if it went well; *more: the strategy wants another one. */
static const char *execute(struct driver *d, u64 n, bool *more)
{
	const char *text = NULL;
	enum machine_end end;

	restore();
	orders.nr_steps = 0;
	driver_begin(d, n);
	if (orders.hook && orders.hook->begin)
		orders.hook->begin(orders.hook->data);
	if (tells_labels())
		labels_begin_execution();
	end = machine_run(orders.until);
	orders.count.steps += d->nr_steps;
	if (d->cut)
		orders.count.cut++;
	else
		orders.count.executions++;
	if (d->limit_hit)
		text = "an execution has no end";
	else if (!d->cut)
		text = judge(end);
	if (!text && !d->cut)
		text = outcome();
	if (!text && !d->cut)
		text = count_outcome(name_of_outcome(), d);
	*more = driver_end(d);
	return text;
}

static struct strategy *open_strategy(const struct strategy_ops *ops, u32 bound, struct driver *d)
{
	const struct strategy_cfg cfg = { .seed = 1, .bound = bound, .depth = 1, .nr_shards = 1 };
	struct strategy *s = strategy_new(ops, &cfg);

	BUG_ON(!s || driver_init(d, s, STEP_LIMIT));
	orders.choose = d->chooser.choose;
	d->chooser.choose = look_and_choose;
	return s;
}

/* All executions of a strategy. False: found says what is wrong with one of them, or with all. */
static bool search(const struct strategy_ops *ops, u32 bound, u64 limit, struct finding *found)
{
	struct driver d;
	struct strategy *s = open_strategy(ops, bound, &d);
	const char *text = NULL;
	bool more = true;
	u64 n;

	orders.count = (struct counts){ 0 };
	for (n = 0; more && !text && n < limit; n++)
		text = execute(&d, n, &more);
	found->budget = !text && more;
	if (found->budget)
		text = "the search did not come to its end within the limit";
	if (!text && s->incomplete)
		text = "the search left something out";
	if (text) {
		snprintf(found->text, sizeof(found->text), "%s", text);
		copy_departures(&found->order, &d.departures);
	}
	driver_free(&d);
	strategy_free(s);
	return !text;
}

/* ---- what is told of it */

static void print_order(const struct departures *order)
{
	struct strategy *s = replay_new(order, false);
	const struct departure *dep;
	struct driver d;
	bool more;

	vec_for_each(dep, &order->list)
		print_message("    at choice %u of CPU %u (%s) CPU %u goes on (%s)\n", dep->op, dep->cpu, dep->at,
			      dep->to_cpu, dep->to);
	BUG_ON(!s || driver_init(&d, s, STEP_LIMIT));
	orders.choose = d.chooser.choose;
	d.chooser.choose = look_and_choose;
	orders.telling = true;
	orders.told = NULL;
	restore();
	driver_begin(&d, 0);
	machine_run(orders.until);
	orders.telling = false;
	print_message("\n");
	(void)proves_failure();
	more = driver_end(&d);
	(void)more;
	driver_free(&d);
	strategy_free(s);
}

/* The same with fewer preemptions, if a short search finds it. */
static void find_simpler(struct finding *f)
{
	struct finding simpler = { .order = { .list = { .data = NULL } } };
	u32 bound;

	for (bound = 0; bound <= 2; bound++) {
		if (!search(&strategy_dfs, bound, SIMPLER_LIMIT, &simpler) && !strcmp(simpler.text, f->text)) {
			copy_departures(&f->order, &simpler.order);
			break;
		}
	}
	vec_free(&simpler.order.list);
}

static bool fail_with(struct finding *f)
{
	find_simpler(f);
	print_error("%s: %s\n", orders.scenario->name, f->text);
	print_order(&f->order);
	return false;
}

static void expect_outcomes(void)
{
	char *text = mem_strdup(orders.scenario->expect), *save = NULL, *name;

	BUG_ON(!text);
	for (name = strtok_r(text, "|", &save); name; name = strtok_r(NULL, "|", &save)) {
		name += strspn(name, " \n\t");
		while (*name && strchr(" \n\t", name[strlen(name) - 1]))
			name[strlen(name) - 1] = '\0';
		find_outcome(name)->expected = true;
	}
	free(text);
}

static bool compare_outcomes(void)
{
	bool same = true;
	u32 i;

	for (i = 0; i < orders.nr_outcomes; i++) {
		const struct outcome *o = &orders.outcomes[i];

		if (o->expected && !o->nr)
			print_error("%s: never came: \"%s\"\n", orders.scenario->name, o->name);
		if (!o->expected) {
			print_error("%s: came but is not expected: \"%s\"\n", orders.scenario->name, o->name);
			print_order(&o->first);
		}
		same &= o->expected && o->nr;
	}
	return same;
}

static void tell_outcomes(void)
{
	u32 i;

	for (i = 0; i < orders.nr_outcomes; i++) {
		print_message("  %s: \"%s\" in %llu executions\n", orders.scenario->name, orders.outcomes[i].name,
			      (unsigned long long)orders.outcomes[i].nr);
		print_order(&orders.outcomes[i].first);
	}
}

static void say_result(void)
{
	const struct orders_result *r = &orders.result;
	const u64 all = r->executions + r->cut;

	print_message("  %llu executions, %llu cut off, %llu steps each, %llu per second; %u outcomes, %llu end states\n",
		      (unsigned long long)r->executions, (unsigned long long)r->cut,
		      (unsigned long long)(r->steps / all), (unsigned long long)(r->ns ? all * NSEC_PER_SEC / r->ns : 0),
		      r->nr_outcomes, (unsigned long long)r->nr_end_states);
	if (r->labelled)
		print_message("  without reduction: %s in all %llu orders of the labelled steps\n",
			      r->labelled_same ? "the same ends" : "no other ends", (unsigned long long)r->labelled);
	if (r->unreduced)
		print_message("  without reduction: %s in %llu executions with at most %u preemptions\n",
			      r->same ? "the same ends" : "no other ends", (unsigned long long)r->unreduced,
			      r->unreduced_bound);
}

/* A line of tab-separated fields for tools/race-table. */
static void write_log(void)
{
	const struct orders *o = orders.scenario;
	const struct orders_result *r = &orders.result;
	const char *name = getenv("SCXTWIN_ORDERS_LOG");
	FILE *log = name ? fopen(name, "a") : NULL;

	if (!log)
		return;
	fprintf(log, "%s\t%s\t%s\t%u\t%llu\t%u\t%llu\t%llu\t%s\t%llu\t%u\t%s\n", orders.suite, o->name, o->rules ? o->rules : "",
		o->bound, (unsigned long long)r->executions, r->nr_outcomes, (unsigned long long)r->nr_end_states,
		(unsigned long long)r->labelled, r->labelled_same ? "same" : "subset",
		(unsigned long long)r->unreduced, r->unreduced_bound, r->same ? "same" : "subset");
	fclose(log);
}

/* ---- reduction holds what it promises */

/*
 * Without reduction nothing may come that did not come with it. True: all of it
 * came again, or *f says that the budget is used up. What came too much fails.
 */
static bool search_again(u32 bound, u64 limit, u64 *executions, struct finding *f)
{
	struct endstate_set again = { .slots = NULL };
	bool same;

	orders.again = &again;
	same = search(&strategy_dfs, bound, limit, f) && again.nr == orders.ends.nr;
	orders.again = NULL;
	*executions = orders.count.executions;
	endstate_set_free(&again);
	return same;
}

/* All orders of the labelled steps alone; whether these are few enough can only be guessed. */
static bool nothing_was_missed_between_labels(u64 limit, bool thorough, struct finding *f)
{
	struct orders_result *r = &orders.result;

	if (!thorough && r->executions * LABELLED_FACTOR > limit)
		return true;
	orders.coarse = true;
	r->labelled_same = search_again(STRATEGY_NO_BOUND, limit, &r->labelled, f);
	orders.coarse = false;
	if (f->budget)
		r->labelled = 0;
	return !f->text[0] || f->budget;
}

/* Bounds on preemptions grow: until all of it came again, or as far as the budget goes. */
static bool nothing_was_missed_within_bounds(u64 limit, bool thorough, struct finding *f)
{
	struct orders_result *r = &orders.result;
	u64 executions;
	bool same;
	u32 bound;

	for (bound = 0; bound <= BOUND_MAX && (thorough || !r->same); bound++) {
		*f = (struct finding){ .order = f->order };
		same = search_again(bound, limit, &executions, f);
		if (f->text[0])
			return f->budget;
		r->same = same;
		r->unreduced = executions;
		r->unreduced_bound = bound;
	}
	return true;
}

static bool nothing_was_missed(void)
{
	const char *text = getenv("SCXTWIN_ORDERS_SOUND");
	const u64 limit = text ? strtoull(text, NULL, 10) : UNREDUCED_DFL;
	struct finding f = { .order = { .list = { .data = NULL } } };
	bool well;

	if (!limit)
		return true;
	well = nothing_was_missed_between_labels(limit, text, &f) &&
	       ((orders.result.labelled_same && !text) || nothing_was_missed_within_bounds(limit, text, &f));
	if (!well)
		fail_with(&f);
	vec_free(&f.order.list);
	return well;
}

/* ---- a scenario */

static u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (u64)t.tv_sec * NSEC_PER_SEC + (u64)t.tv_nsec;
}

const struct orders_result *orders_result(void)
{
	return &orders.result;
}

static void begin(const struct orders *o)
{
	forget();
	orders.active = true;
	orders.blind = getenv("SCXTWIN_ORDERS_BLIND");
	orders.scenario = o;
	expect_outcomes();
	o->setup();
	BUG_ON(machine()->cfg.mode != RUN_EXPLORED);
	lab_begin();
	o->go();
	lab_began();
	orders.until = this_sim->now + o->run_ns;
	if (orders.blind) {
		lab_ignore_warnings(true);
		check_remove();
	}
	save();
}

/* As if it had happened once in the default order: what lab_stop() wants to see. */
static void end(void)
{
	restore();
	(void)proves_failure();
	lab_settle();
}

static bool explore(const struct orders *o)
{
	struct finding found = { .order = { .list = { .data = NULL } } };
	struct orders_result *r = &orders.result;
	const u64 before = cpu_ns();
	bool well;

	r->exhaustive = !o->bound;
	well = search(o->bound ? &strategy_dfs : &strategy_dpor, o->bound, o->limit ? o->limit : LIMIT_DFL, &found);
	r->ns = cpu_ns() - before;
	r->executions = orders.count.executions;
	r->cut = orders.count.cut;
	r->steps = orders.count.steps;
	r->nr_outcomes = orders.nr_outcomes;
	r->nr_end_states = orders.end_states.nr;
	r->end_states_digest = orders.end_states.digest;
	well = well ? orders.blind || compare_outcomes() : fail_with(&found);
	if (well && r->exhaustive && !orders.blind)
		well = nothing_was_missed();
	vec_free(&found.order.list);
	return well;
}

void orders_explore(const struct orders *o)
{
	bool well;

	begin(o);
	proves_defer(true);
	orders.labels = labels_begin_scenario();
	well = explore(o);
	if (orders.labels)
		labels_end_scenario(o->name);
	orders.labels = false;
	if (well && getenv("SCXTWIN_ORDERS_STORY"))
		tell_outcomes();
	proves_defer(false);
	end();
	say_result();
	assert_true(well);
	write_log();
	if (o->rules)
		PROVES(o->rules, well);
}

static void explore_one(void **state)
{
	orders_explore(*state);
}

int __orders_main(const char *file, const struct orders *all, size_t nr)
{
	const char *only = getenv("SCXTWIN_ORDERS_ONLY");
	struct CMUnitTest *tests = calloc(nr, sizeof(*tests));
	size_t i, n = 0;
	int ret;

	BUG_ON(!tests);
	orders.suite = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	for (i = 0; i < nr; i++)
		if (!only || strstr(all[i].name, only))
			tests[n++] = (struct CMUnitTest){ .name = all[i].name, .test_func = explore_one,
							  .teardown_func = race_stop,
							  .initial_state = (void *)&all[i] };
	ret = _cmocka_run_group_tests("orders", tests, n, NULL, NULL);
	free(tests);
	return ret ? 1 : 0;
}
