/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/proposed.h"
#include "base/error.h"
#include "explore/explorer.h"
#include "explore/schedule.h"
#include "explore/shrink.h"
#include "explore/shrink_scenario.h"
#include "policy/policy.h"
#include "workload/json.h"
#include "workload/run.h"

#define PROGRESS_EVERY	256
#define SHRINK_MAX	10000

void scxtwin_explore_options_default(struct scxtwin_explore_options *opt)
{
	memset(opt, 0, sizeof(*opt));
	scxtwin_options_default(&opt->sim);
	opt->bound = SCXTWIN_UNBOUNDED;
}

const char *scxtwin_strategy_nth(u32 n)
{
	u32 i;

	for (i = 0; i < n && strategies[i]; i++)
		;
	return strategies[i] ? strategies[i]->name : NULL;
}

static u64 processor_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (u64)ts.tv_sec * NSEC_PER_SEC + (u64)ts.tv_nsec;
}

struct search {
	const struct scxtwin_explore_options *opt;
	const struct strategy_ops *ops;
	struct strategy_cfg cfg;
	struct explorer x;
	struct endstate_set ends;
	struct scxtwin_explore_result *res;
	struct departures found;
	char violation[600];
	bool finished, incomplete, no_memory;
};

static void count(struct search *s, const struct execution *e)
{
	struct scxtwin_explore_result *res = s->res;

	res->executions++;
	res->cut += e->cut;
	res->nr_limited += e->limited;
	res->nr_misjudged += e->nr_misjudged != 0;
	if (e->nr_steps > res->max_steps)
		res->max_steps = e->nr_steps;
	if (!e->cut && !e->limited && endstate_set_add(&s->ends, e->hash))
		s->no_memory = true;
	if (s->opt->progress && res->executions % PROGRESS_EVERY == 0)
		s->opt->progress(res->executions, s->ends.nr, s->opt->progress_data);
}

static void keep_finding(struct search *s, struct driver *d, const struct execution *e)
{
	snprintf(s->violation, sizeof(s->violation), "%s", e->violation);
	s->found = d->departures;
	d->departures = (struct departures){ { .data = NULL } };
	s->res->verdict = SCXTWIN_FOUND;
}

/*
 * One search to its end. True: it has to begin again, since it took a policy
 * for one without state of its own that has some.
 */
static bool search_once(struct search *s, struct strategy *strategy)
{
	const bool had_state = s->x.policy_has_state;
	bool more = true;
	struct execution e;
	struct driver d;

	if (explorer_driver(&s->x, &d, strategy)) {
		s->no_memory = true;
		return false;
	}
	while (more && !s->no_memory && (!s->opt->budget || s->res->executions < s->opt->budget)) {
		more = explorer_run(&s->x, &d, s->res->executions, &e);
		count(s, &e);
		s->no_memory |= d.no_memory;
		if (e.failed) {
			keep_finding(s, &d, &e);
			break;
		}
		if (s->ops->every_step && s->x.policy_has_state != had_state)
			break;
	}
	s->finished = !more;
	s->incomplete = strategy->incomplete;
	driver_free(&d);
	return s->ops->every_step && s->x.policy_has_state != had_state && s->res->verdict != SCXTWIN_FOUND;
}

static void search(struct search *s)
{
	const u64 began = processor_ns();
	struct strategy *strategy;
	bool again = true;

	while (again && !s->no_memory) {
		strategy = strategy_new(s->ops, &s->cfg);
		if (!strategy) {
			s->no_memory = true;
			break;
		}
		again = search_once(s, strategy);
		strategy_free(strategy);
	}
	s->res->nanoseconds = processor_ns() - began;
}

static void judge(struct search *s)
{
	struct scxtwin_explore_result *res = s->res;

	res->end_states = s->ends.nr;
	res->end_states_digest = s->ends.digest;
	res->bound = s->cfg.bound;
	res->shard = s->cfg.shard;
	res->nr_shards = s->cfg.nr_shards;
	res->nr_suite_parts = 1;
	if (res->verdict == SCXTWIN_FOUND)
		return;
	if (!s->finished || s->incomplete || !s->ops->complete)
		res->verdict = SCXTWIN_SAMPLED;
	else if (s->cfg.bound != STRATEGY_NO_BOUND)
		res->verdict = SCXTWIN_PROVED_BOUND;
	else
		res->verdict = SCXTWIN_PROVED;
}

static void ignore_finding(const struct scxtwin_error *err, void *data)
{
	(void)err;
	(void)data;
}

static int make_cfg(struct search *s, struct scxtwin_error *err)
{
	const struct scxtwin_explore_options *opt = s->opt;

	s->ops = strategy_find(opt->strategy ? opt->strategy : strategies[0]->name);
	if (!s->ops)
		return error_set(err, SCXTWIN_EUSAGE,
				 "unknown strategy \"%s\"; there are pos, random, pct, dfs, dpor", opt->strategy);
	s->cfg = (struct strategy_cfg){
		.seed = opt->seed ? opt->seed : 1, .depth = opt->depth ? opt->depth : 3,
		.bound = s->ops == &strategy_dfs ? opt->bound : STRATEGY_NO_BOUND,
		.shard = opt->shard, .nr_shards = opt->nr_shards ? opt->nr_shards : 1,
	};
	if (s->cfg.shard >= s->cfg.nr_shards)
		return error_set(err, SCXTWIN_EUSAGE, "shard %u of %u", s->cfg.shard, s->cfg.nr_shards);
	if (s->ops == &strategy_dpor && s->cfg.nr_shards > 1)
		return error_set(err, SCXTWIN_EUSAGE,
				 "dpor adds to its own past while it runs: it cannot be split");
	return 0;
}

/* The scenario, then once more the departures: of a smaller scenario fewer may be needed. */
static void make_smaller(struct search *s, const struct scxtwin_workload *w, char **text, char *hash)
{
	struct scxtwin_workload smaller = { .prog = NULL };
	struct scxtwin_error err;
	struct explorer x;
	u32 nr_errors;

	/* One explorer at a time. */
	explorer_close(&s->x);
	s->res->shrink_executions += shrink_scenario(s->opt, w, &s->found, s->violation, text, hash);
	if (*text)
		smaller.prog = program_read(w->prog->file, *text, strlen(*text), ignore_finding, NULL, &nr_errors);
	if (smaller.prog && !explorer_open(&x, s->opt, &smaller, &err)) {
		s->res->shrink_executions += shrink_departures(&x, &s->found, s->violation, SHRINK_MAX);
		explorer_close(&x);
	}
	program_free(smaller.prog);
}

static int shrink_and_keep(struct search *s, struct scxtwin_workload *w, struct scxtwin_schedule **found,
			   struct scxtwin_error *err)
{
	struct scxtwin_explore_result *res = s->res;
	char *text = NULL, hash[65];

	res->nr_departures_before = (u32)s->found.list.nr;
	if (!s->opt->keep_schedule)
		res->shrink_executions = shrink_departures(&s->x, &s->found, s->violation, SHRINK_MAX);
	if (s->opt->shrink_scenario && !s->opt->keep_schedule)
		make_smaller(s, w, &text, hash);
	res->nr_departures = (u32)s->found.list.nr;
	snprintf(res->violation, sizeof(res->violation), "%s", s->violation);
	if (!found) {
		free(text);
		return 0;
	}
	*found = schedule_new(s->opt, w->prog ? w->prog->file : w->rec->path, scxtwin_workload_hash(w),
			      &s->found, s->violation);
	if (*found && text && schedule_own_scenario(*found, text, hash))
		return error_no_memory(err);
	return *found ? 0 : error_no_memory(err);
}

int scxtwin_explore(const struct scxtwin_explore_options *opt, struct scxtwin_workload *w,
		    struct scxtwin_explore_result *res, struct scxtwin_schedule **found,
		    struct scxtwin_error *err)
{
	struct search s = { .opt = opt, .res = res };
	struct scxtwin_error local;
	int ret;

	err = err ? err : &local;
	memset(err, 0, sizeof(*err));
	memset(res, 0, sizeof(*res));
	if (found)
		*found = NULL;
	if (!w->prog)
		return error_set(err, SCXTWIN_EINPUT, "a recording cannot be explored, only a program");
	ret = make_cfg(&s, err);
	ret = ret ?: explorer_open(&s.x, opt, w, err);
	if (ret)
		return ret;
	snprintf(res->scenario, sizeof(res->scenario), "%s", w->prog->file);
	snprintf(res->policy, sizeof(res->policy), "%s", opt->sim.policy ? opt->sim.policy : "none");
	snprintf(res->strategy, sizeof(res->strategy), "%s", s.ops->name);
	proposed_text(s.x.sim->sim.proposed, res->proposed, sizeof(res->proposed));
	res->policy_accesses = policy_tells_of_steps(this_sim->policy);
	search(&s);
	judge(&s);
	if (s.no_memory)
		ret = error_no_memory(err);
	else if (res->verdict == SCXTWIN_FOUND)
		ret = shrink_and_keep(&s, w, found, err);
	explorer_close(&s.x);
	endstate_set_free(&s.ends);
	vec_free(&s.found.list);
	return ret;
}

static const char *verdict_name(const struct scxtwin_explore_result *res, char *buf, size_t size)
{
	switch (res->verdict) {
	case SCXTWIN_PROVED:
		return "proved";
	case SCXTWIN_PROVED_BOUND:
		snprintf(buf, size, "proved up to bound %u", res->bound);
		return buf;
	case SCXTWIN_FOUND:
		return "found";
	default:
		snprintf(buf, size, "sampled %" PRIu64, res->executions);
		return buf;
	}
}

char *scxtwin_verdict_text(const struct scxtwin_explore_result *res, char *buf, size_t size)
{
	char name[64], limited[80] = "", misjudged[120] = "", part[40] = "", proposed[80] = "";

	if (res->nr_limited)
		snprintf(limited, sizeof(limited), "; %" PRIu64 " reached the step limit: not exhaustive",
			 res->nr_limited);
	if (res->nr_misjudged)
		snprintf(misjudged, sizeof(misjudged),
			 "; in %" PRIu64 " a loop of the policy seemed to wait and ended by itself: not exhaustive",
			 res->nr_misjudged);
	if (res->nr_shards > 1)
		snprintf(part, sizeof(part), "part %u/%u ", res->shard, res->nr_shards);
	if (res->proposed[0])
		snprintf(proposed, sizeof(proposed), "; proposed: %s", res->proposed);
	snprintf(buf, size, "%s%s: %" PRIu64 " executions (%" PRIu64 " cut off), %" PRIu64 " distinct end states%s%s%s",
		 part, verdict_name(res, name, sizeof(name)), res->executions, res->cut, res->end_states, limited,
		 misjudged, proposed);
	return buf;
}

const char *scxtwin_policy_steps_text(const struct scxtwin_explore_result *res)
{
	return res->policy_accesses ? "kfunc calls and its own loads and stores" : "kfunc calls";
}
