/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One simulation: a workload on a machine under a policy. Several may exist at
 * a time; each host thread runs one at a time.
 */
#ifndef SCXTWIN_SIM_H
#define SCXTWIN_SIM_H

#include <scxtwin/error.h>
#include <scxtwin/event.h>
#include <scxtwin/ops.h>
#include <scxtwin/workload.h>

struct scxtwin_sim;

enum scxtwin_mode { SCXTWIN_TIMED, SCXTWIN_COSTED, SCXTWIN_EXPLORED };

struct scxtwin_set {
	const char *name, *value;
};

struct scxtwin_options {
	const char *policy;		/* built-in name or path of a shared object; NULL: "none" */
	const struct scxtwin_set *sets;	/* policy parameters */
	u32 nr_sets;
	enum scxtwin_mode mode;
	const char *costs;		/* costed: preset or "name=ns,..."; NULL: all zero */
	const char *proposed;		/* features that no kernel has, "cookie"; NULL: none */
	struct scxtwin_machine machine;	/* non-zero members override the workload's */
	u64 seed;			/* 0: the workload's, else 1 */
	u64 limit_ns;			/* 0: the workload's, else none */
	u64 audit_every;		/* whole-state audit every n events; 0: at the end only */
	bool no_tick_elision;
	bool force_suspend;		/* suspend and resume at every yield point */
	bool keep_going;		/* a WARN does not stop the run */
	bool no_autogroup;
	u8 poison;			/* fills fresh memory; differs between the runs of a determinism check */
	/* A message of the policy (bpf_printk), for people; may be NULL. */
	void (*message)(u64 time_ns, int cpu, const char *text, void *data);
	void *message_data;
	/* Called now and then with progress in 1/1000 of the limit, if there is one; may be NULL. */
	void (*progress)(u32 permille, u64 time_ns, u64 nr_events, void *data);
	void *progress_data;
};

void scxtwin_options_default(struct scxtwin_options *opt);

/* NULL on error. The workload must outlive the simulation. */
struct scxtwin_sim *scxtwin_sim_new(const struct scxtwin_options *opt, struct scxtwin_workload *w,
				    struct scxtwin_error *err);
void scxtwin_sim_observe(struct scxtwin_sim *s, struct scxtwin_observer *obs);
/*
 * Runs to the end: all tasks gone, nothing left to happen, the limit, or a
 * failure. 0, or SCXTWIN_EFAILED (policy, expectation), SCXTWIN_EINTERNAL.
 */
int scxtwin_sim_run(struct scxtwin_sim *s, struct scxtwin_error *err);
void scxtwin_sim_free(struct scxtwin_sim *s);

enum scxtwin_end {
	SCXTWIN_END_DONE,	/* every task of the workload ended */
	SCXTWIN_END_LIMIT,	/* the time limit came first */
	SCXTWIN_END_STUCK,	/* nothing can happen any more, tasks are left */
	SCXTWIN_END_FAILED,	/* see error */
};

struct scxtwin_result {
	enum scxtwin_end end;
	u64 time_ns;		/* simulated time at the end */
	u64 nr_events;
	u64 nr_switches;
	u32 nr_cpus;
	u32 nr_tasks_born, nr_tasks_left;
	u32 nr_warnings;
	s32 time_charged_cpu;	/* a CPU that scheduled without end at one instant and was charged time; -1: none */
	char digest[65];
	char policy[SCX_OPS_NAME_LEN];
	char proposed[64];	/* "cookie (not in any kernel)", "" if nothing was asked for */
	/* how the scheduler ended while the workload still ran; NONE if it did not */
	enum scx_exit_kind exit_kind;
	s64 exit_code;
	char exit_reason[64];
	char exit_msg[1024];
	const char *exit_dump;	/* NULL if none; valid until scxtwin_sim_free() */
	struct scx_event_stats scx_events;
};

void scxtwin_sim_result(const struct scxtwin_sim *s, struct scxtwin_result *res);
/* Tasks of the workload that had not ended, with what each waits for; n-th, false beyond the last. */
bool scxtwin_sim_task_left(const struct scxtwin_sim *s, u32 n, char *text, size_t size);
/* Topology queries for reports. */
u32 scxtwin_sim_cpu_core(const struct scxtwin_sim *s, u32 cpu);
u32 scxtwin_sim_cpu_llc(const struct scxtwin_sim *s, u32 cpu);
u32 scxtwin_sim_cpu_node(const struct scxtwin_sim *s, u32 cpu);
/* Lines "key=value" of the digest's header, for log headers. */
const char *scxtwin_sim_header(const struct scxtwin_sim *s);
/* Summary group of a task by pid; 0 if unknown. */
u32 scxtwin_sim_task_group(const struct scxtwin_sim *s, s32 pid);

/* Digest of a written log; hex has 65 bytes. */
int scxtwin_digest_log(const char *path, char *hex, struct scxtwin_error *err);

/* Built-in policies, NULL beyond the last. */
struct scxtwin_policy;
const struct scxtwin_policy *scxtwin_policy_nth(u32 n);

const char *scxtwin_version(void);	/* of this library */
const char *scxtwin_kernel_version(void); /* "7.3": behaviour that is modelled */

#endif /* SCXTWIN_SIM_H */
