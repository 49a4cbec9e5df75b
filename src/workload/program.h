/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workloads: what the simulated tasks do.
 *
 *   program.c       the one model in memory, and what can be judged without running it
 *   json.c          reader of program files; traces/schema/workload.schema.json
 *   scenario.c      reader of the scenarios that recordings of a real kernel were made of
 *   recording.c     reader of recordings, streamed; traces/schema/recording.schema.json
 *   exec.c          the executor: a task's steps, one after the other
 *   run.c           births, timed outside events, what is left at the end
 *   expect.c        expectations
 *   import_ftrace.c ftrace text to scheduling events
 *   infer.c         scheduling events to demand: bursts, sleeps, who wakes whom
 *   workload.c      the public functions
 *
 * Begin reading here, then at user_next() in exec.c. Times are ns.
 */
#ifndef WORKLOAD_PROGRAM_H
#define WORKLOAD_PROGRAM_H

#include <scxtwin/workload.h>

#include "base/error.h"
#include "base/idmap.h"
#include "base/rng.h"
#include "base/vec.h"

/* Greatest duration in a file, so that no sum of a few of them overflows: about 36 years. */
#define PROGRAM_MAX_NS		(1ULL << 60)
#define PROGRAM_MAX_TASKS	4000000U
#define PROGRAM_MAX_DEPTH	16	/* nested loops */
#define PROGRAM_FOREVER		UINT64_MAX

/* A length of time: fixed, or drawn anew each time from the task's own stream. */
enum draw_kind { DRAW_FIXED, DRAW_UNIFORM, DRAW_EXPONENTIAL, DRAW_NORMAL };

struct duration {
	enum draw_kind kind;
	u64 a, b;	/* fixed: a; uniform: from a to b; exponential: mean a; normal: mean a, deviation b */
};

/* True if every draw is 0. */
static inline bool duration_is_zero(const struct duration *d)
{
	return !d->a && (d->kind == DRAW_FIXED || d->kind == DRAW_EXPONENTIAL || !d->b);
}

u64 duration_draw(const struct duration *d, struct rng *rng);

/* name in files, kind */
#define PROGRAM_STEPS(X)		\
	X("run", RUN)			\
	X("sleep", SLEEP)		\
	X("until", UNTIL)		\
	X("wake", WAKE)			\
	X("wait", WAIT)			\
	X("yield", YIELD)		\
	X("affinity", AFFINITY)		\
	X("nice", NICE)			\
	X("policy", POLICY)		\
	X("fork", FORK)			\
	X("thread", THREAD)		\
	X("waitpid", WAITPID)		\
	X("kick", KICK)			\
	X("reenq", REENQ)		\
	X("hotplug", HOTPLUG)		\
	X("migrate_disable", MIGRATE_DISABLE) \
	X("migrate_enable", MIGRATE_ENABLE) \
	X("loop", LOOP)			\
	X("exit", EXIT)			\
	X("attach", ATTACH)		\
	X("detach", DETACH)		\
	X("mark", MARK)

enum step_kind {
#define X(name, kind) STEP_##kind,
	PROGRAM_STEPS(X)
#undef X
	NR_FILE_STEPS,
	STEP_END_LOOP = NR_FILE_STEPS,	/* closes STEP_LOOP */
	/* of scenarios only */
	STEP_GATE,			/* opens race windows up to gate "count" */
	STEP_AWAIT,			/* uses CPU until the gate is at least "count" */
	STEP_BPF,			/* operation plan_ops[count] outside callbacks */
	STEP_BPF_SPIN,			/* uses CPU for "time" on the clock, migration disabled */
	NR_STEPS
};

const char *step_name(enum step_kind kind);

/* Which tasks a step speaks of. */
enum task_ref_kind {
	REF_SELF,
	REF_ALL,	/* every instance */
	REF_ONE,	/* instance "instance" */
	REF_PEER,	/* the instance with the caller's own number, modulo the count */
};

struct task_ref {
	enum task_ref_kind kind;
	u32 task;	/* index of the definition */
	u32 instance;
};

/* CPUs as ranges of program.cpu_ranges; nr 0: not given. */
struct cpu_list {
	u32 first, nr;
};

struct cpu_range {
	u32 first, last;
};

/* nr_cpus of all ranges that lie on a machine with this many CPUs. */
struct program;
u32 cpu_list_count(const struct program *prog, const struct cpu_list *list, u32 nr_cpus);

/* Scheduling class and priority; values of sched_setattr(). */
struct task_attr {
	u32 policy;
	s32 nice;
	u32 rt_priority;
};

struct step {
	enum step_kind kind;
	u32 line, column;
	struct task_ref ref;		/* WAKE, AFFINITY, NICE, POLICY; FORK, THREAD: who is born */
	struct duration time;		/* RUN, SLEEP, UNTIL */
	struct cpu_list cpus;		/* AFFINITY */
	struct task_attr attr;		/* NICE, POLICY */
	u64 count;			/* LOOP: rounds, PROGRAM_FOREVER; KICK, REENQ: flags; MARK: value */
	u32 jump;			/* LOOP: its END_LOOP; END_LOOP: its LOOP */
	s32 cpu;			/* KICK, REENQ, HOTPLUG; REENQ: -1 with a user DSQ */
	u64 dsq;			/* REENQ of a user DSQ */
	bool online;			/* HOTPLUG */
	u32 text;			/* scenarios: 1 + index of the step's JSON text, 0: none */
};

struct program_task {
	char *name;
	u32 line, column;
	u32 count;			/* instances born at start; forked definitions: 0 */
	u32 group;
	bool forked;			/* born by a step */
	bool thread;			/* THREAD rather than FORK */
	bool background;		/* a kernel thread, for which a run does not go on */
	bool inherits_attr, inherits_cpus; /* nothing given: as the parent */
	struct cpu_list cpus;
	struct task_attr attr;
	struct duration start;
	u32 first_step, nr_steps;
	u32 depth;			/* nested loops at most */
};

struct program_event {
	u64 at;
	u32 on;
	bool anytime;			/* explored: at any instant up to "at" */
	bool by_task;
	struct task_ref by;
	struct step step;
};

/* What the run must have fulfilled. */
enum expect_kind {
	EXPECT_EXIT_KIND,	/* value: enum scx_exit_kind */
	EXPECT_FINISHED,	/* value: bool */
	EXPECT_MAX_LATENCY,	/* value: ns; group */
	EXPECT_SHARE_MIN,	/* value: 1/1000 of the CPU time of all groups; group */
	EXPECT_SHARE_MAX,
	EXPECT_EXACT_TIME,	/* value: bool; finished tasks used exactly what they asked for */
	EXPECT_IMMED_AT_ONCE,	/* no IMMED task waits, also where the kernel lets it; src/check tells */
};

struct expectation {
	enum expect_kind kind;
	u32 group;
	u32 line, column;
	u64 value;
};

struct program {
	char *file;
	char *name;
	struct scxtwin_machine machine;
	u64 seed, limit_ns;
	bool incomplete;		/* faulty parts were left out; for checks only */
	bool own_attach;		/* an attach step or event loads the policy */
	VEC(struct program_task) tasks;
	VEC(struct step) steps;
	VEC(struct program_event) events;
	VEC(struct cpu_range) cpu_ranges;
	VEC(char *) groups;
	VEC(struct expectation) expectations;
	struct idmap task_ids;		/* name to index + 1 */
	struct idmap group_ids;
	struct scenario *scenario;	/* NULL: a program file */
	char hash[65];
};

struct program *program_new(const char *file);
void program_free(struct program *prog);
/* Index of the group, created if new; UINT32_MAX: no memory. */
u32 program_group(struct program *prog, const char *name);
/*
 * "self", "NAME", "NAME-3" (one instance) or "NAME-@" (the one with the caller's
 * number). 0 or -ENOENT.
 */
int program_ref(const struct program *prog, const char *text, struct task_ref *ref);

/* Findings that need no run, for each: report(). Returns how many were errors. */
typedef void (*finding_t)(void *data, const struct error_place *place, const char *text);
u32 program_check(const struct program *prog, finding_t report, void *data);

#endif /* WORKLOAD_PROGRAM_H */
