/* SPDX-License-Identifier: GPL-2.0-only */
/* Names and order of the members are those of the recordings. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "conform/conform.h"
#include "policy/recorder.h"
#include "sched/rq.h"

static const char *const record_names[NR_RECORDS] = {
#define X(name, kind) name,
	RECORD_KINDS(X)
#undef X
};

static bool is_record(const char *ev)
{
	u32 i;

	for (i = 0; i < NR_RECORDS; i++)
		if (!strcmp(record_names[i], ev))
			return true;
	return false;
}

/* What a sequence is made of has to be there. */
const char *record_fault(const json_t *line)
{
	static const char *const texts[] = { "flags", "state", "ops_state", "dsq" };
	const char *ev = json_string_value(json_object_get(line, "ev"));
	size_t i;

	if (!json_is_object(line) || !ev)
		return "a record is an object with a member \"ev\"";
	if (!is_record(ev))
		return "there is no record of this name (\"ev\")";
	if (!json_object_get(line, "task"))
		return NULL;
	if (!json_is_string(json_object_get(line, "task")))
		return "\"task\" is the name of a task";
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!json_is_string(json_object_get(line, texts[i])))
			return "a record with a task has its snapshot: \"flags\", \"state\", \"ops_state\", "
			       "\"dsq\" are texts";
	return json_is_integer(json_object_get(line, "task_cpu")) ? NULL :
		"a record with a task has its snapshot: \"task_cpu\" is a number";
}

static void put_int(json_t *o, const char *key, u64 value)
{
	json_object_set_new(o, key, json_integer((json_int_t)value));
}

static void put_bool(json_t *o, const char *key, bool value)
{
	json_object_set_new(o, key, json_boolean(value));
}

static void put_bits(json_t *o, const char *key, u64 value, const struct flag_name *bits)
{
	struct strbuf text = { 0 };

	for (; bits->name; bits++) {
		if (!(value & bits->value))
			continue;
		strbuf_printf(&text, "%s%s", text.len ? "|" : "", bits->name);
		value &= ~bits->value;
	}
	if (value)
		strbuf_printf(&text, "%s0x%llx", text.len ? "|" : "", (unsigned long long)value);
	json_object_set_new(o, key, json_string(strbuf_str(&text)));
	strbuf_free(&text);
}

static void put_dsq(json_t *o, const char *key, u64 id)
{
	char text[32];

	if (!id)
		snprintf(text, sizeof(text), "-");
	else if (id == SCX_DSQ_INVALID)
		snprintf(text, sizeof(text), "INVALID");
	else if (id == SCX_DSQ_GLOBAL)
		snprintf(text, sizeof(text), "GLOBAL");
	else if (id == SCX_DSQ_LOCAL)
		snprintf(text, sizeof(text), "LOCAL");
	else if (id == SCX_DSQ_BYPASS)
		snprintf(text, sizeof(text), "BYPASS");
	else if ((id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		snprintf(text, sizeof(text), "LOCAL_ON|%u", (u32)id);
	else
		snprintf(text, sizeof(text), "%llu", (unsigned long long)id);
	json_object_set_new(o, key, json_string(text));
}

static void put_hex(json_t *o, const char *key, u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_object_set_new(o, key, json_string(text));
}

static void put_step(json_t *o, const struct recorder_record *rec)
{
	json_t *step = json_loads(rec->text, JSON_DECODE_ANY, NULL);

	json_object_set_new(o, "by", json_string(rec->task ? rec->task->comm : ""));
	json_object_set_new(o, "step", step ? step : json_string(""));
}

static void put_switch(json_t *o, const struct recorder_record *rec)
{
	json_object_set_new(o, "dir", json_string(rec->arg[0] ? "in" : "out"));
	put_bool(o, "preempt", rec->arg[1]);
	if (!rec->arg[0])
		put_int(o, "prev_state", rec->arg[2]);
}

static void put_move(json_t *o, const struct recorder_record *rec)
{
	put_dsq(o, "from", rec->arg[2] >> 8);
	put_dsq(o, "to", rec->arg[0]);
	put_bits(o, "enq_flags", rec->arg[1], recorder_enq_flags);
	put_bool(o, "ok", rec->arg[2] & 1);
}

static void put_event(json_t *o, const struct recorder_record *rec)
{
	char name[64];

	snprintf(name, sizeof(name), "SCX_EV_%s", rec->text);
	json_object_set_new(o, "name", json_string(name));
	put_int(o, "delta", rec->arg[0]);
}

static void put_insert(json_t *o, const struct recorder_record *rec)
{
	put_dsq(o, "to", rec->arg[0]);
	put_bits(o, "enq_flags", rec->arg[1], recorder_enq_flags);
	put_bool(o, "ok", rec->arg[2]);
}

static void put_move_to_local(json_t *o, const struct recorder_record *rec, const char *policy)
{
	put_dsq(o, "from", rec->arg[0]);
	if (strncmp(policy, "plan", 4))
		return;
	put_bits(o, "enq_flags", rec->arg[1], recorder_enq_flags);
	put_bool(o, "ok", rec->arg[2]);
}

/* What a record has of its own. */
static void put_own(json_t *o, const struct recorder_record *rec, const char *policy)
{
	const u64 *arg = rec->arg;

	switch (rec->kind) {
	case RECORD_SELECT_CPU:
		put_int(o, "prev_cpu", arg[0]);
		put_bits(o, "wake_flags", arg[1], recorder_wake_flags);
		break;
	case RECORD_ENQUEUE:
	case RECORD_RUNNABLE:
		put_bits(o, "enq_flags", arg[0], recorder_enq_flags);
		break;
	case RECORD_DEQUEUE:
	case RECORD_QUIESCENT:
		put_bits(o, "deq_flags", arg[0], recorder_deq_flags);
		break;
	case RECORD_STOPPING:
		put_bool(o, "runnable", arg[0]);
		break;
	case RECORD_SET_WEIGHT:
		put_int(o, "arg_weight", arg[0]);
		break;
	case RECORD_SET_CPUMASK:
		put_int(o, "mask", arg[0]);
		break;
	case RECORD_UPDATE_IDLE:
		put_int(o, "of_cpu", arg[0]);
		put_int(o, "idle", arg[1]);
		break;
	case RECORD_CPU_ONLINE:
	case RECORD_CPU_OFFLINE:
	case RECORD_CPU_ACQUIRE:
	case RECORD_DISPATCH:
		put_int(o, "of_cpu", arg[0]);
		break;
	case RECORD_CPU_RELEASE:
		put_int(o, "of_cpu", arg[0]);
		put_int(o, "reason", arg[1]);
		break;
	case RECORD_INIT_TASK:
		put_bool(o, "fork", arg[0]);
		break;
	case RECORD_EXIT_TASK:
		put_bool(o, "cancelled", arg[0]);
		break;
	case RECORD_EXIT:
		put_int(o, "kind", arg[0]);
		put_hex(o, "code", arg[1]);
		break;
	case RECORD_SELECTED:
		put_int(o, "to_cpu", arg[0]);
		put_int(o, "idle", arg[1]);
		break;
	case RECORD_INSERT:
	case RECORD_INSERT_VTIME:
		put_insert(o, rec);
		break;
	case RECORD_MOVE_TO_LOCAL:
		put_move_to_local(o, rec, policy);
		break;
	case RECORD_KICK:
		put_int(o, "of_cpu", arg[0]);
		put_bits(o, "kick_flags", arg[1], recorder_kick_flags);
		break;
	case RECORD_REENQ:
		put_dsq(o, "dsq_arg", arg[0]);
		put_int(o, "reenq_flags", arg[1]);
		break;
	case RECORD_SET_SLICE:
		put_int(o, "arg_slice", arg[0]);
		put_bool(o, "ok", arg[1]);
		break;
	case RECORD_SWITCH:
		put_switch(o, rec);
		break;
	case RECORD_EVENT:
		put_event(o, rec);
		break;
	case RECORD_STEP:
		put_step(o, rec);
		break;
	case RECORD_WINDOW:
		put_bool(o, "open", arg[0]);
		break;
	case RECORD_ITER:
		put_dsq(o, "from", arg[0]);
		put_bool(o, "rev", arg[1]);
		break;
	case RECORD_MOVE:
	case RECORD_MOVE_VTIME:
		put_move(o, rec);
		break;
	case RECORD_PEEK:
	case RECORD_DESTROY:
		put_dsq(o, "from", arg[0]);
		break;
	case RECORD_NR_QUEUED:
		put_dsq(o, "from", arg[0]);
		put_int(o, "count", arg[1]);
		break;
	case RECORD_CREATE:
		put_dsq(o, "from", arg[0]);
		put_int(o, "ret", arg[1]);
		break;
	case RECORD_SLOTS:
	case RECORD_REENQ_LOCAL:
		put_int(o, "count", arg[0]);
		break;
	default:
		break;
	}
}

static void put_snapshot(json_t *o, const struct task_struct *p)
{
	static const char *const states[] = { "NONE", "INIT_BEGIN", "INIT", "READY", "ENABLED",
					      "DEAD", "6", "7" };
	static const char *const reasons[] = { NULL, "KFUNC", "IMMED", "PREEMPTED", "CAP", "5", "6",
					       "7" };
	static const char *const opss[] = { "NONE", "QUEUEING", "QUEUED", "DISPATCHING" };
	const struct sched_ext_entity *scx = &p->scx;
	const u32 reason = (scx->flags & SCX_TASK_REENQ_REASON_MASK) >> 12;
	const u64 state = (u64)scx->ops_state.counter;

	put_bits(o, "flags", scx->flags & 0xff, recorder_task_flags);
	json_object_set_new(o, "state",
			    json_string(states[(scx->flags & SCX_TASK_STATE_MASK) >> SCX_TASK_STATE_SHIFT]));
	if (reason)
		json_object_set_new(o, "reenq_reason", json_string(reasons[reason]));
	json_object_set_new(o, "ops_state", json_string(opss[state & 3]));
	put_int(o, "qseq", state >> 2);
	put_int(o, "ops_qseq", scx->ops_qseq);
	put_dsq(o, "dsq", scx->dsq ? scx->dsq->id : 0);
	if (scx->ddsp_dsq_id != SCX_DSQ_INVALID)
		put_dsq(o, "ddsp_dsq", scx->ddsp_dsq_id);
	put_int(o, "slice", scx->slice);
	put_int(o, "vtime", scx->dsq_vtime);
	put_int(o, "task_cpu", (u64)(s64)p->cpu);
	put_int(o, "sticky_cpu", (u64)(s64)scx->sticky_cpu);
	put_int(o, "holding_cpu", (u64)(s64)scx->holding_cpu);
	put_int(o, "selected_cpu", (u64)(s64)scx->selected_cpu);
	put_int(o, "runnable_cpu", (u64)(s64)scx->runnable_cpu);
	put_int(o, "reenq_cnt", scx->reenq_cnt);
	put_int(o, "weight", scx->weight);
	put_int(o, "on_rq", (u64)p->on_rq);
}

json_t *record_to_json(const struct recorder_record *rec, const char *policy)
{
	const struct task_struct *p = rec->kind == RECORD_STEP ? NULL : rec->task;
	const bool is_fork = rec->kind == RECORD_INIT_TASK && rec->arg[0];
	json_t *o = json_object();

	put_int(o, "seq", rec->seq);
	put_int(o, "ts", rec->time_ns);
	put_int(o, "cpu", (u64)(s64)rec->cpu);
	json_object_set_new(o, "ev", json_string(record_names[rec->kind]));
	if (p) {
		/* A task being forked still bears its parent's name. */
		json_object_set_new(o, "task", json_string(is_fork ? "new" : p->comm));
		put_int(o, "pid", (u64)(s64)p->pid);
	}
	put_own(o, rec, policy);
	if (p)
		put_snapshot(o, p);
	return o;
}
