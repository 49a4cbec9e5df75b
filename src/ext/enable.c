/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading: the steps of spec 30.4 in their order. What fails before the
 * scheduler object exists is an errno; what fails later ends the scheduler
 * through the disable path, and loading reports success (LIFE-37).
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "ext/internal.h"

s32 scx_set_enable_state(enum scx_enable_state to)
{
	struct scx *scx = scx_state();
	const s32 from = xchg(&scx->enable_state, (s32)to);

	event_emit(SCXTWIN_EV_SCX_STATE, smp_processor_id(), SCXTWIN_NO_TASK, (u64)to, 0, 0, 0);
	return from;
}

bool scx_tryset_enable_state(enum scx_enable_state to, enum scx_enable_state from)
{
	struct scx *scx = scx_state();

	yield_point(&scx->enable_state, YIELD_RMW, "scx->enable_state");
	if (scx->enable_state != (s32)from)
		return false;
	scx->enable_state = (s32)to;
	object_written(&scx->enable_state);
	event_emit(SCXTWIN_EV_SCX_STATE, smp_processor_id(), SCXTWIN_NO_TASK, (u64)to, 0, 0, 0);
	return true;
}

/* 30.2; the table of letters is ASCII whatever the locale. */
static bool name_is_valid(const char *name)
{
	const size_t len = strnlen(name, SCX_OPS_NAME_LEN);

	if (!len || len == SCX_OPS_NAME_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char c = name[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      c == '_' || c == '.'))
			return false;
	}
	return true;
}

static u64 timeout_in_jiffies(const struct sched_ext_ops *ops)
{
	const u64 tick_ns = machine()->tick_ns;
	const u64 ns = ops->timeout_ms ? ops->timeout_ms * NSEC_PER_MSEC
				       : scx_state()->limits.watchdog_max_timeout_ns;

	return (ns + tick_ns - 1) / tick_ns;
}

static int refuse(int err, const char *why)
{
	scx_state()->refusal = why;
	return err;
}

/* LIFE-06 and the table of 30.2 */
static int check_fields(const struct sched_ext_ops *ops)
{
	const u64 tick_ns = machine()->tick_ns;

	if (ops->dispatch_max_batch > INT_MAX)
		return refuse(-E2BIG, "dispatch_max_batch is above 2147483647");
	if (ops->flags & ~SCX_OPS_ALL_FLAGS)
		return refuse(-EINVAL, "flags has bits that are no SCX_OPS_ flag");
	if (!name_is_valid(ops->name))
		return refuse(-EINVAL, "name must be 1 to 127 letters, digits, '_' or '.'");
	if (timeout_in_jiffies(ops) >
	    (scx_state()->limits.watchdog_max_timeout_ns + tick_ns - 1) / tick_ns)
		return refuse(-E2BIG, "timeout_ms is above the watchdog's 30000");
	return 0;
}

static struct scx_exit_info *alloc_exit_info(u32 dump_len)
{
	struct scx *scx = scx_state();
	struct scx_exit_record *rec = list_first_entry_or_null(&scx->free_exits,
							       struct scx_exit_record, node);
	const size_t len = dump_len ? dump_len : SCX_EXIT_DUMP_DFL_LEN;
	char *dump = rec ? rec->info.dump : NULL;
	size_t size = rec ? rec->dump_size : 0;

	if (rec)
		list_del_init(&rec->node);
	else
		rec = arena_zalloc(this_sim->arena, sizeof(*rec));
	if (size < len) {
		dump = arena_zalloc(this_sim->arena, len);
		size = len;
	}
	if (!rec || !dump)
		return NULL;
	memset(dump, 0, size);
	*rec = (struct scx_exit_record){
		.info = { .exit_cpu = -1, .reason = scx_exit_reason(SCX_EXIT_NONE), .msg = rec->msg,
			  .dump = dump },
		.dump_len = len,
		.dump_size = size,
	};
	INIT_LIST_HEAD(&rec->node);
	return &rec->info;
}

static bool alloc_dispatch_buffers(struct scx_sched *sch, u32 size)
{
	struct scx_dsp_buf_ent *buf;
	int cpu;

	if (sch->dsp_buf_size >= size)
		return true;
	buf = arena_calloc(this_sim->arena, (size_t)nr_cpu_ids() * size, sizeof(*buf));
	if (!buf)
		return false;
	for_each_possible_cpu(cpu)
		sch->pcpu[cpu].dsp_ctx.buf = buf + (size_t)cpu * size;
	sch->dsp_buf_size = size;
	return true;
}

/* Everything of an earlier life goes, except memory that can be used again. */
static void reset_pcpu(struct scx_sched *sch, int cpu)
{
	struct scx_sched_pcpu *pcpu = &sch->pcpu[cpu];

	*pcpu = (struct scx_sched_pcpu){
		.sch = sch,
		.cpu = cpu,
		.dsp_ctx.buf = pcpu->dsp_ctx.buf,
		.cpus_to_kick = pcpu->cpus_to_kick,
		.cpus_to_kick_if_idle = pcpu->cpus_to_kick_if_idle,
		.cpus_to_preempt = pcpu->cpus_to_preempt,
		.cpus_to_wait = pcpu->cpus_to_wait,
	};
	if (pcpu->cpus_to_kick) {
		cpumask_clear(pcpu->cpus_to_kick);
		cpumask_clear(pcpu->cpus_to_kick_if_idle);
		cpumask_clear(pcpu->cpus_to_preempt);
		cpumask_clear(pcpu->cpus_to_wait);
	}
	INIT_LIST_HEAD(&pcpu->to_kick_node);
	INIT_LIST_HEAD(&pcpu->deferred_reenq_local.node);
	init_dsq(&pcpu->bypass_dsq, SCX_DSQ_BYPASS, cpu, sch);
}

static struct scx_sched *get_sched_memory(void)
{
	struct scx *scx = scx_state();
	struct scx_sched *sch = list_first_entry_or_null(&scx->free_scheds, struct scx_sched,
							 free_node);
	struct scx_sched old;

	if (!sch) {
		sch = arena_zalloc(this_sim->arena, sizeof(*sch));
		if (!sch)
			return NULL;
		sch->pcpu = arena_calloc(this_sim->arena, nr_cpu_ids(), sizeof(*sch->pcpu));
		sch->global_dsqs = arena_calloc(this_sim->arena, nr_node_ids(),
						sizeof(*sch->global_dsqs));
		sch->next_made = scx->scheds_made;
		scx->scheds_made = sch;
		return sch->pcpu && sch->global_dsqs ? sch : NULL;
	}
	list_del_init(&sch->free_node);
	old = *sch;
	*sch = (struct scx_sched){
		.pcpu = old.pcpu,
		.global_dsqs = old.global_dsqs,
		.dsp_buf_size = old.dsp_buf_size,
		.next_made = old.next_made,
	};
	return sch;
}

/* Step 2; the errors of this step are errno. */
struct scx_sched *scx_alloc_sched(const struct sched_ext_ops *ops)
{
	struct scx *scx = scx_state();
	struct scx_sched *sch = get_sched_memory();
	int cpu;

	if (!sch)
		return NULL;
	sch->ops = *ops;
	sch->dsp_max_batch = ops->dispatch_max_batch ? ops->dispatch_max_batch
						     : scx->limits.dsp_dfl_max_batch;
	sch->exit_info = alloc_exit_info(ops->exit_dump_len);
	if (!sch->exit_info || !alloc_dispatch_buffers(sch, sch->dsp_max_batch))
		return NULL;
	sch->id = ++scx->next_id;
	sch->slice_dfl = SCX_SLICE_DFL;
	sch->watchdog_timeout_ns = timeout_in_jiffies(ops) * machine()->tick_ns;
	sch->dsq_hash = &sch->dsq_map;
	sch->dsq_map.arena = sim_restorable_arena();
	sch->refs = 1;
	INIT_LIST_HEAD(&sch->all_dsqs);
	INIT_LIST_HEAD(&sch->free_node);
	init_irq_work(&sch->error_irq_work, scx_error_irq_workfn);
	init_completion(&sch->disable_done);
	scx_bypass_init(sch);
	for (u32 node = 0; node < nr_node_ids(); node++)
		init_dsq(&sch->global_dsqs[node], SCX_DSQ_GLOBAL, (s32)node, sch);
	for_each_possible_cpu(cpu)
		reset_pcpu(sch, cpu);
	return sch;
}

void scx_get_sched(struct scx_sched *sch)
{
	BUG_ON(!sch->refs);
	sch->refs++;
}

/* D20. Destroying takes locks, so it needs a context of its own. */
static void free_sched_workfn(void *arg)
{
	struct scx_sched *sch = arg;
	struct scx_dispatch_q *dsq, *n;
	int cpu;

	list_for_each_entry_safe(dsq, n, &sch->all_dsqs, all_node)
		destroy_dsq(sch, dsq->id);
	WARN_ON_ONCE(!list_empty(&sch->all_dsqs));
	idmap_free(&sch->dsq_map);
	mevent_disarm(&sch->bypass_lb_timer);
	for_each_possible_cpu(cpu) { /* ERR-67 */
		WARN_ON_ONCE(!list_empty(&sch->pcpu[cpu].to_kick_node));
		WARN_ON_ONCE(!list_empty(&sch->pcpu[cpu].deferred_reenq_local.node));
	}
	list_add(&sch->free_node, &scx_state()->free_scheds);
}

static void free_sched_rcu(struct rcu_head *head)
{
	ctx_spawn_service(scx_cpu_for_work(), "scx_sched_free", free_sched_workfn,
			  container_of(head, struct scx_sched, rcu));
}

void scx_put_sched(struct scx_sched *sch)
{
	BUG_ON(!sch->refs);
	if (!--sch->refs)
		call_rcu(&sch->rcu, free_sched_rcu);
}

static u64 ops_present(const struct sched_ext_ops *ops)
{
	u64 bits = 0;

#define X(op)						\
	if (ops->op)					\
		bits |= 1ULL << SCXTWIN_OP_##op;
	SCXTWIN_OPS_LIST(X)
#undef X
	return bits;
}

#define OP_BIT(op)	(1ULL << SCXTWIN_OP_##op)
#define HOTPLUG_OPS	(OP_BIT(cpu_online) | OP_BIT(cpu_offline))
#define DIRECT_OPS	(OP_BIT(init) | OP_BIT(exit))	/* LIFE-88: tested directly */

/* Step 8 */
static int call_init(struct scx_sched *sch)
{
	int ret = 0;

	if (!sch->ops.init)
		return 0;
	ret = scx_sanitize_err(sch, "init", SCX_CALL_OP_RET(sch, init, NULL, NULL, 0, 0));
	if (ret) {
		scx_error(sch, "ops.init() failed (%d)", ret);
		return ret;
	}
	sch->exit_info->flags |= SCX_EFLAG_INITIALIZED; /* LIFE-87 */
	return 0;
}

/* LIFE-30 */
static int check_hotplug_seq(struct scx_sched *sch)
{
	const u64 seq = READ_ONCE(scx_state()->hotplug_seq);

	if (!sch->ops.hotplug_seq || sch->ops.hotplug_seq == seq)
		return 0;
	scx_exit(sch, SCX_EXIT_UNREG_KERN, (s64)(SCX_ECODE_ACT_RESTART | SCX_ECODE_RSN_HOTPLUG),
		 smp_processor_id(), "expected hotplug seq %llu did not match actual %llu",
		 (unsigned long long)sch->ops.hotplug_seq, (unsigned long long)seq);
	return -EBUSY;
}

/* 30.3 */
static int validate_ops(struct scx_sched *sch)
{
	const struct sched_ext_ops *ops = &sch->ops;

	if ((ops->flags & SCX_OPS_ENQ_LAST) && !ops->enqueue) {
		scx_error(sch, "SCX_OPS_ENQ_LAST requires ops.enqueue() to be implemented");
		return -EINVAL;
	}
	if ((ops->flags & SCX_OPS_BUILTIN_IDLE_PER_NODE) && ops->update_idle &&
	    !(ops->flags & SCX_OPS_KEEP_BUILTIN_IDLE)) {
		scx_error(sch, "SCX_OPS_BUILTIN_IDLE_PER_NODE requires CPU idle selection enabled");
		return -EINVAL;
	}
	return 0;
}

/* Steps 4 to 12: CPUs neither come nor go. */
static int prepare_with_cpus_fixed(struct scx_sched *sch)
{
	struct scx *scx = scx_state();
	int ret;

	percpu_down_read(&scx->hotplug_rwsem);
	WRITE_ONCE(scx->root, sch);
	scx_watchdog_start();
	scx_idle_enable(&sch->ops);
	ret = call_init(sch);
	if (!ret) {
		sch->has_op |= ops_present(&sch->ops) & HOTPLUG_OPS;
		ret = check_hotplug_seq(sch);
	}
	if (!ret)
		scx_idle_update_selcpu_topology(&sch->ops);
	percpu_up_read(&scx->hotplug_rwsem);
	return ret;
}

/* Step 20, LIFE-22 to LIFE-25 */
static int init_all_tasks(struct scx_sched *sch)
{
	struct scx *scx = scx_state();
	struct scx_task_iter sti;
	struct task_struct *p;
	int ret;

	scx_task_iter_start(&sti);
	while ((p = scx_task_iter_next_locked(&sti))) {
		scx_set_task_state(p, SCX_TASK_INIT_BEGIN);
		scx_task_iter_unlock(&sti);
		ret = scx_init_task(sch, p, false);
		scx_task_iter_relock(&sti, p);
		if (scx_get_task_state(p) == SCX_TASK_DEAD) {
			if (!ret)
				scx_exit_task(sch, p, true);
			ret = 0;
			continue;
		}
		if (ret) {
			scx_set_task_state(p, SCX_TASK_NONE);
			scx_task_iter_stop(&sti);
			scx_error(sch, "ops.init_task() failed (%d) for %s[%d]", ret, p->comm, p->pid);
			return ret;
		}
		scx_set_task_state(p, SCX_TASK_INIT);
		scx_set_task_state(p, SCX_TASK_READY);
		raw_spin_lock(&scx->tasks_lock);
		scx_tid_table_add(p);
		raw_spin_unlock(&scx->tasks_lock);
	}
	scx_task_iter_stop(&sti);
	return 0;
}

/* Step 23, LIFE-27 */
static void switch_all_tasks(struct scx_sched *sch)
{
	struct scx_task_iter sti;
	struct task_struct *p;

	scx_task_iter_start(&sti);
	while ((p = scx_task_iter_next_locked(&sti))) {
		const struct sched_class *new_class = scx_setscheduler_class(p);
		int flags = DEQUEUE_SAVE | DEQUEUE_MOVE;
		struct sched_change_ctx change;

		if (scx_get_task_state(p) != SCX_TASK_READY)
			continue;
		if (p->sched_class != new_class)
			flags |= DEQUEUE_CLASS;
		sched_change_begin(&change, p, flags);
		scx_set_task_slice(p, sch->slice_dfl);
		p->sched_class = new_class;
		sched_change_end(&change);
	}
	scx_task_iter_stop(&sti);
}

/* Steps 17 to 21 */
static int init_tasks_with_forks_blocked(struct scx_sched *sch)
{
	struct scx *scx = scx_state();
	int ret;

	percpu_down_write(&scx->fork_rwsem);
	WARN_ON_ONCE(scx->init_task_enabled); /* ERR-69 */
	scx->init_task_enabled = true;
	if (sch->ops.flags & SCX_OPS_TID_TO_TASK)
		scx->tid_hash = &scx->tid_map;
	ret = init_all_tasks(sch);
	percpu_up_write(&scx->fork_rwsem);
	return ret;
}

static int scx_root_enable(struct scx_sched *sch)
{
	struct scx *scx = scx_state();
	const bool partial = sch->ops.flags & SCX_OPS_SWITCH_PARTIAL;
	int cpu, ret;

	WARN_ON_ONCE(scx->root); /* ERR-69 */
	scx->nr_rejected = 0;							/* 3 */
	for_each_possible_cpu(cpu) {
		cpu_rq(cpu)->scx.local_dsq.sched = sch;
		cpu_rq(cpu)->scx.cpuperf_target = SCX_CPUPERF_ONE;
	}
	ret = prepare_with_cpus_fixed(sch);					/* 4 to 12 */
	if (!ret)
		ret = validate_ops(sch);					/* 13 */
	if (ret)
		return ret;
	scx_bypass(sch, true);							/* 15 */
	sch->has_op = ops_present(&sch->ops) & ~DIRECT_OPS;			/* 16 */
	if (sch->ops.cpu_acquire || sch->ops.cpu_release)
		sch->ops.flags |= SCX_OPS_HAS_CPU_PREEMPT;

	ret = init_tasks_with_forks_blocked(sch);				/* 17 to 21 */
	if (ret)
		return ret; /* LIFE-24: bypass stays on, the scheduler dies with it */

	WRITE_ONCE(scx->switching_all, !partial);				/* 22 */
	WRITE_ONCE(scx->enabled, true);
	percpu_down_write(&scx->fork_rwsem);					/* 23 */
	switch_all_tasks(sch);
	percpu_up_write(&scx->fork_rwsem);
	scx_bypass(sch, false);							/* 24 */

	if (!scx_tryset_enable_state(SCX_ENABLED, SCX_ENABLING))		/* 25, LIFE-29 */
		return -EBUSY;
	scx->switched_all = !partial;						/* 26 */
	scx->enable_seq++;							/* 27 */
	return 0;
}

const char *scx_refusal(void)
{
	return scx_state()->refusal ? scx_state()->refusal : "";
}

int scx_enable(const struct sched_ext_ops *ops)
{
	struct scx *scx = scx_state();
	struct scx_sched *sch;
	int ret = check_fields(ops);

	if (ret)
		return ret;
	mutex_lock(&scx->enable_mutex);
	if (READ_ONCE(scx->enable_state) != SCX_DISABLED) {
		mutex_unlock(&scx->enable_mutex);
		return refuse(-EBUSY, "another scheduler is loaded");
	}
	scx_set_enable_state(SCX_ENABLING);
	sch = scx_alloc_sched(ops);
	if (!sch) {
		scx_set_enable_state(SCX_DISABLED);
		mutex_unlock(&scx->enable_mutex);
		return refuse(-ENOMEM, "no memory");
	}
	scx_get_sched(sch);
	ret = scx_root_enable(sch);
	mutex_unlock(&scx->enable_mutex);
	if (ret) {
		/* LIFE-37: an exit that was claimed before stands. */
		scx_error(sch, "scx_root_enable() failed (%d)", ret);
		wait_for_completion(&sch->disable_done);
	}
	scx_put_sched(sch);
	return 0;
}
