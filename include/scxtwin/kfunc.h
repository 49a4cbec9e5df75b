/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a policy may call: the scx_bpf_*() functions of kernel 7.3 for the root
 * scheduler in cpu form. Spec chapter 32; which callback may call which group
 * is spec 32.2, and a call from a wrong context ends the run with an API error
 * naming the callback (in the kernel such a program would not have loaded).
 */
#ifndef SCXTWIN_KFUNC_H
#define SCXTWIN_KFUNC_H

#include <scxtwin/ops.h>

/* inserting: ENQUEUE group */
bool scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags);
bool scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
			      u64 enq_flags);

/*
 * Proposed, in no kernel: off unless asked for (struct scxtwin_options.proposed, --proposed cookie). A policy
 * that calls them without that is refused, as one with an unknown kfunc.
 *
 * A cookie stands for the present stay of p in the policy's hands. An insert with it is carried out only if
 * that stay still lasts then, even if the cookie is older than the call and was taken on another CPU: what
 * changed p meanwhile, its mask for example, ended the stay, and the insert is dropped without a word.
 * p waits on; ops.enqueue() was or will be called for its new stay. 0 is the cookie of nobody.
 *
 * The slice of p stays as it is, 1 ns at the least. For direct dispatch, from ops.select_cpu() or
 * ops.enqueue(), the cookie is ignored. True: accepted, which does not mean that it will be carried out.
 */
u64 scx_bpf_task_get_cookie(struct task_struct *p);	/* from anywhere */
bool scx_bpf_dsq_insert_with_cookie(struct task_struct *p, u64 dsq_id, u64 enq_flags, u64 cookie);

/* The later form of the same, with a slice; 0 keeps what p has. */
struct scx_bpf_dsq_insert_commit_args {
	u64 dsq_id, slice, enq_flags;
};
u64 scx_bpf_dsq_insert_begin(struct task_struct *p);	/* from anywhere */
bool scx_bpf_dsq_insert_commit(struct task_struct *p, const struct scx_bpf_dsq_insert_commit_args *args,
			       u64 token);

/*
 * bpf_ksym_exists(scx_bpf_dsq_insert_begin): may it be called here? A shared object has to declare such
 * a kfunc weak (#pragma weak NAME), or it is refused before it can ask.
 */
bool scxtwin_kfunc_exists(const char *kfunc);
#define bpf_ksym_exists(kfunc) ((void)(kfunc), scxtwin_kfunc_exists(#kfunc))

/* SELECT_CPU group */
s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle);
s32 scx_bpf_select_cpu_and(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
			   const struct cpumask *cpus_allowed, u64 flags);

/* DISPATCH group */
u32 scx_bpf_dispatch_nr_slots(void);
void scx_bpf_dispatch_cancel(void);
bool scx_bpf_dsq_move_to_local(u64 dsq_id, u64 enq_flags);

/* An open iteration over a user DSQ; storage is the caller's, contents are private. */
struct bpf_iter_scx_dsq {
	struct scx_dsq_list_node cursor;
	struct scx_dispatch_q *dsq;
	u64 slice, vtime;
};

s32 bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags);
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it);
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it);
bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
		      u64 enq_flags);
bool scx_bpf_dsq_move_vtime(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
			    u64 enq_flags);
void scx_bpf_dsq_move_set_slice(struct bpf_iter_scx_dsq *it, u64 slice);
void scx_bpf_dsq_move_set_vtime(struct bpf_iter_scx_dsq *it, u64 vtime);

/* DSQ management and queries */
s32 scx_bpf_create_dsq(u64 dsq_id, s32 node);
void scx_bpf_destroy_dsq(u64 dsq_id);
s32 scx_bpf_dsq_nr_queued(u64 dsq_id);
struct task_struct *scx_bpf_dsq_peek(u64 dsq_id);
void scx_bpf_dsq_reenq(u64 dsq_id, u64 reenq_flags);
u32 scx_bpf_reenqueue_local(void);		/* old form: at once, in ops.cpu_release() only */
void scx_bpf_reenqueue_local___v2(void);	/* new form: as scx_bpf_dsq_reenq(SCX_DSQ_LOCAL, 0) */

/* tasks and CPUs */
bool scx_bpf_task_set_slice(struct task_struct *p, u64 slice);
bool scx_bpf_task_set_dsq_vtime(struct task_struct *p, u64 vtime);
bool scx_bpf_task_running(const struct task_struct *p);
s32 scx_bpf_task_cpu(const struct task_struct *p);
struct task_struct *scx_bpf_tid_to_task(u64 tid);
struct task_struct *scx_bpf_cpu_curr(s32 cpu);
void scx_bpf_kick_cpu(s32 cpu, u64 flags);
u64 scx_bpf_now(void);
u32 scx_bpf_cpuperf_cap(s32 cpu);
u32 scx_bpf_cpuperf_cur(s32 cpu);
void scx_bpf_cpuperf_set(s32 cpu, u32 perf);
u32 scx_bpf_nr_cpu_ids(void);
u32 scx_bpf_nr_node_ids(void);
s32 scx_bpf_cpu_node(s32 cpu);
const struct cpumask *scx_bpf_get_possible_cpumask(void);
const struct cpumask *scx_bpf_get_online_cpumask(void);
void scx_bpf_put_cpumask(const struct cpumask *cpumask);

/* built-in idle tracking */
const struct cpumask *scx_bpf_get_idle_cpumask(void);
const struct cpumask *scx_bpf_get_idle_smtmask(void);
const struct cpumask *scx_bpf_get_idle_cpumask_node(s32 node);
const struct cpumask *scx_bpf_get_idle_smtmask_node(s32 node);
void scx_bpf_put_idle_cpumask(const struct cpumask *cpumask);
bool scx_bpf_test_and_clear_cpu_idle(s32 cpu);
s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags);
s32 scx_bpf_pick_any_cpu(const struct cpumask *cpus_allowed, u64 flags);
s32 scx_bpf_pick_idle_cpu_node(const struct cpumask *cpus_allowed, s32 node, u64 flags);
s32 scx_bpf_pick_any_cpu_node(const struct cpumask *cpus_allowed, s32 node, u64 flags);

/* leaving, reporting, counting */
void scx_bpf_exit(s64 exit_code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void scx_bpf_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void scx_bpf_dump(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void scx_bpf_events(struct scx_event_stats *events, size_t size);

/* helpers that BPF itself would offer */
s32 bpf_get_smp_processor_id(void);
u64 bpf_get_prandom_u64(void);			/* the policy's own seeded stream */
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask);
u32 bpf_cpumask_first(const struct cpumask *cpumask);	/* nr_cpu_ids if empty */
u32 bpf_cpumask_weight(const struct cpumask *cpumask);
bool bpf_cpumask_empty(const struct cpumask *cpumask);
void bpf_printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* SCXTWIN_KFUNC_H */
