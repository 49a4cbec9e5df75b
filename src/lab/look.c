/* SPDX-License-Identifier: GPL-2.0-only */
/* Looking at tasks and queues; nothing here changes anything but what was asked for last. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "lab/internal.h"

struct scx_dispatch_q *lab_dsq(struct scxtwin_lab *lab, u64 id)
{
	struct scx_dispatch_q *dsq = NULL;
	const int cpu = (int)(id & SCX_DSQ_LOCAL_CPU_MASK);

	if ((id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		return lab_has_cpu(lab, cpu) ? &cpu_rq(cpu)->scx.local_dsq : NULL;
	if (scx_root)
		dsq = id == SCX_DSQ_GLOBAL ? find_global_dsq(scx_root, 0) : find_user_dsq(scx_root, id);
	if (!dsq)
		lab_fail(lab, "there is no queue %#" PRIx64 "; local ones are SCX_DSQ_LOCAL_ON | cpu", id);
	return dsq;
}

static u32 position_of(const struct task_struct *p)
{
	const struct scx_dsq_list_node *n;
	u32 position = 0;

	list_for_each_entry(n, &p->scx.dsq->list, node) {
		if (n->flags & SCX_DSQ_LNODE_ITER_CURSOR)
			continue;
		position++;
		if (n == &p->scx.dsq_list)
			return position;
	}
	return 0;
}

static const char *opss_name(u64 state)
{
	static const char *const names[] = { "NONE", "QUEUEING", "QUEUED", "DISPATCHING" };

	return names[state];
}

static struct scxtwin_lab_view view_of(const struct task_struct *p)
{
	const struct sched_ext_entity *scx = &p->scx;
	const u64 word = (u64)scx->ops_state.counter;
	struct scxtwin_lab_view v = {
		.opss = (enum scxtwin_lab_opss)scx_opss_state(word), .qseq = word >> SCX_OPSS_QSEQ_SHIFT,
		.opss_name = opss_name(scx_opss_state(word)), .asleep = !p->on_rq,
		.running = task_rq(p)->curr == p, .in_custody = scx->flags & SCX_TASK_IN_CUSTODY,
		.flags = scx->flags, .cpu = p->cpu, .holding_cpu = scx->holding_cpu, .sticky_cpu = scx->sticky_cpu,
		.selected_cpu = scx->selected_cpu, .slice = scx->slice, .vtime = scx->dsq_vtime,
	};

	if (!scx->dsq)
		return v;
	v.on_dsq = true;
	v.dsq = dsq_is_local(scx->dsq) ? SCX_DSQ_LOCAL_ON | (u64)scx->dsq->owner : scx->dsq->id;
	v.position = position_of(p);
	v.nr_queued = (u32)scx->dsq->nr;
	return v;
}

struct scxtwin_lab_view scxtwin_lab_look(struct scxtwin_lab *lab, const struct task_struct *p)
{
	struct scxtwin_lab_view v = { .opss_name = "", .cpu = -1, .holding_cpu = -1, .sticky_cpu = -1 };

	if (!lab_enter_to_look(lab))
		return v;
	if (lab_has_task(lab, p))
		v = view_of(p);
	lab_leave(lab);
	return v;
}

static void describe_dsq(struct strbuf *sb, const struct scxtwin_lab_view *v)
{
	if ((v->dsq & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		strbuf_printf(sb, "on the local queue of CPU %d", (int)(v->dsq & SCX_DSQ_LOCAL_CPU_MASK));
	else if (v->dsq == SCX_DSQ_GLOBAL)
		strbuf_puts(sb, "on the global queue");
	else if (v->dsq == SCX_DSQ_BYPASS)
		strbuf_puts(sb, "on a bypass queue");
	else
		strbuf_printf(sb, "on queue %#" PRIx64, v->dsq);
	if (v->position)
		strbuf_printf(sb, " (%u of %u)", v->position, v->nr_queued);
}

static void describe_place(struct strbuf *sb, const struct scxtwin_lab_view *v)
{
	if (v->asleep)
		strbuf_puts(sb, "asleep");
	else if (v->running)
		strbuf_puts(sb, "running");
	else if (v->on_dsq)
		describe_dsq(sb, v);
	else if (v->in_custody)
		strbuf_puts(sb, "in custody");
	else
		strbuf_puts(sb, "on no queue");
	if (v->in_custody && v->on_dsq)
		strbuf_puts(sb, " and in custody");
}

static void describe_flags(struct strbuf *sb, u32 flags)
{
	static const struct {
		u32 flag;
		const char *name;
	} names[] = {
		{ SCX_TASK_QUEUED, "QUEUED" }, { SCX_TASK_IN_CUSTODY, "IN_CUSTODY" },
		{ SCX_TASK_RESET_RUNNABLE_AT, "RESET_RUNNABLE_AT" }, { SCX_TASK_DEQD_FOR_SLEEP, "DEQD_FOR_SLEEP" },
		{ SCX_TASK_IMMED, "IMMED" }, { SCX_TASK_PROTECTED, "PROTECTED" },
	};
	static const char *const states[] = { "NONE", "INIT_BEGIN", "INIT", "READY", "ENABLED", "DEAD" };
	size_t i;

	strbuf_puts(sb, "; flags");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (flags & names[i].flag)
			strbuf_printf(sb, " %s", names[i].name);
	i = (flags & SCX_TASK_STATE_MASK) >> SCX_TASK_STATE_SHIFT;
	if (i < sizeof(states) / sizeof(states[0]))
		strbuf_printf(sb, " %s", states[i]);
}

static void describe(struct strbuf *sb, const struct task_struct *p)
{
	const struct scxtwin_lab_view v = view_of(p);

	strbuf_printf(sb, "%s: %s", p->comm, v.opss_name);
	if (v.qseq)
		strbuf_printf(sb, " %" PRIu64, v.qseq);
	strbuf_puts(sb, ", ");
	describe_place(sb, &v);
	strbuf_printf(sb, ", CPU %d", v.cpu);
	if (v.holding_cpu >= 0)
		strbuf_printf(sb, ", held by CPU %d", v.holding_cpu);
	if (v.sticky_cpu >= 0)
		strbuf_printf(sb, ", sticks to CPU %d", v.sticky_cpu);
	describe_flags(sb, v.flags);
}

/* What was asked for stays in the lab. */
static const char *keep_text(struct scxtwin_lab *lab, const char *text)
{
	snprintf(lab->text, sizeof(lab->text), "%s", text);
	return lab->text;
}

const char *scxtwin_lab_show(struct scxtwin_lab *lab, const struct task_struct *p)
{
	struct strbuf sb = { .data = NULL };

	if (!lab_enter_to_look(lab))
		return "";
	if (lab_has_task(lab, p))
		describe(&sb, p);
	keep_text(lab, strbuf_str(&sb));
	strbuf_free(&sb);
	lab_leave(lab);
	return lab->text;
}

const char *scxtwin_lab_queue(struct scxtwin_lab *lab, u64 id)
{
	const struct scx_dsq_list_node *n;
	struct strbuf sb = { .data = NULL };
	struct scx_dispatch_q *dsq;

	if (!lab_enter_to_look(lab))
		return "";
	dsq = lab_dsq(lab, id);
	if (dsq) {
		list_for_each_entry(n, &dsq->list, node)
			if (!(n->flags & SCX_DSQ_LNODE_ITER_CURSOR))
				strbuf_printf(&sb, "%s%s", sb.len ? " " : "",
					      container_of(n, struct task_struct, scx.dsq_list)->comm);
	}
	keep_text(lab, strbuf_str(&sb));
	strbuf_free(&sb);
	lab_leave(lab);
	return lab->text;
}

const char *scxtwin_lab_calls(struct scxtwin_lab *lab, const struct task_struct *p)
{
	if (!lab_enter_to_look(lab))
		return "";
	keep_text(lab, record_text(&lab->bench.record, p, false, true));
	lab_leave(lab);
	return lab->text;
}

bool scxtwin_lab_called(struct scxtwin_lab *lab, const struct task_struct *p, const char *expected)
{
	const char *got = scxtwin_lab_calls(lab, p);

	if (record_matches(expected, got))
		return true;
	if (lab)
		lab_fail(lab, "callbacks: expected \"%s\", got \"%s\"", expected, got);
	return false;
}

s64 scxtwin_lab_count(struct scxtwin_lab *lab, const char *counter)
{
	const char *names[SCX_NR_EVENTS + 1], *nearest;
	struct scx_event_stats now;
	const int id = record_counter(counter);
	u32 i;

	if (!lab_enter_to_look(lab))
		return 0;
	for (i = 0; i <= SCX_NR_EVENTS; i++)
		names[i] = record_counter_name(i);
	nearest = str_nearest(counter, names);
	if (id < 0)
		lab_fail(lab, "there is no counter \"%s\"%s%s%s", counter, nearest ? "; is \"" : "",
			 nearest ? nearest : "", nearest ? "\" meant?" : "");
	scx_read_events(&now);
	lab_leave(lab);
	return id < 0 ? 0 : now.count[id] - lab->base.count[id];
}

const struct scx_exit_info *scxtwin_lab_exit_info(struct scxtwin_lab *lab)
{
	const struct scx_exit_info *ei;

	if (!lab_enter_to_look(lab))
		return NULL;
	ei = scx_last_exit();
	lab->seen_exit = ei;
	lab_leave(lab);
	return ei;
}
