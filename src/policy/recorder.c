/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The policies of the recordings: the way they decide is that of the recorder
 * that ran on a real kernel, and must stay so even where another way would be
 * better, or the two could not be compared.
 */
#include <errno.h>
#include <string.h>

#include "ext/ext.h"
#include "machine/machine.h"
#include "machine/yield.h"
#include "policy/policy.h"
#include "policy/recorder_state.h"
#include "sched/sched.h"

/* A window that nobody closes; and how often a policy that holds one looks. */
#define WINDOW_LIMIT_NS	(400 * NSEC_PER_MSEC)
#define WINDOW_POLL_NS	(20 * NSEC_PER_USEC)

#define DEFAULT_TIMEOUT_MS 20000

static const struct recorder_policy {
	const char *name;
	enum recorder_mode mode;
	u64 flags;
	bool yield_op, cpu_ops;
} policies[] = {
	{ .name = "fifo", .mode = MODE_FIFO },
	{ .name = "global", .mode = MODE_GLOBAL },
	{ .name = "vtime", .mode = MODE_VTIME },
	{ .name = "bpfq", .mode = MODE_BPFQ },
	{ .name = "bpfq_on", .mode = MODE_BPFQ_ON },
	{ .name = "ddsp", .mode = MODE_DDSP },
	{ .name = "ddsp_user", .mode = MODE_DDSP_USER },
	{ .name = "immed", .mode = MODE_IMMED },
	{ .name = "immed_always", .mode = MODE_IMMED, .flags = SCX_OPS_ALWAYS_ENQ_IMMED },
	{ .name = "fifo_always_immed", .mode = MODE_FIFO, .flags = SCX_OPS_ALWAYS_ENQ_IMMED },
	{ .name = "preempt", .mode = MODE_PREEMPT },
	{ .name = "enq_preempt", .mode = MODE_ENQ_PREEMPT },
	{ .name = "local", .mode = MODE_LOCAL },
	{ .name = "enq_last", .mode = MODE_FIFO, .flags = SCX_OPS_ENQ_LAST },
	{ .name = "bpfq_enq_last", .mode = MODE_BPFQ, .flags = SCX_OPS_ENQ_LAST },
	{ .name = "reenq_tick", .mode = MODE_REENQ_TICK },
	{ .name = "fifo_yield_op", .mode = MODE_FIFO, .yield_op = true },
	{ .name = "fifo_cpu_ops", .mode = MODE_FIFO, .cpu_ops = true },
	{ .name = "drop", .mode = MODE_DROP },
	{ .name = "bad_dsq", .mode = MODE_BAD_DSQ },
	{ .name = "double_insert", .mode = MODE_DOUBLE },
	{ .name = "vtime_local", .mode = MODE_VTIME_LOCAL },
	{ .name = "reenq_loop", .mode = MODE_REENQ_LOOP },
	{ .name = "race_stale", .mode = MODE_RACE_STALE },
	{ .name = "race_global", .mode = MODE_RACE_GLOBAL },
	{ .name = "race_holding", .mode = MODE_RACE_HOLDING },
	{ .name = "race_queueing", .mode = MODE_RACE_QUEUEING },
	{ .name = "plan", .mode = MODE_PLAN },
	{ .name = "plan_always_immed", .mode = MODE_PLAN, .flags = SCX_OPS_ALWAYS_ENQ_IMMED },
	{ .name = "plan_cpu_ops", .mode = MODE_PLAN, .cpu_ops = true },
	{ .name = "plan_migdis", .mode = MODE_PLAN, .flags = SCX_OPS_ENQ_MIGRATION_DISABLED },
	{ .name = "fifo_migdis", .mode = MODE_FIFO, .flags = SCX_OPS_ENQ_MIGRATION_DISABLED },
};

#define NR_POLICIES	(sizeof(policies) / sizeof(policies[0]))
#define COMMON_FLAGS	(SCX_OPS_KEEP_BUILTIN_IDLE | SCX_OPS_SWITCH_PARTIAL)

/* ---- records */

bool recorder_watching(void)
{
	return machine_now() >= recorder()->watch_from;
}

bool recorder_watched(const struct task_struct *p)
{
	return p && recorder_watching() && p->pid > 1 && !(p->flags & (PF_IDLE | PF_KTHREAD));
}

static void emit(const struct task_struct *p, enum record_kind kind, const char *text, u64 arg0,
		 u64 arg1, u64 arg2)
{
	struct recorder *r = recorder();
	struct recorder_record rec = {
		.kind = kind, .task = p, .text = text, .time_ns = machine_now(),
		.cpu = smp_processor_id(), .arg = { arg0, arg1, arg2 },
	};

	if (!recorder_watching())
		return;
	rec.seq = r->next_seq++;
	if (r->listener.record)
		r->listener.record(&rec, r->listener.data);
}

void recorder_emit(const struct task_struct *p, enum record_kind kind, u64 arg0, u64 arg1, u64 arg2)
{
	emit(p, kind, NULL, arg0, arg1, arg2);
}

static void rec(const struct task_struct *p, enum record_kind kind, u64 arg0)
{
	if (recorder_watched(p))
		recorder_emit(p, kind, arg0, 0, 0);
}

void recorder_insert(struct task_struct *p, u64 dsq, u64 slice, u64 enq_flags)
{
	const bool ok = scx_bpf_dsq_insert(p, dsq, slice, enq_flags);

	if (recorder_watched(p))
		recorder_emit(p, RECORD_INSERT, dsq, enq_flags, ok);
}

void recorder_insert_vtime(struct task_struct *p, u64 dsq, u64 slice, u64 vtime, u64 enq_flags)
{
	const bool ok = scx_bpf_dsq_insert_vtime(p, dsq, slice, vtime, enq_flags);

	if (recorder_watched(p))
		recorder_emit(p, RECORD_INSERT_VTIME, dsq, enq_flags, ok);
}

void recorder_reenq(u64 dsq, u64 flags)
{
	recorder_emit(NULL, RECORD_REENQ, dsq, flags, 0);
	scx_bpf_dsq_reenq(dsq, flags);
}

static void insert(struct task_struct *p, u64 dsq, u64 enq_flags)
{
	recorder_insert(p, dsq, recorder()->slice_ns, enq_flags);
}

static void kick(struct task_struct *p, s32 cpu, u64 flags)
{
	scx_bpf_kick_cpu(cpu, flags);
	if (recorder_watched(p))
		recorder_emit(p, RECORD_KICK, (u64)(s64)cpu, flags, 0);
}

/* A queued task whose own CPU is busy may find an idle one: wake that CPU. */
static void kick_idle(struct task_struct *p)
{
	const struct task_struct *curr;
	s32 cpu;

	if (p->nr_cpus_allowed == 1)
		return;
	curr = scx_bpf_cpu_curr(scx_bpf_task_cpu(p));
	if (curr && !curr->pid) /* idle, and the wakeup reschedules it */
		return;
	cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	if (cpu >= 0)
		kick(p, cpu, SCX_KICK_IDLE);
}

void recorder_hold(u32 gate, u32 until, u64 extra_ns)
{
	struct recorder *r = recorder();
	const u64 limit = machine_now() + WINDOW_LIMIT_NS;

	r->gate = gate;
	recorder_emit(NULL, RECORD_WINDOW, true, 0, 0);
	while (r->gate < until && machine_now() < limit)
		ctx_sleep_until(machine_now() + WINDOW_POLL_NS);
	if (extra_ns && r->gate >= until)
		ctx_sleep_until(machine_now() + extra_ns);
	recorder_emit(NULL, RECORD_WINDOW, false, 0, 0);
}

/* The windows of the race policies: armed by gate 1, open at gate 2. */
static void hold_if_armed(u32 until, u64 extra_ns)
{
	if (recorder()->gate == 1)
		recorder_hold(2, until, extra_ns);
}

/* ---- queues */

static struct pid_queue *queue_of(const struct task_struct *p)
{
	const s32 cpu = scx_bpf_task_cpu(p);

	if (p->nr_cpus_allowed != 1)
		return &recorder()->shared_queue;
	return cpu < RECORDER_CPUS ? &recorder()->cpu_queue[cpu] : NULL;
}

bool recorder_push(struct task_struct *p)
{
	struct pid_queue *q = queue_of(p);

	if (!q || q->nr == QUEUE_PLACES)
		return false;
	q->pid[(q->head + q->nr++) % QUEUE_PLACES] = p->pid;
	return true;
}

static bool pop(struct pid_queue *q, s32 *pid)
{
	if (!q->nr)
		return false;
	*pid = q->pid[q->head];
	q->head = (q->head + 1) % QUEUE_PLACES;
	q->nr--;
	return true;
}

static s32 pick_allowed(struct task_struct *p)
{
	const u64 start = recorder()->rr_cpu++;
	const u32 nr = scx_bpf_nr_cpu_ids();
	u32 i;

	for (i = 0; i < nr; i++) {
		const u32 cpu = (u32)((start + i) % nr);

		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
			return (s32)cpu;
	}
	return scx_bpf_task_cpu(p);
}

static u64 drain_target(struct task_struct *p)
{
	const enum recorder_mode mode = recorder()->mode;

	if (mode == MODE_BPFQ_ON)
		return SCX_DSQ_LOCAL_ON | (u64)pick_allowed(p);
	if (mode == MODE_RACE_GLOBAL && p->nr_cpus_allowed > 1)
		return SCX_DSQ_GLOBAL;
	return SCX_DSQ_LOCAL;
}

/* The race policies keep what is in the shared queue until the scenario is ready for it. */
static bool queue_is_closed(const struct pid_queue *q)
{
	const struct recorder *r = recorder();

	if (q != &r->shared_queue)
		return false;
	return (r->mode == MODE_RACE_HOLDING && r->gate < 3) ||
	       (r->mode == MODE_RACE_QUEUEING && r->gate < 2);
}

/* A thread that exits gives up its pid before its last switch. */
static struct task_struct *task_of_pid(s32 pid)
{
	struct task_core *t = find_task_by_pid(pid);

	return t && !(t->task.flags & PF_EXITING) ? &t->task : NULL;
}

/* Takes tasks of one queue and inserts them where the policy wants them. */
static void drain(struct pid_queue *q, s32 cpu)
{
	struct recorder *r = recorder();
	u32 i;

	for (i = 0; i < 8 && !queue_is_closed(q); i++) {
		struct task_struct *p;
		s32 pid;

		if (!pop(q, &pid))
			break;
		p = task_of_pid(pid);
		if (!p)
			continue;
		if (r->mode == MODE_PLAN && !(p->scx.flags & SCX_TASK_IN_CUSTODY))
			continue; /* the plan took it already */
		if (!bpf_cpumask_test_cpu((u32)cpu, p->cpus_ptr)) {
			recorder_push(p);
			break;
		}
		if (recorder_watched(p))
			recorder_emit(p, RECORD_POP, 0, 0, 0);
		insert(p, drain_target(p), 0);
		if (r->mode == MODE_RACE_STALE && p->nr_cpus_allowed > 1)
			hold_if_armed(3, 0); /* inserted, not finished yet */
		if (r->mode != MODE_BPFQ_ON)
			break;
	}
}

static void drain_both(s32 cpu)
{
	if (cpu < RECORDER_CPUS)
		drain(&recorder()->cpu_queue[cpu], cpu);
	drain(&recorder()->shared_queue, cpu);
}

/* ---- callbacks */

static s32 r_select_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct recorder *r = recorder();
	struct verdict *v;
	bool idle = false;
	s32 cpu;

	if (recorder_watched(p))
		recorder_emit(p, RECORD_SELECT_CPU, (u64)(s64)prev_cpu, wake_flags, 0);
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	if (recorder_watched(p))
		recorder_emit(p, RECORD_SELECTED, (u64)(s64)cpu, idle, 0);
	v = plan_select(p);
	if (v) {
		plan_carry_out(v, p, 0);
		return v->cpu >= 0 ? v->cpu : cpu;
	}
	if (r->mode == MODE_DDSP_USER)
		insert(p, RECORDER_DSQ, 0);
	else if ((r->mode == MODE_DDSP || r->mode == MODE_IMMED) && idle)
		insert(p, SCX_DSQ_LOCAL, r->mode == MODE_IMMED ? SCX_ENQ_IMMED : 0);
	return cpu;
}

static void enqueue_by_plan(struct verdict *v, struct task_struct *p, u64 enq_flags)
{
	if ((v->kind == VERDICT_PUSH && recorder_push(p)) || v->kind == VERDICT_HOLD)
		rec(p, RECORD_PUSH, 0);
	plan_carry_out(v, p, enq_flags);
}

static void enqueue_on_queue(struct task_struct *p, u64 enq_flags)
{
	if (recorder_push(p))
		rec(p, RECORD_PUSH, 0);
	else
		insert(p, SCX_DSQ_GLOBAL, enq_flags);
	if (recorder()->mode == MODE_RACE_QUEUEING && p->nr_cpus_allowed > 1)
		hold_if_armed(3, 5 * NSEC_PER_MSEC); /* pushed, still QUEUEING */
	kick_idle(p);
}

/* Policies that do what no policy should; not before the scenario starts. */
static bool enqueue_wrongly(struct task_struct *p, u64 enq_flags)
{
	const struct recorder *r = recorder();

	if (r->mode < MODE_DROP || r->mode > MODE_REENQ_LOOP)
		return false;
	if (!recorder_watching()) {
		insert(p, RECORDER_DSQ, enq_flags);
		return true;
	}
	switch (r->mode) {
	case MODE_BAD_DSQ:
		insert(p, 999, enq_flags);
		break;
	case MODE_DOUBLE:
		insert(p, RECORDER_DSQ, enq_flags);
		insert(p, SCX_DSQ_LOCAL, enq_flags);
		break;
	case MODE_VTIME_LOCAL:
		recorder_insert_vtime(p, SCX_DSQ_LOCAL, r->slice_ns, p->scx.dsq_vtime, enq_flags);
		break;
	case MODE_REENQ_LOOP:
		insert(p, SCX_DSQ_LOCAL, enq_flags | SCX_ENQ_IMMED);
		break;
	default:
		break; /* MODE_DROP: never dispatched */
	}
	return true;
}

static void enqueue_by_mode(struct task_struct *p, u64 enq_flags)
{
	const struct recorder *r = recorder();

	switch (r->mode) {
	case MODE_GLOBAL:
		insert(p, SCX_DSQ_GLOBAL, enq_flags);
		kick_idle(p);
		break;
	case MODE_LOCAL:
		insert(p, SCX_DSQ_LOCAL, enq_flags);
		break;
	case MODE_ENQ_PREEMPT:
		insert(p, SCX_DSQ_LOCAL,
		       enq_flags | (enq_flags & SCX_ENQ_WAKEUP ? SCX_ENQ_PREEMPT : 0));
		break;
	case MODE_IMMED:
		if (enq_flags & SCX_ENQ_REENQ)
			insert(p, RECORDER_DSQ, enq_flags);
		else
			insert(p, SCX_DSQ_LOCAL, enq_flags | SCX_ENQ_IMMED);
		break;
	case MODE_VTIME:
		recorder_insert_vtime(p, RECORDER_DSQ, r->slice_ns, p->scx.dsq_vtime, enq_flags);
		kick_idle(p);
		break;
	case MODE_BPFQ:
	case MODE_BPFQ_ON:
	case MODE_RACE_STALE:
	case MODE_RACE_GLOBAL:
	case MODE_RACE_HOLDING:
	case MODE_RACE_QUEUEING:
		enqueue_on_queue(p, enq_flags);
		break;
	case MODE_PREEMPT:
		insert(p, RECORDER_DSQ, enq_flags);
		if (enq_flags & SCX_ENQ_WAKEUP)
			kick(p, scx_bpf_task_cpu(p), SCX_KICK_PREEMPT);
		break;
	default:
		insert(p, RECORDER_DSQ, enq_flags);
		kick_idle(p);
	}
}

static void r_enqueue(struct task_struct *p, u64 enq_flags)
{
	struct verdict *v;

	rec(p, RECORD_ENQUEUE, enq_flags);
	v = plan_enqueue(p, enq_flags);
	if (v)
		enqueue_by_plan(v, p, enq_flags);
	else if (recorder()->enq_last && (enq_flags & SCX_ENQ_LAST))
		insert(p, SCX_DSQ_LOCAL, enq_flags);
	else if (!enqueue_wrongly(p, enq_flags))
		enqueue_by_mode(p, enq_flags);
}

static void r_dequeue(struct task_struct *p, u64 deq_flags)
{
	rec(p, RECORD_DEQUEUE, deq_flags);
	if (recorder()->mode == MODE_RACE_GLOBAL && !deq_flags && recorder_watched(p))
		hold_if_armed(3, 20 * NSEC_PER_MSEC); /* in finish_dispatch(), DISPATCHING */
}

static void r_dispatch(s32 cpu, struct task_struct *prev)
{
	const struct recorder *r = recorder();

	recorder_emit(recorder_watched(prev) ? prev : NULL, RECORD_DISPATCH, (u64)(s64)cpu, 0, 0);
	switch (r->mode) {
	case MODE_PLAN:
		if (plan_dispatch(cpu, prev))
			return;
		drain_both(cpu);
		break;
	case MODE_BPFQ:
	case MODE_BPFQ_ON:
	case MODE_RACE_STALE:
	case MODE_RACE_GLOBAL:
	case MODE_RACE_HOLDING:
	case MODE_RACE_QUEUEING:
		drain_both(cpu);
		return;
	case MODE_GLOBAL:
	case MODE_LOCAL:
	case MODE_ENQ_PREEMPT:
		return;
	default:
		break;
	}
	if (scx_bpf_dsq_move_to_local(RECORDER_DSQ, 0))
		recorder_emit(NULL, RECORD_MOVE_TO_LOCAL, RECORDER_DSQ, 0, true);
}

static void r_tick(struct task_struct *p)
{
	const struct recorder *r = recorder();

	rec(p, RECORD_TICK, 0);
	if (r->mode == MODE_RACE_HOLDING && scx_bpf_task_cpu(p) == 2)
		hold_if_armed(4, 5 * NSEC_PER_MSEC); /* the rq lock of CPU 2 is held */
	if (r->mode == MODE_REENQ_TICK && recorder_watched(p))
		recorder_reenq(RECORDER_DSQ, 0);
}

static void r_runnable(struct task_struct *p, u64 enq_flags)
{
	rec(p, RECORD_RUNNABLE, enq_flags);
}

static void r_running(struct task_struct *p)
{
	rec(p, RECORD_RUNNING, 0);
}

static void r_stopping(struct task_struct *p, bool runnable)
{
	const struct recorder *r = recorder();
	const u64 weight = p->scx.weight ? p->scx.weight : 100;

	rec(p, RECORD_STOPPING, runnable);
	if (r->mode == MODE_VTIME && p->scx.slice < r->slice_ns)
		scx_bpf_task_set_dsq_vtime(p, p->scx.dsq_vtime +
					   (r->slice_ns - p->scx.slice) * 100 / weight);
}

static void r_quiescent(struct task_struct *p, u64 deq_flags)
{
	rec(p, RECORD_QUIESCENT, deq_flags);
}

static bool r_yield(struct task_struct *from, struct task_struct *to)
{
	bool ok;

	rec(from, RECORD_YIELD, 0);
	if (to)
		return false;
	ok = scx_bpf_task_set_slice(from, 0);
	if (recorder_watched(from))
		recorder_emit(from, RECORD_SET_SLICE, 0, ok, 0);
	return false;
}

static void r_set_weight(struct task_struct *p, u32 weight)
{
	rec(p, RECORD_SET_WEIGHT, weight);
}

static void r_set_cpumask(struct task_struct *p, const struct cpumask *mask)
{
	u64 bits = 0;
	u32 cpu;

	for (cpu = 0; cpu < scx_bpf_nr_cpu_ids() && cpu < 64; cpu++)
		if (bpf_cpumask_test_cpu(cpu, mask))
			bits |= 1ULL << cpu;
	rec(p, RECORD_SET_CPUMASK, bits);
}

static void r_update_idle(s32 cpu, bool idle)
{
	recorder_emit(NULL, RECORD_UPDATE_IDLE, (u64)(s64)cpu, idle, 0);
}

static s32 r_init_task(struct task_struct *p, struct scx_init_task_args *args)
{
	rec(p, RECORD_INIT_TASK, args->fork);
	return 0;
}

static void r_exit_task(struct task_struct *p, struct scx_exit_task_args *args)
{
	rec(p, RECORD_EXIT_TASK, args->cancelled);
}

static void r_enable(struct task_struct *p)
{
	rec(p, RECORD_ENABLE, 0);
}

static void r_disable(struct task_struct *p)
{
	rec(p, RECORD_DISABLE, 0);
}

static void r_cpu_online(s32 cpu)
{
	recorder_emit(NULL, RECORD_CPU_ONLINE, (u64)(s64)cpu, 0, 0);
}

static void r_cpu_offline(s32 cpu)
{
	recorder_emit(NULL, RECORD_CPU_OFFLINE, (u64)(s64)cpu, 0, 0);
}

static void r_cpu_acquire(s32 cpu, struct scx_cpu_acquire_args *args)
{
	(void)args;
	recorder_emit(NULL, RECORD_CPU_ACQUIRE, (u64)(s64)cpu, 0, 0);
}

static void r_cpu_release(s32 cpu, struct scx_cpu_release_args *args)
{
	recorder_emit(NULL, RECORD_CPU_RELEASE, (u64)(s64)cpu, args->reason, 0);
	if (recorder()->plan.reenq_on_release)
		recorder_emit(NULL, RECORD_REENQ_LOCAL, scx_bpf_reenqueue_local(), 0, 0);
}

/* The plan's queues are made once, when the scenario's tasks are there: they do not survive the scheduler. */
static s32 r_init(void)
{
	struct plan *plan = &recorder()->plan;
	const s32 ret = scx_bpf_create_dsq(RECORDER_DSQ, -1);

	while (plan->nr_dsqs && !ret)
		scx_bpf_create_dsq(plan->dsqs[--plan->nr_dsqs], -1);
	return ret;
}

static void r_exit(struct scx_exit_info *ei)
{
	recorder_emit(NULL, RECORD_EXIT, ei->kind, (u64)ei->exit_code, 0);
}

static const struct sched_ext_ops recorder_ops = {
	.select_cpu = r_select_cpu, .enqueue = r_enqueue, .dequeue = r_dequeue,
	.dispatch = r_dispatch, .tick = r_tick, .runnable = r_runnable, .running = r_running,
	.stopping = r_stopping, .quiescent = r_quiescent, .yield = r_yield,
	.set_weight = r_set_weight, .set_cpumask = r_set_cpumask, .update_idle = r_update_idle,
	.init_task = r_init_task, .exit_task = r_exit_task, .enable = r_enable,
	.disable = r_disable, .cpu_online = r_cpu_online, .cpu_offline = r_cpu_offline,
	.init = r_init, .exit = r_exit, .cpu_acquire = r_cpu_acquire,
	.cpu_release = r_cpu_release, .timeout_ms = DEFAULT_TIMEOUT_MS, .name = "recorder",
};

static void recorder_setup(struct sched_ext_ops *ops)
{
	struct recorder *r = recorder();
	const struct recorder_policy *policy = &policies[r->policy];

	BUG_ON(r->policy >= NR_POLICIES);
	r->mode = policy->mode;
	r->enq_last = policy->flags & SCX_OPS_ENQ_LAST;
	ops->flags = policy->flags | COMMON_FLAGS;
	ops->yield = policy->yield_op ? r_yield : NULL;
	ops->cpu_acquire = policy->cpu_ops ? r_cpu_acquire : NULL;
	ops->cpu_release = policy->cpu_ops ? r_cpu_release : NULL;
}

static const struct scxtwin_param recorder_params[] = {
	{
		.name = "policy", .type = SCXTWIN_PARAM_U64, .dflt = 0, .min = 0,
		.max = NR_POLICIES - 1, .state_offset = offsetof(struct recorder, policy),
		.help = "which of the policies that recordings were made under; 0 is fifo",
	},
	SLICE_PARAM(struct recorder),
	{ .name = NULL },
};

const struct scxtwin_policy policy_recorder = {
	.abi = SCXTWIN_POLICY_ABI,
	.name = "recorder",
	.help = "the policies of recordings of a real kernel, for comparing with them",
	.ops = &recorder_ops,
	.state_size = sizeof(struct recorder),
	.params = recorder_params,
	.setup = recorder_setup,
};

/* ---- for the rooms above */

const char *recorder_policy_nth(u32 n, u64 *ops_flags)
{
	if (n >= NR_POLICIES)
		return NULL;
	if (ops_flags)
		*ops_flags = policies[n].flags | COMMON_FLAGS;
	return policies[n].name;
}

/* NR_POLICIES: there is none of that name. */
static u64 policy_of_name(const char *name)
{
	u64 n;

	for (n = 0; n < NR_POLICIES; n++)
		if (!strcmp(policies[n].name, name))
			break;
	return n;
}

bool recorder_policy_known(const char *name)
{
	return policy_of_name(name) < NR_POLICIES;
}

static bool is_loaded_policy(void)
{
	return this_sim->policy && this_sim->policy->desc == &policy_recorder;
}

int recorder_listen(const char *policy, const struct recorder_listener *listener)
{
	struct recorder *r = recorder();

	BUG_ON(!is_loaded_policy());
	if (!recorder_policy_known(policy))
		return -ENOENT;
	r->policy = policy_of_name(policy);
	recorder_setup(&this_sim->policy->ops);
	r->listener = *listener;
	return 0;
}

void recorder_take_scenario(const struct recorder_scenario *sc)
{
	struct sched_ext_ops *ops;
	struct recorder *r;

	if (!is_loaded_policy())
		return;
	r = recorder();
	ops = &this_sim->policy->ops;
	if (sc->slice_ns)
		r->slice_ns = sc->slice_ns;
	r->watch_from = sc->watch_from_ns;
	r->plan = *sc->plan;
	if (sc->attach_later)
		r->plan.nr_dsqs = 0;
	if (sc->timeout_ms)
		ops->timeout_ms = sc->timeout_ms;
	ops->dispatch_max_batch = sc->max_batch;
	if (sc->no_hotplug_ops)
		ops->cpu_online = ops->cpu_offline = NULL;
}

u32 recorder_gate(void)
{
	return is_loaded_policy() ? recorder()->gate : UINT32_MAX;
}

void recorder_set_gate(u32 gate)
{
	if (is_loaded_policy())
		recorder()->gate = gate;
}

void recorder_control(const struct plan_op *op)
{
	if (!is_loaded_policy())
		return;
	plan_control(op);
	scx_slices_maybe_written();
}

void recorder_step(const struct task_struct *by, const char *text)
{
	if (is_loaded_policy())
		emit(by, RECORD_STEP, text, 0, 0, 0);
}

void recorder_switched(const struct task_struct *prev, const struct task_struct *next,
		       bool preempt, u64 prev_state)
{
	if (recorder_watched(prev))
		recorder_emit(prev, RECORD_SWITCH, false, preempt, prev_state);
	if (recorder_watched(next))
		recorder_emit(next, RECORD_SWITCH, true, preempt, 0);
}

void recorder_counted(const char *event, s64 delta)
{
	emit(NULL, RECORD_EVENT, event, (u64)delta, 0, 0);
}

void recorder_note(enum record_kind kind, u64 arg0, u64 arg1)
{
	if (is_loaded_policy())
		recorder_emit(NULL, kind, arg0, arg1, 0);
}
