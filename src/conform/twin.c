/* SPDX-License-Identifier: GPL-2.0-only */
/* A scenario under its policy in the twin, as if it were recorded. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bsd/string.h>
#include <scxtwin/sim.h>

#include "base/error.h"
#include "base/mem.h"
#include "conform/conform.h"
#include "sched/sched.h"
#include "workload/run.h"
#include "workload/scenario.h"

struct collector {
	struct twin_run *run;
	const char *policy;
	bool out_of_memory;
	u64 began_at;		/* instant of the first record */
};

static void collect(const struct recorder_record *rec, void *data)
{
	struct collector *c = data;
	struct recorder_record r = *rec;

	if (!c->run->records.lines.nr)
		c->began_at = rec->time_ns;
	r.time_ns -= c->began_at;
	if (vec_push(&c->run->records.lines, record_to_json(&r, c->policy)))
		c->out_of_memory = true;
}

static const struct task_struct *task_of(s64 pid)
{
	const struct task_core *t = pid > 0 ? find_task_by_pid((s32)pid) : NULL;

	return t ? &t->task : NULL;
}

/* What the recorder got from tracepoints. */
static void on_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	static const char *const counters[] = {
#define X(name) #name,
		SCX_EVENTS(X)
#undef X
	};

	(void)obs;
	if (ev->kind == SCXTWIN_EV_SWITCH)
		recorder_switched(task_of((s32)ev->a), task_of(ev->task), !ev->b, ev->b);
	else if (ev->kind == SCXTWIN_EV_SCX_COUNT)
		recorder_counted(counters[ev->a], (s64)ev->b);
}

static int describe(struct scxtwin_workload *w, const char *policy, struct twin_run *run,
		    struct scxtwin_error *err)
{
	const struct scenario *sc = w->prog->scenario;
	const char *name;
	u32 n;

	strlcpy(run->name, w->prog->name, sizeof(run->name));
	strlcpy(run->area, sc->area, sizeof(run->area));
	run->slice_ns = sc->slice_ns ? sc->slice_ns : SCX_SLICE_DFL;
	run->cpus = w->prog->machine.cpus;
	run->hz = w->prog->machine.hz;
	for (n = 0; (name = recorder_policy_nth(n, &run->ops_flags)); n++)
		if (!strcmp(name, policy))
			break;
	run->scenario = mem_strdup(sc->json);
	return run->scenario ? 0 : error_no_memory(err);
}

/* Where the first record of a task says that it was: before a wakeup places it, if there is one. */
static int place_as_recorded(struct program *prog, const struct lines_of_run *history,
			     struct scxtwin_error *err)
{
	struct program_task *task;
	size_t i;

	vec_for_each(task, &prog->tasks) {
		for (i = 0; i < history->lines.nr; i++) {
			const json_t *line = history->lines.data[i];
			const char *name = json_string_value(json_object_get(line, "task"));
			const json_t *cpu = json_object_get(line, "task_cpu");

			if (!name || strcmp(name, task->name))
				continue;
			if (scenario_place(prog, task->name, (u32)json_integer_value(cpu)))
				return error_no_memory(err);
			break;
		}
	}
	return 0;
}

static int run_workload(struct scxtwin_workload *w, const char *policy, const struct pace *pace,
			struct twin_run *run, struct scxtwin_error *err)
{
	struct scxtwin_observer obs = { .event = on_event };
	struct collector c = { .run = run, .policy = policy };
	const struct recorder_listener listener = { collect, &c };
	struct scxtwin_options opt;
	struct scxtwin_result res;
	struct scxtwin_error fault = { .code = SCXTWIN_OK };
	struct scxtwin_sim *sim;
	int ret = 0;

	scxtwin_options_default(&opt);
	opt.policy = "recorder";
	opt.mode = pace->costs ? SCXTWIN_COSTED : SCXTWIN_TIMED;
	opt.costs = pace->costs;
	/* A recording has every tick. */
	opt.no_tick_elision = true;
	opt.machine.hz = w->prog->machine.hz / (pace->tick_periods ? pace->tick_periods : 1);
	opt.machine.tick_phase_ns = pace->tick_skew * (NSEC_PER_SEC / opt.machine.hz) / PACE_SKEW_PARTS;
	sim = scxtwin_sim_new(&opt, w, err);
	if (!sim)
		return err->code;
	machine()->cfg.grace_period_ns = pace->grace_period_ns;
	machine()->cfg.helper_delay_ns = pace->helper_delay_ns;
	if (recorder_listen(policy, &listener))
		ret = error_set(err, SCXTWIN_EUSAGE, "no recording is made under a policy \"%s\"", policy);
	if (!ret) {
		scxtwin_sim_observe(sim, &obs);
		ret = scxtwin_sim_run(sim, &fault);
		scxtwin_sim_result(sim, &res);
		run->exit_kind = res.exit_kind;
		strlcpy(run->exit_msg, res.exit_msg, sizeof(run->exit_msg));
		/* Many scenarios have the scheduler ejected; what is wrong then is in the records. */
		if (ret && run->exit_kind < SCX_EXIT_ERROR)
			strlcpy(run->fault, fault.msg, sizeof(run->fault));
		if (ret == SCXTWIN_EFAILED)
			ret = 0;
		else if (ret)
			*err = fault;
	}
	if (!ret && c.out_of_memory)
		ret = error_no_memory(err);
	scxtwin_sim_free(sim);
	return ret;
}

int twin_run(const char *scenario, const char *policy, const struct pace *pace,
	     const struct lines_of_run *history, struct twin_run *run, struct scxtwin_error *err)
{
	struct scxtwin_workload *w = scxtwin_workload_open(scenario, err);
	int ret;

	if (!w)
		return err->code;
	if (!w->prog || !w->prog->scenario) {
		ret = error_set(err, SCXTWIN_EINPUT, "%s: this is neither a scenario nor a recording of one",
				scenario);
	} else {
		scenario_delay(w->prog, pace->delay_ns);
		scenario_slow_down(w->prog, pace->run_ns);
		if (pace->kthread_ns && scenario_add_kthreads(w->prog, pace->kthread_ns))
			ret = error_no_memory(err);
		else
			ret = history ? place_as_recorded(w->prog, history, err) : 0;
		ret = ret ?:
		      describe(w, policy, run, err) ?: run_workload(w, policy, pace, run, err);
	}
	scxtwin_workload_close(w);
	return ret;
}

void twin_run_free(struct twin_run *run)
{
	json_t **line;

	vec_for_each(line, &run->records.lines)
		json_decref(*line);
	vec_free(&run->records.lines);
	free(run->scenario);
}
