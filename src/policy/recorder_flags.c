/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of flags, as recordings and the plans of scenarios have them. */
#include "policy/recorder.h"
#include "sched/rq.h"

const struct flag_name recorder_enq_flags[] = {
	{ 0x1, "WAKEUP" }, { 0x2, "RESTORE" }, { 0x4, "MOVE" }, { 0x8, "NOCLOCK" },
	{ 0x10, "MIGRATING" }, { 0x20, "DELAYED" }, { 0x40, "CLASS" }, { SCX_ENQ_HEAD, "HEAD" },
	{ 0x20000, "REPLENISH" }, { 0x40000, "MIGRATED" }, { 0x80000, "INITIAL" },
	{ SCX_ENQ_CPU_SELECTED, "CPU_SELECTED" }, { 0x200000, "QUEUED" },
	{ SCX_ENQ_PREEMPT, "PREEMPT" }, { SCX_ENQ_IMMED, "IMMED" }, { SCX_ENQ_RESCUE, "RESCUE" },
	{ SCX_ENQ_REENQ, "REENQ" }, { SCX_ENQ_LAST, "LAST" },
	{ SCX_ENQ_CLEAR_OPSS, "_CLEAR_OPSS" }, { SCX_ENQ_DSQ_PRIQ, "_DSQ_PRIQ" },
	{ SCX_ENQ_NESTED, "_NESTED" }, { SCX_ENQ_GDSQ_FALLBACK, "_GDSQ_FALLBACK" },
	{ SCX_ENQ_IGNORE_CAPS, "_IGNORE_CAPS" }, { SCX_ENQ_APPLY_SLICE, "_APPLY_SLICE" },
	{ SCX_ENQ_SLICE_DFL, "_SLICE_DFL" }, { 0, NULL },
};

const struct flag_name recorder_deq_flags[] = {
	{ SCX_DEQ_SLEEP, "SLEEP" }, { 0x2, "SAVE" }, { 0x4, "MOVE" }, { 0x8, "NOCLOCK" },
	{ 0x10, "MIGRATING" }, { 0x20, "DELAYED" }, { 0x40, "CLASS" }, { 0x10000, "SPECIAL" },
	{ 0x20000, "THROTTLE" }, { SCX_DEQ_CORE_SCHED_EXEC, "CORE_SCHED_EXEC" },
	{ SCX_DEQ_SCHED_CHANGE, "SCHED_CHANGE" }, { 0, NULL },
};

const struct flag_name recorder_wake_flags[] = {
	{ 0x2, "EXEC" }, { SCX_WAKE_FORK, "FORK" }, { SCX_WAKE_TTWU, "TTWU" },
	{ SCX_WAKE_SYNC, "SYNC" }, { 0x20, "MIGRATED" }, { 0x40, "CURRENT_CPU" },
	{ 0x80, "RQ_SELECTED" }, { 0, NULL },
};

const struct flag_name recorder_kick_flags[] = {
	{ SCX_KICK_IDLE, "IDLE" }, { SCX_KICK_PREEMPT, "PREEMPT" }, { SCX_KICK_WAIT, "WAIT" },
	{ 0, NULL },
};

const struct flag_name recorder_task_flags[] = {
	{ SCX_TASK_QUEUED, "QUEUED" }, { SCX_TASK_IN_CUSTODY, "IN_CUSTODY" },
	{ SCX_TASK_RESET_RUNNABLE_AT, "RESET_RUNNABLE_AT" },
	{ SCX_TASK_DEQD_FOR_SLEEP, "DEQD_FOR_SLEEP" }, { 0x10, "SUB_INIT" },
	{ SCX_TASK_IMMED, "IMMED" }, { SCX_TASK_PROTECTED, "PROTECTED" }, { 0, NULL },
};
