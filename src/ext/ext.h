/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The face of sched_ext to the rest of the scheduler, besides ext_sched_class:
 * what the kernel has in kernel/sched/ext/ext.h, plus set-up and loading for
 * the rooms above.
 */
#ifndef EXT_EXT_H
#define EXT_EXT_H

#include <scxtwin/error.h>
#include <scxtwin/ops.h>

struct affinity_context;
struct rq;

/* this_sim->machine and ->sched must exist */
int scx_init(struct scxtwin_error *err);
/* Gives back what is not in the arena. */
void scx_destroy(void);
void scx_init_rq(struct rq *rq);

/* state tests, usable from any context */
bool scx_enabled(void);
bool scx_switched_all(void);
bool task_should_scx(u32 policy);

/* life of a task; fork_exit.c calls them in this order */
void init_scx_entity(struct sched_ext_entity *scx);
int scx_pre_fork(struct task_struct *p);	/* takes the fork lock for reading */
int scx_fork(struct task_struct *p);		/* ops.init_task(fork); negative errno */
void scx_post_fork(struct task_struct *p);	/* enable if ext, releases the fork lock */
void scx_cancel_fork(struct task_struct *p);
void sched_ext_dead(struct task_struct *p);	/* after the last switch away */
int scx_check_setscheduler(const struct task_struct *p, u32 policy);

/* rq */
void scx_rq_activate(struct rq *rq);		/* hotplug, before ops.cpu_online() */
void scx_rq_deactivate(struct rq *rq);
void scx_tick(struct rq *rq);			/* watchdog check-in test, every tick */
u64 scx_first_watchdog_tick(void);		/* instant from which scx_tick() would complain */
bool scx_allow_ttwu_queue(const struct task_struct *p);
/* Called by the idle class at its three sites (20.3). */
void scx_update_idle(struct rq *rq, bool idle, bool do_notify);

/* Policy code ran outside a callback and may have written slices directly: all ticks are re-armed. */
void scx_slices_maybe_written(void);

/* loading; service context. ops is copied. 0, or negative errno refused without ops.exit (LIFE-17). */
int scx_enable(const struct sched_ext_ops *ops);
/* Why the last scx_enable() refused, "" if none did. */
const char *scx_refusal(void);
/* Ask the loaded scheduler to end (link detach, LIFE-79) and wait until it has. */
void scx_disable(enum scx_exit_kind kind);

/* What became of the last scheduler; kept after unloading. NULL if none was loaded yet. */
const struct scx_exit_info *scx_last_exit(void);
bool scx_loaded(void);
const char *scx_exit_reason(enum scx_exit_kind kind);
/* Of the loaded scheduler, else of the last one. */
void scx_read_events(struct scx_event_stats *stats);
/* Tasks whose policy was reverted by the last load; loads so far; notifications so far. */
u64 scx_nr_rejected(void);
u64 scx_enable_seq(void);
u64 scx_hotplug_seq(void);

/*
 * What no kernel has yet, off unless its bit is set in this_sim->proposed before a scheduler is
 * loaded. Inside the port one predicate per behaviour asks for it.
 */
enum scx_proposed {
	SCX_PROPOSED_COOKIE = 1 << 0,
};
const char *scx_proposed_name(u32 bit);		/* of bit 0, 1, ...; NULL behind the last */
/* The feature that kfunc, by its whole name, belongs to and that is off; NULL: it can be called. */
const char *scx_proposed_missing(const char *kfunc);

/* parameters that tests make small */
struct scx_limits {
	u32 dsp_dfl_max_batch;	/* 32 */
	u32 dsp_max_loops;	/* 32 */
	u32 reenq_max_repeat;	/* 256 */
	u32 task_iter_batch;	/* 32 */
	u64 watchdog_max_timeout_ns;	/* 30 s */
	u64 slice_bypass_us;	/* 5000 */
	u64 bypass_lb_intv_us;	/* 500000 */
};
struct scx_limits *scx_limits(void);

/* The callback that the calling context is in, for failure reports. False: in none. */
struct scx_callback_info {
	const char *op;
	const struct task_struct *task;	/* NULL if the op has no subject */
	int cpu;
};
bool scx_current_callback(struct scx_callback_info *info);

/*
 * A kfunc was called where the kernel would have refused the program at load. Set by src/policy
 * or tests; without a handler the run ends. If the handler returns, the kfunc does nothing and
 * returns its neutral value. info is NULL outside any callback.
 */
void scx_set_api_error_handler(void (*handler)(const char *kfunc, const struct scx_callback_info *info));
/* What the last such call was, "" if there was none. */
const char *scx_api_error_text(void);

/* Told of each bpf_printk() text, without its newline; NULL: nobody. */
void scx_set_printk_handler(void (*handler)(const char *text, void *data), void *data);

/*
 * Around a whole CPU down or up, in a service context: waits while a scheduler is between
 * ops.init() and the comparison of hotplug_seq (HOT-05).
 */
void scx_hotplug_begin(void);
void scx_hotplug_end(void);

#endif /* EXT_EXT_H */
