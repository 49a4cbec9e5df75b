/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kfuncs about CPUs: selection and idle masks (spec 20.8, 32.7), kicks, clock,
 * performance, masks and counts (32.9), and what BPF itself offers a policy.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ext/internal.h"

/* SEL-26, SEL-42 */
static bool check_builtin_idle_enabled(struct scx_sched *sch)
{
	if (READ_ONCE(scx_state()->builtin_idle_enabled))
		return true;
	scx_error(sch, "built-in idle tracking is disabled");
	return false;
}

/* SEL-45 to SEL-47. A node number, or a negative errno. */
static int validate_node(struct scx_sched *sch, s32 node)
{
	if (!READ_ONCE(scx_state()->builtin_idle_per_node)) {
		scx_error(sch, "per-node idle tracking is disabled");
		return -EOPNOTSUPP;
	}
	if (node == NUMA_NO_NODE)
		return -ENOENT;
	if (node < 0 || node >= (s32)nr_node_ids()) {
		scx_error(sch, "invalid node %d", node);
		return -EINVAL;
	}
	return node;
}

/* ---- selection */

/* SEL-33 to SEL-36 */
static s32 select_restricted(const struct task_struct *p, s32 prev_cpu,
			     const struct cpumask *allowed, u64 flags)
{
	const s32 cpu = is_migration_disabled(p) ? task_cpu(p) : (s32)cpumask_first(p->cpus_ptr);

	if (!cpumask_test_cpu((u32)cpu, p->cpus_ptr) ||
	    (allowed && !cpumask_test_cpu((u32)cpu, allowed)))
		return -EBUSY;
	if ((flags & SCX_PICK_IDLE_IN_NODE) &&
	    scx_cpu_node_if_enabled(cpu) != scx_cpu_node_if_enabled(prev_cpu))
		return -EBUSY;
	return scx_idle_test_and_clear_cpu(cpu) ? cpu : -EBUSY;
}

/* SEL-25 to SEL-31 */
static s32 select_cpu_from_kfunc(struct scx_sched *sch, struct task_struct *p, s32 prev_cpu,
				 u64 wake_flags, const struct cpumask *allowed, u64 flags)
{
	const struct scx_ctx *sc = scx_ctx();
	raw_spinlock_t *pi_lock = NULL;
	u64 irq_flags = 0;
	s32 cpu;

	if (!scx_cpu_valid(sch, prev_cpu, NULL))
		return -EINVAL;
	if (!check_builtin_idle_enabled(sch))
		return -EBUSY;
	if (sc->op - 1 == SCXTWIN_OP_select_cpu) {
		if (p != sc->kf_tasks[0]) {
			scx_error(sch, "called on a task not being operated on");
			return -EINVAL;
		}
	} else if (sc->locked_rq) {
		if (task_rq(p) != sc->locked_rq) {
			scx_error(sch, "select_cpu kfunc called cross-task on %s[%d]", p->comm, p->pid);
			return -EINVAL;
		}
	} else {
		pi_lock = &core_of(p)->pi_lock;
		raw_spin_lock_irqsave(pi_lock, irq_flags);
	}
	if (p->nr_cpus_allowed == 1 || is_migration_disabled(p))
		cpu = select_restricted(p, prev_cpu, allowed, flags);
	else
		cpu = scx_select_cpu_dfl(p, prev_cpu, wake_flags, allowed, flags);
	if (pi_lock)
		raw_spin_unlock_irqrestore(pi_lock, irq_flags);
	return cpu;
}

/* SEL-37 */
s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_select_cpu_dfl,
						SCX_KF_SELECT_CPU | SCX_KF_UNLOCKED);
	s32 cpu;

	*is_idle = false;
	if (!sch)
		return -ENODEV;
	cpu = select_cpu_from_kfunc(sch, p, prev_cpu, wake_flags, NULL, 0);
	*is_idle = cpu >= 0;
	if (cpu < 0)
		cpu = prev_cpu;
	scx_kfunc_log(SCXTWIN_KF_select_cpu_dfl, p, (u64)(s64)prev_cpu, *is_idle, cpu);
	return cpu;
}

s32 scx_bpf_select_cpu_and(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
			   const struct cpumask *cpus_allowed, u64 flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_select_cpu_and,
						SCX_KF_SELECT_CPU | SCX_KF_UNLOCKED);
	s32 cpu;

	if (!sch)
		return -ENODEV;
	cpu = select_cpu_from_kfunc(sch, p, prev_cpu, wake_flags, cpus_allowed, flags);
	scx_kfunc_log(SCXTWIN_KF_select_cpu_and, p, (u64)(s64)prev_cpu, flags, cpu);
	return cpu;
}

/* ---- idle masks */

static const struct cpumask *idle_mask_of(int node, bool smt)
{
	return smt && sched_smt_active() ? scx_idle_smtmask(node) : scx_idle_cpumask(node); /* SEL-43 */
}

/* SEL-41, SEL-42 */
static const struct cpumask *get_idle_mask(bool smt)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_NR_KFUNCS, SCX_KF_ANY);
	const struct scx *scx = scx_state();

	if (!sch)
		return scx->empty_mask;
	if (scx->builtin_idle_per_node) {
		scx_error(sch, "SCX_OPS_BUILTIN_IDLE_PER_NODE enabled");
		return scx->empty_mask;
	}
	return check_builtin_idle_enabled(sch) ? idle_mask_of(NUMA_NO_NODE, smt) : scx->empty_mask;
}

static const struct cpumask *get_idle_mask_node(s32 node, bool smt)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_NR_KFUNCS, SCX_KF_ANY);
	const struct scx *scx = scx_state();

	if (!sch || validate_node(sch, node) < 0)
		return scx->empty_mask;
	return idle_mask_of(node, smt);
}

const struct cpumask *scx_bpf_get_idle_cpumask(void)
{
	return get_idle_mask(false);
}

const struct cpumask *scx_bpf_get_idle_smtmask(void)
{
	return get_idle_mask(true);
}

const struct cpumask *scx_bpf_get_idle_cpumask_node(s32 node)
{
	return get_idle_mask_node(node, false);
}

const struct cpumask *scx_bpf_get_idle_smtmask_node(s32 node)
{
	return get_idle_mask_node(node, true);
}

/* KFC-47: the masks are live and shared. */
void scx_bpf_put_idle_cpumask(const struct cpumask *cpumask)
{
	BUG_ON(!cpumask);
}

/* SEL-48 */
bool scx_bpf_test_and_clear_cpu_idle(s32 cpu)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_test_and_clear_cpu_idle, SCX_KF_ANY);
	bool won;

	if (!sch || !check_builtin_idle_enabled(sch) || !scx_cpu_valid(sch, cpu, NULL))
		return false;
	won = scx_idle_test_and_clear_cpu(cpu);
	scx_kfunc_log(SCXTWIN_KF_test_and_clear_cpu_idle, NULL, (u64)cpu, 0, won);
	return won;
}

static s32 any_cpu(const struct cpumask *allowed)
{
	const u32 cpu = cpumask_any_distribute(allowed);

	return cpu < nr_cpu_ids() ? (s32)cpu : -EBUSY;
}

/* SEL-49 */
s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_pick_idle_cpu, SCX_KF_ANY);
	s32 cpu;

	if (!sch)
		return -ENODEV;
	if (scx_state()->builtin_idle_per_node) {
		scx_error(sch, "per-node idle tracking is enabled");
		return -EBUSY;
	}
	if (!check_builtin_idle_enabled(sch))
		return -EBUSY;
	cpu = scx_pick_idle_cpu(cpus_allowed, NUMA_NO_NODE, flags);
	scx_kfunc_log(SCXTWIN_KF_pick_idle_cpu, NULL, flags, 0, cpu);
	return cpu;
}

/* SEL-51, SEL-52 */
s32 scx_bpf_pick_any_cpu(const struct cpumask *cpus_allowed, u64 flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_pick_any_cpu, SCX_KF_ANY);
	s32 cpu = -EBUSY;

	if (!sch)
		return -ENODEV;
	if (scx_state()->builtin_idle_per_node) {
		scx_error(sch, "per-node idle tracking is enabled");
		return -EBUSY;
	}
	if (READ_ONCE(scx_state()->builtin_idle_enabled))
		cpu = scx_pick_idle_cpu(cpus_allowed, NUMA_NO_NODE, flags);
	if (cpu < 0)
		cpu = any_cpu(cpus_allowed);
	scx_kfunc_log(SCXTWIN_KF_pick_any_cpu, NULL, flags, 0, cpu);
	return cpu;
}

/* SEL-50 */
s32 scx_bpf_pick_idle_cpu_node(const struct cpumask *cpus_allowed, s32 node, u64 flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_pick_idle_cpu_node, SCX_KF_ANY);
	s32 cpu;

	if (!sch)
		return -ENODEV;
	node = validate_node(sch, node);
	if (node < 0)
		return node;
	cpu = scx_pick_idle_cpu(cpus_allowed, node, flags);
	scx_kfunc_log(SCXTWIN_KF_pick_idle_cpu_node, NULL, (u64)node, flags, cpu);
	return cpu;
}

/* SEL-53 */
s32 scx_bpf_pick_any_cpu_node(const struct cpumask *cpus_allowed, s32 node, u64 flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_pick_any_cpu_node, SCX_KF_ANY);
	s32 cpu;
	u32 any;

	if (!sch)
		return -ENODEV;
	node = validate_node(sch, node);
	if (node < 0)
		return node;
	cpu = scx_pick_idle_cpu(cpus_allowed, node, flags);
	if (cpu < 0 && (flags & SCX_PICK_IDLE_IN_NODE)) {
		any = cpumask_any_and_distribute(cpumask_of_node(node), cpus_allowed);
		cpu = any < nr_cpu_ids() ? (s32)any : -EBUSY;
	} else if (cpu < 0) {
		cpu = any_cpu(cpus_allowed);
	}
	scx_kfunc_log(SCXTWIN_KF_pick_any_cpu_node, NULL, (u64)node, flags, cpu);
	return cpu;
}

/* ---- kicks, clock, performance */

/* KFC-59. Logged first: with interrupts on the kick is delivered inside the call. */
void scx_bpf_kick_cpu(s32 cpu, u64 flags)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_kick_cpu, SCX_KF_ANY);

	if (!sch)
		return;
	scx_kfunc_log(SCXTWIN_KF_kick_cpu, NULL, (u64)(s64)cpu, flags, 0);
	scx_kick_cpu(sch, cpu, flags);
}

/* KFC-60, CLK-03: the rq of the executing CPU, whatever the callback is about. */
u64 scx_bpf_now(void)
{
	const struct rq *rq = this_rq();

	scx_kfunc_enter(SCXTWIN_KF_now, SCX_KF_ANY);
	return rq->scx.flags & SCX_RQ_CLK_VALID ? READ_ONCE(rq->scx.clock) : machine_now();
}

/* KFC-61 */
u32 scx_bpf_cpuperf_cap(s32 cpu)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_NR_KFUNCS, SCX_KF_ANY);

	if (sch && scx_cpu_valid(sch, cpu, NULL))
		return topology_cpu(cpu)->capacity;
	return SCX_CPUPERF_ONE;
}

u32 scx_bpf_cpuperf_cur(s32 cpu)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_NR_KFUNCS, SCX_KF_ANY);

	if (sch)
		scx_cpu_valid(sch, cpu, NULL);
	return SCX_CPUPERF_ONE;
}

/* KFC-62 */
void scx_bpf_cpuperf_set(s32 cpu, u32 perf)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_KF_cpuperf_set, SCX_KF_ANY);
	const struct rq *locked_rq = scx_ctx()->locked_rq;
	struct rq *rq;
	u64 flags;

	if (!sch)
		return;
	if (perf > SCX_CPUPERF_ONE) {
		scx_error(sch, "Invalid cpuperf target %u for CPU %d", perf, cpu);
		return;
	}
	if (!scx_cpu_valid(sch, cpu, NULL))
		return;
	rq = cpu_rq(cpu);
	if (locked_rq && locked_rq != rq) {
		scx_error(sch, "Invalid target CPU %d", cpu);
		return;
	}
	if (!locked_rq)
		raw_spin_rq_lock_irqsave(rq, &flags);
	rq->scx.cpuperf_target = perf;
	if (!locked_rq)
		raw_spin_rq_unlock_irqrestore(rq, flags);
	scx_kfunc_log(SCXTWIN_KF_cpuperf_set, NULL, (u64)cpu, perf, 0);
}

/* ---- masks and counts */

u32 scx_bpf_nr_cpu_ids(void)
{
	return nr_cpu_ids();
}

u32 scx_bpf_nr_node_ids(void)
{
	return nr_node_ids();
}

/* SEL-54 */
s32 scx_bpf_cpu_node(s32 cpu)
{
	struct scx_sched *sch = scx_kfunc_enter(SCXTWIN_NR_KFUNCS, SCX_KF_ANY);

	return sch && scx_cpu_valid(sch, cpu, NULL) ? cpu_to_node(cpu) : NUMA_NO_NODE;
}

const struct cpumask *scx_bpf_get_possible_cpumask(void)
{
	return cpu_possible_mask();
}

const struct cpumask *scx_bpf_get_online_cpumask(void)
{
	return cpu_online_mask();
}

void scx_bpf_put_cpumask(const struct cpumask *cpumask)
{
	BUG_ON(!cpumask);
}

/* ---- what BPF itself offers */

s32 bpf_get_smp_processor_id(void)
{
	return smp_processor_id();
}

u64 bpf_get_prandom_u64(void)
{
	return rng_u64(&scx_state()->policy_rng);
}

bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask)
{
	return cpu < nr_cpu_ids() && cpumask_test_cpu(cpu, cpumask);
}

u32 bpf_cpumask_first(const struct cpumask *cpumask)
{
	return cpumask_first(cpumask);
}

u32 bpf_cpumask_weight(const struct cpumask *cpumask)
{
	return cpumask_weight(cpumask);
}

bool bpf_cpumask_empty(const struct cpumask *cpumask)
{
	return cpumask_empty(cpumask);
}

static u64 text_hash(const char *text)
{
	u64 hash = DIGEST_K0;

	for (; *text; text++)
		hash = digest_fold(hash ^ (u8)*text, DIGEST_K1);
	return hash;
}

/* The record holds a hash of the text, so the digest sees a changed message. */
void bpf_printk(const char *fmt, ...)
{
	const struct scx *scx = scx_state();
	char text[256];
	va_list args;
	size_t len;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	len = strlen(text);
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	event_emit(SCXTWIN_EV_MARK, smp_processor_id(), SCXTWIN_NO_TASK,
		   SCXTWIN_MARK_POLICY_MESSAGE, text_hash(text), 0, 0);
	if (scx->printk)
		scx->printk(text, scx->printk_data);
}

void scx_set_printk_handler(void (*handler)(const char *text, void *data), void *data)
{
	scx_state()->printk = handler;
	scx_state()->printk_data = data;
}
