/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The text that an error leaves in exit_info.dump, in the kernel's layout
 * (spec 31.10). It is written by the irq work of the claiming CPU, interrupts
 * off, one rq lock at a time; other CPUs keep moving.
 */
#include <stdio.h>
#include <string.h>

#include "ext/internal.h"

static const char trunc_marker[] = "\n\n~~~~ TRUNCATED ~~~~\n";

static void __attribute__((format(printf, 2, 0)))
dump_vtext(struct scx_dump_buf *s, const char *fmt, va_list args)
{
	const size_t room = s->size - s->used;
	int len;

	if (s->overflow)
		return;
	len = vsnprintf(s->text + s->used, room, fmt, args);
	if (len < 0 || (size_t)len >= room) {
		s->overflow = true;
		return;
	}
	s->used += (size_t)len;
}

static void __attribute__((format(printf, 2, 3)))
dump_text(struct scx_dump_buf *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	dump_vtext(s, fmt, args);
	va_end(args);
}

static void __attribute__((format(printf, 2, 3)))
dump_line(struct scx_dump_buf *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	dump_vtext(s, fmt, args);
	va_end(args);
	dump_text(s, "\n");
}

/* Groups of 32 bits in hex, highest first. */
static void dump_mask(struct scx_dump_buf *s, const struct cpumask *mask)
{
	const u32 nr_groups = (nr_cpu_ids() + 31) / 32;

	for (u32 i = nr_groups; i-- > 0;) {
		const u32 nr_bits = i == nr_groups - 1 ? nr_cpu_ids() - i * 32 : 32;
		const u32 bits = (u32)(mask->bits[i / 2] >> (i % 2 * 32));

		dump_text(s, "%0*x%s", (int)((nr_bits + 3) / 4), bits, i ? "," : "");
	}
}

static void dump_mask_line(struct scx_dump_buf *s, const char *name, const struct cpumask *mask)
{
	if (!mask || cpumask_empty(mask))
		return;
	dump_text(s, "  %-15s: ", name);
	dump_mask(s, mask);
	dump_text(s, "\n");
}

/* Output of a dump callback, ERR-81 and ERR-82 */
static void ops_dump_begin(struct scx_dump_buf *s, const char *prefix)
{
	s->first = true;
	s->prefix = prefix;
	s->line_used = 0;
}

static void ops_dump_flush(struct scx_dump_buf *s)
{
	if (s->first) {
		dump_text(s, "\n");
		s->first = false;
	}
	if (s->line_used)
		dump_line(s, "%s%.*s", s->prefix, (int)s->line_used, s->line);
	else
		dump_text(s, "\n");
	s->line_used = 0;
}

static void ops_dump_end(struct scx_dump_buf *s)
{
	if (s->line_used)
		ops_dump_flush(s);
	s->prefix = NULL;
}

static bool in_dump_callback(void)
{
	const s32 op = scx_ctx()->op - 1;

	return scx_state()->dump && (op == SCXTWIN_OP_dump || op == SCXTWIN_OP_dump_cpu ||
				     op == SCXTWIN_OP_dump_task);
}

/* KFC-66 */
void scx_bpf_dump(const char *fmt, ...)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_NR_KFUNCS, SCX_KF_ANY);
	struct scx_dump_buf *s = scx_state()->dump;
	char text[sizeof(s->line)];
	va_list args;

	if (!sch)
		return;
	if (!in_dump_callback()) {
		scx_error(sch, "scx_bpf_dump() must only be called from ops.dump() and friends");
		return;
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (const char *c = text; *c; c++) {
		if (*c == '\n' || s->line_used == sizeof(s->line))
			ops_dump_flush(s);
		if (*c != '\n')
			s->line[s->line_used++] = *c;
	}
}

static char task_state_char(const struct task_struct *p)
{
	const u32 state = READ_ONCE(p->__state);

	if ((state & TASK_IDLE) == TASK_IDLE)
		return 'I';
	if (state & TASK_INTERRUPTIBLE)
		return 'S';
	if (state & TASK_UNINTERRUPTIBLE)
		return 'D';
	if (state & __TASK_STOPPED)
		return 'T';
	if (state & __TASK_TRACED)
		return 't';
	if (state & TASK_PARKED)
		return 'P';
	return state & TASK_DEAD ? 'X' : 'R';
}

static void dump_task(struct scx_sched *sch, struct scx_dump_buf *s, struct scx_dump_ctx *dctx,
		      struct rq *rq, struct task_struct *p, char marker)
{
	const u64 ops_state = (u64)atomic_long_read(&p->scx.ops_state);
	const s64 since_jiffies = (s64)(p->scx.runnable_at - dctx->at_jiffies);
	char dsq_id[24] = "(n/a)";

	lockdep_assert_rq_held(rq);
	if (p->scx.dsq)
		snprintf(dsq_id, sizeof(dsq_id), "0x%llx", (unsigned long long)p->scx.dsq->id);
	dump_text(s, "\n");
	dump_line(s, " %c%c %s[%d] %s %+lldms", marker, task_state_char(p), p->comm, p->pid,
		  sch->ops.name,
		  (long long)(since_jiffies * (s64)machine()->tick_ns / (s64)NSEC_PER_MSEC));
	dump_line(s, "      scx_state/flags=%u/0x%x dsq_flags=0x%x ops_state/qseq=%llu/%llu",
		  scx_get_task_state(p) >> SCX_TASK_STATE_SHIFT,
		  p->scx.flags & ~SCX_TASK_STATE_MASK, p->scx.dsq_flags,
		  (unsigned long long)scx_opss_state(ops_state),
		  (unsigned long long)(ops_state >> SCX_OPSS_QSEQ_SHIFT));
	dump_line(s, "      sticky/holding_cpu=%d/%d dsq_id=%s", p->scx.sticky_cpu,
		  p->scx.holding_cpu, dsq_id);
	dump_line(s, "      dsq_vtime=%llu slice=%llu weight=%u",
		  (unsigned long long)p->scx.dsq_vtime, (unsigned long long)p->scx.slice,
		  p->scx.weight);
	dump_text(s, "      cpus=");
	dump_mask(s, p->cpus_ptr);
	dump_line(s, " no_mig=%u", p->migration_disabled);
	if (SCX_HAS_OP(sch, SCXTWIN_OP_dump_task)) {
		ops_dump_begin(s, "    ");
		SCX_CALL_OP(sch, dump_task, rq, p->pid, 0, dctx, p);
		ops_dump_end(s);
	}
}

static void dump_cpu_head(struct scx_sched *sch, struct scx_dump_buf *s, struct rq *rq)
{
	const struct scx_sched_pcpu *pcpu = scx_pcpu(sch, cpu_of(rq));

	dump_text(s, "\n");
	dump_line(s, "CPU %-4d: nr_run=%u flags=0x%x cpu_rel=%d ksync=%llu", cpu_of(rq),
		  rq->scx.nr_running, rq->scx.flags, rq->scx.cpu_released,
		  (unsigned long long)rq->scx.kick_sync);
	dump_line(s, "          curr=%s[%d] class=%s_sched_class", rq->curr->comm, rq->curr->pid,
		  rq->curr->sched_class->name);
	dump_mask_line(s, "cpus_to_kick", pcpu->cpus_to_kick);
	dump_mask_line(s, "idle_to_kick", pcpu->cpus_to_kick_if_idle);
	dump_mask_line(s, "cpus_to_preempt", pcpu->cpus_to_preempt);
	dump_mask_line(s, "cpus_to_wait", pcpu->cpus_to_wait);
	dump_mask_line(s, "cpus_to_sync", rq->scx.cpus_to_sync);
}

static void dump_cpu(struct scx_sched *sch, struct scx_dump_buf *s, struct scx_dump_ctx *dctx,
		     int cpu)
{
	struct rq *rq = cpu_rq(cpu);
	const size_t start = s->used;
	const bool had_overflow = s->overflow;
	struct task_struct *p;
	size_t head_end;
	bool idle;
	u64 flags;

	raw_spin_rq_lock_irqsave(rq, &flags);
	idle = list_empty(&rq->scx.runnable_list) && rq_is_idle(rq);
	if (idle && !SCX_HAS_OP(sch, SCXTWIN_OP_dump_cpu))
		goto out;
	dump_cpu_head(sch, s, rq);
	head_end = s->used;
	if (SCX_HAS_OP(sch, SCXTWIN_OP_dump_cpu)) {
		ops_dump_begin(s, "  ");
		SCX_CALL_OP(sch, dump_cpu, rq, cpu, idle, dctx, cpu, idle);
		ops_dump_end(s);
	}
	if (idle && s->used == head_end) { /* ERR-80 */
		s->used = start;
		s->overflow = had_overflow;
		goto out;
	}
	if (sched_class_is_ext(rq->curr))
		dump_task(sch, s, dctx, rq, rq->curr, '*');
	list_for_each_entry(p, &rq->scx.runnable_list, scx.runnable_node)
		dump_task(sch, s, dctx, rq, p, ' ');
out:
	raw_spin_rq_unlock_irqrestore(rq, flags);
}

static void dump_heading(struct scx_dump_buf *s, const char *heading)
{
	dump_text(s, "\n");
	dump_line(s, "%s", heading);
	dump_line(s, "%.*s", (int)strlen(heading), "--------------------------------");
}

static void dump_trigger(struct scx_dump_buf *s, const struct scx_exit_info *ei)
{
	const struct task_struct *curr = this_rq()->curr;

	dump_text(s, "%s[%d] triggered exit kind %d", curr->comm, curr->pid, (int)ei->kind);
	if (ei->exit_cpu >= 0)
		dump_text(s, " on CPU %d", ei->exit_cpu);
	dump_line(s, ":");
	dump_line(s, "  %s (%s)", ei->reason, ei->msg);
}

static void dump_events(struct scx_dump_buf *s, const struct scx_sched *sch)
{
	static const char *const names[SCX_NR_EVENTS] = {
#define X(name) [SCX_EV_##name] = "SCX_EV_" #name,
		SCX_EVENTS(X)
#undef X
	};
	struct scx_event_stats stats;

	scx_sum_events(sch, &stats);
	for (u32 id = 0; id < SCX_NR_EVENTS; id++)
		dump_line(s, "%40s: %16lld", names[id], (long long)stats.count[id]);
}

static void write_dump(struct scx_sched *sch, struct scx_dump_buf *s, const struct scx_exit_info *ei)
{
	struct scx_dump_ctx dctx = {
		.kind = ei->kind,
		.exit_code = ei->exit_code,
		.reason = ei->reason,
		.at_ns = machine_now(),
		.at_jiffies = jiffies(),
	};
	const s32 first = ei->kind == SCX_EXIT_ERROR_STALL ? ei->exit_cpu : -1;
	int cpu;

	dump_trigger(s, ei);
	if (SCX_HAS_OP(sch, SCXTWIN_OP_dump)) {
		ops_dump_begin(s, "");
		SCX_CALL_OP(sch, dump, NULL, 0, 0, &dctx);
		ops_dump_end(s);
	}
	dump_heading(s, "CPU states");
	if (first >= 0)
		dump_cpu(sch, s, &dctx, first);
	for_each_possible_cpu(cpu) {
		if (cpu != first)
			dump_cpu(sch, s, &dctx, cpu);
	}
	dump_heading(s, "Event counters");
	dump_events(s, sch);
}

void scx_dump_state(struct scx_sched *sch, struct scx_exit_info *ei, size_t dump_len)
{
	struct scx_dump_buf buf = { .text = ei->dump, .size = dump_len };
	struct scx *scx = scx_state();
	u64 flags;

	if (sch->dump_disabled || !dump_len)
		return; /* ERR-84 */
	flags = local_irq_save();
	BUG_ON(scx->dump);
	scx->dump = &buf;
	write_dump(sch, &buf, ei);
	scx->dump = NULL;
	local_irq_restore(flags);

	buf.text[buf.used] = '\0';
	if (buf.overflow && dump_len >= sizeof(trunc_marker)) /* ERR-83 */
		memcpy(buf.text + dump_len - sizeof(trunc_marker), trunc_marker, sizeof(trunc_marker));
}
