/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scenarios: the format in which recordings of a real kernel say what its tasks
 * did. Read into the one program model; times are in us and count from the
 * scenario's start, before which the tasks were born and fell asleep.
 */
#ifndef WORKLOAD_SCENARIO_H
#define WORKLOAD_SCENARIO_H

#include "policy/plan.h"
#include "workload/json.h"

/* Loading is over by then. Not a multiple of any tick period: no timer falls on a tick. */
#define SCENARIO_START_NS	651300000ULL
/* Records begin that long before the start. */
#define SCENARIO_LEAD_NS	20000000ULL
#define SCENARIO_LINGER_NS	400000000ULL

/* What a scenario has besides the program. */
struct scenario {
	char *area;
	u64 slice_ns;			/* 0: not given, as the next two */
	u32 timeout_ms, max_batch;
	bool no_hotplug_ops, attach_later;
	u64 delay_ns;			/* of its start */
	struct plan plan;
	char *json;			/* the whole of it in one line */
	VEC(struct plan_op) ops;	/* of bpf steps */
	VEC(char *) texts;		/* of steps that records tell of */
};

void scenario_free(struct scenario *sc);
/* What it says of its policy goes to the simulation's policy if that is the recorder. */
void scenario_brief_policy(const struct scenario *sc);
/* The text is a scenario or the first line of a recording of one. */
bool scenario_is(const char *text);
/* As program_read(). */
struct program *scenario_read(const char *file, const char *text, size_t len, json_report_t report,
			      void *data, u32 *nr_errors);

/* The task falls asleep on this CPU before the scenario starts. 0 or -ENOMEM. */
int scenario_place(struct program *prog, const char *task, u32 cpu);
/* Everything happens that much later: where ticks fall is a matter of chance. */
void scenario_delay(struct program *prog, u64 ns);
/*
 * On each CPU a thread of the kernel, in the fair class, runs for a moment once per period: recorded
 * machines have such, and where a task has SCX_TASK_IMMED the policy sees it. 0 or -ENOMEM.
 */
int scenario_add_kthreads(struct program *prog, u64 period_ns);
/* Every use of CPU takes that much more of it, as where a program looks at its clock late. */
void scenario_slow_down(struct program *prog, u64 ns);

#endif /* WORKLOAD_SCENARIO_H */
