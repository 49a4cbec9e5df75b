/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event log: small fixed-size records, one per thing that happened. The
 * digest of a run is computed from exactly these records (docs/digest.md), so
 * a change of meaning here is a change of format version.
 */
#ifndef SCXTWIN_EVENT_H
#define SCXTWIN_EVENT_H

#include <scxtwin/types.h>

#define SCXTWIN_EVENT_VERSION 1

/*
 * kind, name in logs, names of the arguments a to d ("" = unused, always 0).
 * "task" is the pid of the subject, SCXTWIN_NO_TASK if there is none; the idle
 * task of every CPU has pid 0. "cpu" is the CPU that executed the step.
 * Text packed in a, b: up to 16 bytes of a name, zero padded, little endian.
 */
#define SCXTWIN_EVENT_KINDS(X)							\
	/* core scheduler */							\
	X(TASK_NEW, "task_new", "comm0", "comm1", "tgid", "parent")		\
	X(TASK_EXIT, "task_exit", "", "", "", "")				\
	X(WAKING, "waking", "waker", "target_cpu", "", "")			\
	X(WAKEUP, "wakeup", "target_cpu", "", "", "")				\
	X(WAKEUP_NEW, "wakeup_new", "target_cpu", "", "", "")			\
	X(SWITCH, "switch", "prev", "prev_state", "prev_prio", "next_prio")	\
	X(MIGRATE, "migrate", "orig_cpu", "dest_cpu", "", "")			\
	X(ATTR, "attr", "what", "value", "", "")				\
	X(CPU_HOTPLUG, "cpu_hotplug", "online", "", "", "")			\
	X(MARK, "mark", "what", "value", "", "")				\
	/* sched_ext */								\
	X(OPS, "ops", "op", "arg0", "arg1", "arg2")				\
	X(OPS_RET, "ops_ret", "op", "ret", "", "")				\
	X(KFUNC, "kfunc", "kfunc", "arg0", "arg1", "ret")			\
	X(DSQ_INSERT, "dsq_insert", "dsq", "owner", "nr", "enq_flags")		\
	X(DSQ_REMOVE, "dsq_remove", "dsq", "owner", "nr", "")			\
	X(SCX_COUNT, "scx_event", "counter", "delta", "", "")			\
	X(SCX_STATE, "scx_state", "state", "", "", "")				\
	X(SCX_BYPASS, "scx_bypass", "depth", "", "", "")			\
	X(SCX_EXIT, "scx_exit", "exit_kind", "exit_code", "exit_cpu", "")	\
	/* findings */								\
	X(WARN, "warn", "site", "", "", "")					\
	/* in no kernel, only with the proposed cookie: an entry that its task has outlived */ \
	X(STALE, "stale", "cookie", "state", "qseq", "")

enum scxtwin_event_kind {
#define X(kind, ...) SCXTWIN_EV_##kind,
	SCXTWIN_EVENT_KINDS(X)
#undef X
	SCXTWIN_NR_EVENT_KINDS
};

/* "what" of ATTR and MARK */
enum scxtwin_attr { SCXTWIN_ATTR_NICE = 1, SCXTWIN_ATTR_POLICY, SCXTWIN_ATTR_AFFINITY };
enum scxtwin_mark { SCXTWIN_MARK_ZERO_TIME_CHARGE = 1, SCXTWIN_MARK_POLICY_MESSAGE,
		    SCXTWIN_MARK_TASK_STUCK };

/* "owner" of DSQ_INSERT and DSQ_REMOVE: CPU of a local or bypass DSQ, node of a global one, else 0 */

#define SCXTWIN_NO_TASK (-1)

/* 48 bytes, no padding; hashed and stored little endian in this order. */
struct scxtwin_event {
	u64 time_ns;
	u16 kind;
	u16 cpu;
	s32 task;
	u64 a, b, c, d;
};

_Static_assert(sizeof(struct scxtwin_event) == 48, "event records have no padding");

/* op and kfunc numbers of OPS, OPS_RET and KFUNC; names by scxtwin_op_name(), scxtwin_kfunc_name() */
#define SCXTWIN_OPS_LIST(X)								\
	X(select_cpu) X(enqueue) X(dequeue) X(dispatch) X(tick) X(runnable) X(running)	\
	X(stopping) X(quiescent) X(yield) X(core_sched_before) X(set_weight)		\
	X(set_cpumask) X(update_idle) X(cpu_acquire) X(cpu_release) X(init_task)	\
	X(exit_task) X(enable) X(disable) X(dump) X(dump_cpu) X(dump_task)		\
	X(cpu_online) X(cpu_offline) X(init) X(exit)

enum scxtwin_op {
#define X(op) SCXTWIN_OP_##op,
	SCXTWIN_OPS_LIST(X)
#undef X
	SCXTWIN_NR_OPS
};

#define SCXTWIN_KFUNC_LIST(X)								\
	X(dsq_insert) X(dsq_insert_vtime) X(select_cpu_dfl) X(select_cpu_and)		\
	X(dispatch_nr_slots) X(dispatch_cancel) X(dsq_move_to_local) X(dsq_move)	\
	X(dsq_move_vtime) X(dsq_move_set_slice) X(dsq_move_set_vtime) X(create_dsq)	\
	X(destroy_dsq) X(dsq_nr_queued) X(dsq_peek) X(dsq_iter_new) X(dsq_iter_next)	\
	X(dsq_iter_destroy) X(dsq_reenq) X(reenqueue_local) X(task_set_slice)		\
	X(task_set_dsq_vtime) X(task_running) X(task_cpu) X(tid_to_task) X(cpu_curr)	\
	X(kick_cpu) X(now) X(cpuperf_set) X(test_and_clear_cpu_idle) X(pick_idle_cpu)	\
	X(pick_any_cpu) X(pick_idle_cpu_node) X(pick_any_cpu_node) X(exit) X(error)	\
	X(task_get_cookie) X(dsq_insert_with_cookie) X(dsq_insert_begin) X(dsq_insert_commit)

enum scxtwin_kfunc {
#define X(kfunc) SCXTWIN_KF_##kfunc,
	SCXTWIN_KFUNC_LIST(X)
#undef X
	SCXTWIN_NR_KFUNCS
};

const char *scxtwin_event_name(u16 kind);
/* Name of argument 0 to 3 (a to d); "" if unused. */
const char *scxtwin_event_arg_name(u16 kind, int arg);
const char *scxtwin_op_name(u64 op);
const char *scxtwin_kfunc_name(u64 kfunc);

/*
 * An observer sees every record after it was hashed, in order. It must not
 * change the simulation; what it does reaches no digest.
 */
struct scxtwin_observer {
	void (*event)(struct scxtwin_observer *obs, const struct scxtwin_event *ev);
	void *data;
	struct scxtwin_observer *next; /* private */
};

#endif /* SCXTWIN_EVENT_H */
