/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first chooser, and explored runs under two random ones: one picks at
 * random, one by random priorities that last, so that a context can be left
 * behind for long. Whatever they pick, no invariant may break, and every task
 * ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <scxtwin/scxtwin.h>

#include "machine/chooser.h"
#include "machine/machine.h"

#define NR_KEYS 4096

struct random_state {
	u64 x;
	u64 priority[2 * NR_KEYS];
};

static u64 draw(struct random_state *r)
{
	r->x ^= r->x << 13;
	r->x ^= r->x >> 7;
	r->x ^= r->x << 17;
	return r->x;
}

static u32 at_random(struct chooser *c, const struct choice *choices, u32 nr)
{
	(void)choices;
	return (u32)((draw(c->data) >> 16) % nr);
}

static u32 key_of(const struct choice *c)
{
	return c->context ? c->ctx % NR_KEYS : (u32)(NR_KEYS + c->cpu);
}

static u32 by_priority(struct chooser *c, const struct choice *choices, u32 nr)
{
	struct random_state *r = c->data;
	const u64 luck = draw(r);
	u32 best = 0, i;

	for (i = 0; i < nr; i++) {
		u64 *priority = &r->priority[key_of(&choices[i])];

		if (!*priority)
			*priority = draw(r) | 1;
		if (*priority > r->priority[key_of(&choices[best])])
			best = i;
	}
	if (luck % 50 == 0)
		r->priority[key_of(&choices[best])] = luck >> 40 | 1;
	if (luck % 1000 == 7)
		memset(r->priority, 0, sizeof(r->priority));
	return best;
}

static void nothing(struct chooser *c)
{
	(void)c;
}

static const char *const policies[] = {
	"none", "fifo-global", "fifo", "vtime", "queue", "local-on", "central", "immed", "reenq",
};

static const char *const workloads[] = {
	"affinity", "arrivals", "forks", "hotplug_pinned", "load_unload", "rt_mix", "same_instant", "smt_nodes",
};

static void run(const char *workload, const char *policy, struct chooser *chooser, u64 seed)
{
	static struct random_state random;
	struct scxtwin_options opt;
	struct scxtwin_result result;
	struct scxtwin_error err;
	struct scxtwin_workload *w;
	struct scxtwin_sim *sim;
	char path[512];

	snprintf(path, sizeof(path), "%s/tests/golden/workloads/%s.json", SCXTWIN_SOURCE_DIR, workload);
	w = scxtwin_workload_open(path, &err);
	assert_non_null(w);
	scxtwin_options_default(&opt);
	opt.policy = policy;
	opt.mode = SCXTWIN_EXPLORED;
	opt.audit_every = 500;
	sim = scxtwin_sim_new(&opt, w, &err);
	assert_non_null(sim);
	random = (struct random_state){ .x = seed * 0x9e3779b97f4a7c15ULL | 1 };
	chooser->data = &random;
	machine()->chooser = chooser;
	memset(&err, 0, sizeof(err));
	if (scxtwin_sim_run(sim, &err))
		fail_msg("%s under %s, seed %llu: %s", workload, policy, (unsigned long long)seed, err.msg);
	scxtwin_sim_result(sim, &result);
	assert_int_equal(result.end, SCXTWIN_END_DONE);
	scxtwin_sim_free(sim);
	scxtwin_workload_close(w);
}

static void run_all(u32 (*choose)(struct chooser *, const struct choice *, u32), u64 first, u64 last)
{
	struct chooser chooser = { .choose = choose, .begin = nothing, .end = nothing };
	size_t w, p;
	u64 seed;

	for (w = 0; w < sizeof(workloads) / sizeof(workloads[0]); w++)
		for (p = 0; p < sizeof(policies) / sizeof(policies[0]); p++)
			for (seed = first; seed <= last; seed++)
				run(workloads[w], policies[p], &chooser, seed);
}

static void random_schedules_break_nothing(void **state)
{
	(void)state;
	run_all(at_random, 1, 3);
}

static void schedules_of_lasting_priorities_break_nothing(void **state)
{
	(void)state;
	run_all(by_priority, 1, 3);
}

static void the_first_chooser_takes_the_first(void **state)
{
	const struct choice choices[3] = { { .cpu = 2 }, { .cpu = 0 }, { .cpu = 1 } };

	(void)state;
	chooser_first.begin(&chooser_first);
	assert_int_equal(chooser_first.choose(&chooser_first, choices, 3), 0);
	assert_int_equal(chooser_first.choose(&chooser_first, choices, 1), 0);
	chooser_first.end(&chooser_first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_chooser_takes_the_first),
		cmocka_unit_test(random_schedules_break_nothing),
		cmocka_unit_test(schedules_of_lasting_priorities_break_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
