/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/explorer.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "check/check.h"
#include "explore/replay.h"
#include "ext/internal.h"
#include "policy/policy.h"

#define STEP_LIMIT_DFL 100000

/* Up to the beginning in the default order; there no two runs differ. */
static int run_up(struct explorer *x, u64 from, struct scxtwin_error *err)
{
	enum machine_end end;

	machine()->chooser = &chooser_first;
	end = machine_run(from);
	if (end != MACHINE_END_TIME && sim_judge(x->sim, end, err))
		return err->code;
	if (end != MACHINE_END_TIME || from >= x->limit_ns)
		return error_set(err, SCXTWIN_EINPUT,
				 "the scenario is over at %llu ns, where its exploration would begin",
				 (unsigned long long)this_sim->now);
	return 0;
}

static int begin(struct explorer *x, u64 from, struct scxtwin_error *err)
{
	int ret = run_up(x, from, err);

	if (ret)
		return ret;
	callbacks_init(&x->callbacks);
	x->policy_rng = scx_state()->policy_rng;
	x->copy = sim_save(x->sim, err);
	return x->copy ? 0 : err->code;
}

int explorer_open(struct explorer *x, const struct scxtwin_explore_options *opt,
		  struct scxtwin_workload *w, struct scxtwin_error *err)
{
	struct scxtwin_options sim = opt->sim;
	int ret;

	sim.mode = SCXTWIN_EXPLORED;
	sim.costs = NULL;
	sim.force_suspend = false;
	*x = (struct explorer){ .audit_steps = opt->audit_steps };
	x->sim = scxtwin_sim_new(&sim, w, err);
	if (!x->sim)
		return err->code;
	x->limit_ns = sim_limit(x->sim);
	x->step_limit = opt->step_limit ? opt->step_limit : STEP_LIMIT_DFL;
	x->policy_has_state = policy_tells_of_steps(this_sim->policy);
	policy_guard_install();
	ret = begin(x, opt->from_ns, err);
	if (ret)
		explorer_close(x);
	return ret;
}

void explorer_close(struct explorer *x)
{
	if (!x->sim)
		return;
	sim_enter(x->sim);
	policy_guard_remove();
	sim_copy_free(x->copy);
	scxtwin_sim_free(x->sim);
	callbacks_free(&x->callbacks);
	*x = (struct explorer){ .sim = NULL };
}

static bool in_policy(const struct ctx *ctx)
{
	return ((const struct scx_ctx *)ctx->ext_area)->op;
}

/* Random numbers for the policy come from one stream: to draw is to write. */
static bool policy_wrote(void *data)
{
	struct explorer *x = data;
	const bool drew = memcmp(&x->last_policy_rng, &scx_state()->policy_rng, sizeof(x->last_policy_rng));

	x->last_policy_rng = scx_state()->policy_rng;
	return sim_policy_has_written(x->copy) || drew;
}

/* Only background events are left: the moment to look for tasks that nobody will run. */
static bool on_quiet(void *data)
{
	struct explorer *x = data;
	char text[300];

	if (!check_forgotten_task(text, sizeof(text)))
		return false;
	sim_fault(x->sim, SCXTWIN_EFAILED, "", text);
	return true;
}

static bool on_stuck(void *data)
{
	(void)data;
	return policy_insist();
}

static void audit_step(void *data, const struct choice *c, bool was_choice, bool departs)
{
	(void)data;
	(void)c;
	(void)was_choice;
	(void)departs;
	check_audit();
}

int explorer_driver(struct explorer *x, struct driver *d, struct strategy *s)
{
	sim_enter(x->sim);
	if (driver_init(d, s, x->step_limit))
		return -ENOMEM;
	d->in_policy = in_policy;
	d->policy_obj = x->policy_has_state ? this_sim->policy : NULL;
	d->policy_wrote = policy_wrote;
	d->policy_data = x;
	d->quiet = on_quiet;
	d->stuck = on_stuck;
	d->quiet_data = x;
	if (x->audit_steps)
		d->step = audit_step;
	return 0;
}

static void note_policy_state(struct explorer *x)
{
	if (x->policy_has_state || this_sim->policy->none)
		return;
	x->policy_has_state = sim_policy_has_changed(x->copy) ||
			      memcmp(&x->policy_rng, &scx_state()->policy_rng, sizeof(x->policy_rng));
}

bool explorer_run(struct explorer *x, struct driver *d, u64 n, struct execution *e)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	enum machine_end end;

	if (x->used)
		sim_restore(x->sim, x->copy);
	x->used = true;
	policy_guard_forget();
	callbacks_reset(&x->callbacks);
	x->last_policy_rng = x->policy_rng;
	driver_begin(d, n);
	end = machine_run(x->limit_ns);
	*e = (struct execution){ .cut = d->cut, .limited = d->limit_hit, .nr_steps = d->nr_steps };
	if (!e->cut && !e->limited)
		e->failed = sim_judge(x->sim, end, &err);
	e->nr_misjudged = e->failed ? 0 : policy_nr_misjudged();
	if (e->nr_misjudged)
		d->strategy->incomplete = true;
	if (e->failed)
		snprintf(e->violation, sizeof(e->violation), "%s", err.msg);
	if (!e->cut)
		e->hash = endstate_hash(&x->callbacks, e->failed);
	note_policy_state(x);
	return driver_end(d);
}

int explorer_repeat(struct explorer *x, const struct departures *deps, bool lenient,
		    struct departures *recorded, struct execution *e, char *mismatch, size_t size)
{
	struct strategy *s;
	struct driver d;

	sim_enter(x->sim);
	s = replay_new(deps, lenient);
	if (!s || explorer_driver(x, &d, s)) {
		strategy_free(s);
		return -ENOMEM;
	}
	explorer_run(x, &d, 0, e);
	if (mismatch)
		snprintf(mismatch, size, "%s", replay_mismatch(s));
	if (recorded) {
		vec_free(&recorded->list);
		*recorded = d.departures;
		d.departures = (struct departures){ { .data = NULL } };
	}
	driver_free(&d);
	strategy_free(s);
	return 0;
}
