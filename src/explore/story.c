/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/story.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "ext/internal.h"
#include "policy/policy.h"

#define COLUMN 38

static void put_time(struct story *t)
{
	const u64 us = this_sim->now / NSEC_PER_USEC;

	if (t->has_time && t->time == this_sim->now)
		fprintf(t->out, "%12s ", "");
	else
		fprintf(t->out, "%8" PRIu64 ".%03" PRIu64 " ", us / 1000, us % 1000);
	t->time = this_sim->now;
	t->has_time = true;
}

static void fold(struct story *t)
{
	if (!t->nr_folded)
		return;
	fprintf(t->out, "%12s (%u step%s)\n", "", t->nr_folded, t->nr_folded == 1 ? "" : "s");
	t->nr_folded = 0;
}

static void put_row(struct story *t, u32 cpu, bool departs, const char *text)
{
	put_time(t);
	fprintf(t->out, "%*s%c %s\n", (int)(cpu * COLUMN), "", departs ? '*' : '|', text);
}

/* ---- names of what steps reach */

static bool lies_in(const void *p, const void *obj, size_t size)
{
	return (const char *)p >= (const char *)obj && (const char *)p < (const char *)obj + size;
}

static const char *state_name(u64 opss)
{
	static const char *const names[] = { "NONE", "QUEUEING", "QUEUED", "DISPATCHING" };

	return names[scx_opss_state(opss)];
}

static bool name_of_task(const void *obj, char *buf, size_t size)
{
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node) {
		const struct task_struct *p = &t->task;

		if (!lies_in(obj, t, sizeof(*t)))
			continue;
		if (obj == &p->scx.ops_state)
			snprintf(buf, size, " of %d %s, %s", p->pid, p->comm, state_name((u64)p->scx.ops_state.counter));
		else
			snprintf(buf, size, " of %d %s", p->pid, p->comm);
		return true;
	}
	return false;
}

static bool name_of_dsq(const void *obj, char *buf, size_t size)
{
	struct scx_dispatch_q *dsq;

	if (!scx_root)
		return false;
	list_for_each_entry(dsq, &scx_root->all_dsqs, all_node) {
		if (lies_in(obj, dsq, sizeof(*dsq))) {
			snprintf(buf, size, " of DSQ %#" PRIx64, dsq->id);
			return true;
		}
	}
	return false;
}

static bool name_of_rq(const void *obj, char *buf, size_t size)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct rq *rq = cpu_rq(cpu);

		if (lies_in(obj, rq, sizeof(*rq))) {
			snprintf(buf, size, " of CPU %d", cpu);
			return true;
		}
	}
	return false;
}

static const char *name_of(const void *obj, char *buf, size_t size)
{
	buf[0] = '\0';
	if (obj && (name_of_task(obj, buf, size) || name_of_rq(obj, buf, size)))
		return buf;
	if (obj)
		name_of_dsq(obj, buf, size);
	return buf;
}

static const char *verb_of(const struct choice *c)
{
	static const char *const verbs[] = {
		[YIELD_READ] = "read ", [YIELD_WRITE] = "write ", [YIELD_RMW] = "change ",
		[YIELD_LOCK] = "lock ", [YIELD_TRYLOCK] = "try lock ", [YIELD_UNLOCK] = "unlock ",
		[YIELD_AWAIT] = "await ", [YIELD_CALL] = "", [YIELD_IRQ] = "",
	};

	if (c->event)
		return "interrupt: ";
	return c->obj ? verbs[c->kind] : "begin ";
}

/* What happens inside a callback. */
static const char *indent_of(const struct choice *c)
{
	return !c->event && policy_has_told_of(c->obj) ? "  " : "";
}

void story_step(void *data, const struct choice *c, bool was_choice, bool departs)
{
	struct story *t = data;
	char text[160], name[64];

	(void)was_choice;
	if (c->event == &machine()->time_goes_on)
		return;
	if (t->view == SCXTWIN_VIEW_POLICY && !departs && (c->event || !policy_has_told_of(c->obj))) {
		t->nr_folded++;
		return;
	}
	fold(t);
	snprintf(text, sizeof(text), "%s%s%s%s", indent_of(c), verb_of(c), c->label, name_of(c->event ? NULL : c->obj, name, sizeof(name)));
	put_row(t, c->cpu, departs, text);
}

/* ---- records */

static const char *task_name(s32 pid, char *buf, size_t size)
{
	const struct task_core *core = pid > 0 ? find_task_by_pid(pid) : NULL;

	if (pid == 0)
		return "idle";
	if (core)
		snprintf(buf, size, "%d %s", pid, core->task.comm);
	else
		snprintf(buf, size, "%d", pid);
	return buf;
}

static const char *dsq_name(u64 id, u64 owner, char *buf, size_t size)
{
	switch (id) {
	case SCX_DSQ_LOCAL:
		snprintf(buf, size, "the local queue of CPU %" PRIu64, owner);
		break;
	case SCX_DSQ_GLOBAL:
		snprintf(buf, size, "the global queue");
		break;
	case SCX_DSQ_BYPASS:
		snprintf(buf, size, "the bypass queue of CPU %" PRIu64, owner);
		break;
	default:
		snprintf(buf, size, "queue %#" PRIx64, id);
		break;
	}
	return buf;
}

static bool describe(const struct scxtwin_event *ev, char *buf, size_t size)
{
	char task[40], other[40];
	const char *name = task_name(ev->task, task, sizeof(task));

	switch (ev->kind) {
	case SCXTWIN_EV_OPS:
		snprintf(buf, size, "ops.%s(%s)", scxtwin_op_name(ev->a), ev->task >= 0 ? name : "");
		return true;
	case SCXTWIN_EV_OPS_RET:
		snprintf(buf, size, "ops.%s() = %" PRId64, scxtwin_op_name(ev->a), (s64)ev->b);
		return true;
	case SCXTWIN_EV_KFUNC:
		snprintf(buf, size, "  scx_bpf_%s() = %" PRId64, scxtwin_kfunc_name(ev->a), (s64)ev->d);
		return true;
	case SCXTWIN_EV_DSQ_INSERT:
		snprintf(buf, size, "  %s onto %s", name, dsq_name(ev->a, ev->b, other, sizeof(other)));
		return true;
	case SCXTWIN_EV_DSQ_REMOVE:
		snprintf(buf, size, "  %s off %s", name, dsq_name(ev->a, ev->b, other, sizeof(other)));
		return true;
	case SCXTWIN_EV_STALE:
		snprintf(buf, size, "  insert of %s dropped: stale", name);
		return true;
	case SCXTWIN_EV_SWITCH:
		snprintf(buf, size, "switch from %s to %s", task_name((s32)ev->a, other, sizeof(other)), name);
		return true;
	case SCXTWIN_EV_WAKING:
	case SCXTWIN_EV_WAKEUP:
	case SCXTWIN_EV_ATTR:
	case SCXTWIN_EV_MIGRATE:
	case SCXTWIN_EV_TASK_EXIT:
	case SCXTWIN_EV_SCX_EXIT:
		snprintf(buf, size, "%s %s", scxtwin_event_name(ev->kind), ev->task >= 0 ? name : "");
		return true;
	default:
		return false;
	}
}

static void on_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct story *t = obs->data;
	char text[160];

	if (!describe(ev, text, sizeof(text)))
		return;
	fold(t);
	put_row(t, ev->cpu, false, text);
}

void story_begin(struct story *t, FILE *out, enum scxtwin_view view)
{
	u32 cpu;

	*t = (struct story){
		.observer = { .event = on_event, .data = t }, .out = out, .view = view,
		.nr_cpus = nr_cpu_ids(),
	};
	fprintf(out, "%12s ", "ms");
	for (cpu = 0; cpu < t->nr_cpus - 1; cpu++)
		fprintf(out, "  CPU %-*u", COLUMN - 6, cpu);
	fprintf(out, "  CPU %u\n", cpu);
}

void story_end(struct story *t)
{
	fold(t);
}
