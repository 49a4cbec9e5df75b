/* SPDX-License-Identifier: GPL-2.0-only */
#include "lab/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/proposed.h"
#include "base/error.h"
#include "check/check.h"
#include "policy/policy.h"

static __thread struct scxtwin_lab *entered;

void lab_fail(struct scxtwin_lab *lab, const char *fmt, ...)
{
	va_list args;

	if (lab->failure[0])
		return;
	va_start(args, fmt);
	vsnprintf(lab->failure, sizeof(lab->failure), fmt, args);
	va_end(args);
}

static void on_bug(const struct bug_site *site, bool fatal, const char *detail)
{
	lab_fail(entered, "%s%s in %s() (%s:%u)%s%s", fatal ? "internal error: " : "the kernel would have warned: ",
		 site->cond, site->func, site->file, site->line, detail && detail[0] ? ": " : "", detail ? detail : "");
	if (!fatal)
		return;
	if (machine() && machine_running())
		machine_abort(SCXTWIN_EINTERNAL);
	if (entered->audit)
		longjmp(*entered->audit, 1);
	fprintf(stderr, "scxtwin: %s\n", entered->failure);
	abort();
}

static void on_api_error(const char *kfunc, const struct scx_callback_info *info)
{
	(void)kfunc;
	(void)info;
	lab_fail(entered, "%s", scx_api_error_text());
	machine_abort(SCXTWIN_EFAILED);
}

static void on_failure(struct bench *b, const char *text)
{
	lab_fail(container_of(b, struct scxtwin_lab, bench), "%s", text);
}

static u32 follow(struct chooser *c, const struct choice *choices, u32 nr)
{
	const struct choice step = choices[0];

	BUG_ON(!nr);
	if (!step.current)
		return 0;
	(void)c;
	passed_note(&entered->passed, &step);
	lab_holds_follow(&entered->bench.holds, &step);
	return 0;
}

static void chooser_nothing(struct chooser *c)
{
	(void)c;
}

bool lab_enter_to_look(struct scxtwin_lab *lab)
{
	if (!lab || !lab->up)
		return false;
	BUG_ON(entered);
	entered = lab;
	this_sim = &lab->bench.sim;
	bug_set_handler(on_bug);
	hand_use(&lab->hand);
	policy_guard_install();
	return true;
}

bool lab_enter(struct scxtwin_lab *lab)
{
	return lab && !lab->failure[0] && lab_enter_to_look(lab);
}

void lab_leave(struct scxtwin_lab *lab)
{
	if (policy_guard_text()[0])
		lab_fail(lab, "%s", policy_guard_text());
	policy_guard_remove();
	hand_use(NULL);
	bug_set_handler(NULL);
	entered = NULL;
	/* this_sim stays: the user's code may ask kfuncs that need no callback. */
}

/* ---- the machine and its policy */

static int open_policy(struct scxtwin_lab *lab, const struct scxtwin_lab_config *cfg, struct scxtwin_error *err)
{
	int ret;

	if (cfg->ops && cfg->policy)
		return error_set(err, SCXTWIN_EUSAGE, "both .ops and .policy are given: one is enough");
	lab->uses_hand = !cfg->ops && !cfg->policy;
	lab->ops = cfg->ops ? *cfg->ops : hand_ops;
	if (!cfg->policy)
		return 0;
	ret = policy_open(cfg->policy, NULL, 0, err);
	if (!ret && this_sim->policy->none)
		ret = error_set(err, SCXTWIN_EUSAGE, "the policy \"%s\" is none that could be loaded", cfg->policy);
	if (!ret)
		lab->ops = this_sim->policy->ops;
	return ret;
}

static int start(struct scxtwin_lab *lab, const struct scxtwin_lab_config *cfg, struct scxtwin_error *err)
{
	struct machine_config m;
	int ret;

	machine_config_default(&m);
	m.nr_cpus = cfg->cpus ? cfg->cpus : 2;
	m.smt = cfg->smt ? cfg->smt : m.smt;
	m.nr_nodes = cfg->nodes ? cfg->nodes : m.nr_nodes;
	m.cores_per_llc = cfg->cores_per_llc;
	m.hz = cfg->hz ? cfg->hz : m.hz;
	m.mode = RUN_EXPLORED;
	m.step_limit = 0;
	m.tick_elision = false; /* slices are looked at */
	lab->bench.failed = on_failure;
	lab->bench.chooser = (struct chooser){ .choose = follow, .begin = chooser_nothing, .end = chooser_nothing,
					       .asks_always = true };
	ret = bench_start(&lab->bench, &m, err);
	ret = ret ?: proposed_parse(cfg->proposed, &this_sim->proposed, err);
	if (ret)
		return ret;
	if (check_install())
		return error_no_memory(err);
	scx_set_api_error_handler(on_api_error);
	return open_policy(lab, cfg, err);
}

struct scxtwin_lab *scxtwin_lab_create(const struct scxtwin_lab_config *cfg)
{
	struct scxtwin_lab *lab = mem_zalloc(sizeof(*lab));
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	char text[1200];

	if (!lab)
		return NULL;
	lab->up = true;
	if (!lab_enter(lab))
		return lab;
	if (start(lab, cfg, &err))
		lab_fail(lab, "%s", err.code ? scxtwin_error_format(&err, text, sizeof(text)) : "no memory");
	lab_leave(lab);
	lab->up = lab->bench.sim.sched && lab->bench.sim.scx;
	return lab;
}

static void judge(struct scxtwin_lab *lab)
{
	const struct scx_exit_info *ei = scx_last_exit();
	jmp_buf out;

	if (ei && ei != lab->seen_exit && ei->kind >= SCX_EXIT_ERROR)
		lab_fail(lab, "the policy was ejected: %s (%d)%s%s", ei->reason, ei->kind, ei->msg[0] ? ": " : "", ei->msg);
	if (machine()->aborted || machine()->stop || lab_holds_anybody(&lab->bench.holds))
		return;
	lab->audit = &out;
	if (!setjmp(out))
		check_audit();
	lab->audit = NULL;
}

int scxtwin_lab_end(struct scxtwin_lab *lab)
{
	int status;

	if (!lab)
		return 1;
	if (lab_enter(lab)) {
		judge(lab);
		lab_leave(lab);
	}
	status = lab->failure[0] != '\0';
	if (status)
		fprintf(stderr, "%s\n", lab->failure);
	this_sim = &lab->bench.sim;
	policy_close();
	bench_stop(&lab->bench);
	free(lab);
	return status;
}

const char *scxtwin_lab_failure(struct scxtwin_lab *lab)
{
	if (!lab)
		return "no memory";
	return lab->failure[0] ? lab->failure : NULL;
}

bool scxtwin_lab_expect(struct scxtwin_lab *lab, bool holds, const char *cond, const char *file, int line)
{
	if (lab && !holds)
		lab_fail(lab, "%s:%d: does not hold: %s", file, line, cond);
	return holds;
}

bool lab_has_cpu(struct scxtwin_lab *lab, int cpu)
{
	if (cpu >= 0 && (u32)cpu < nr_cpu_ids())
		return true;
	lab_fail(lab, "there is no CPU %d, only 0 to %u", cpu, nr_cpu_ids() - 1);
	return false;
}

bool lab_has_task(struct scxtwin_lab *lab, const struct task_struct *p)
{
	const struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		if (&t->task == p)
			return true;
	lab_fail(lab, p ? "a task is used that has ended, or is of another lab" : "a task is NULL");
	return false;
}

static void load(struct scxtwin_lab *lab)
{
	if (lab->loaded)
		return;
	lab->loaded = true;
	if (bench_load(&lab->bench, &lab->ops))
		lab_fail(lab, "the policy's operations table was refused: %s", scx_refusal());
	scx_read_events(&lab->base);
	lab->bench.record.nr = 0;
}

/* What all paths begin with. */
static bool begin(struct scxtwin_lab *lab)
{
	if (!lab_enter(lab))
		return false;
	load(lab);
	if (!lab->failure[0])
		return true;
	lab_leave(lab);
	return false;
}

static bool begin_with(struct scxtwin_lab *lab, const struct task_struct *p)
{
	if (!begin(lab))
		return false;
	if (lab_has_task(lab, p))
		return true;
	lab_leave(lab);
	return false;
}

static bool begin_on(struct scxtwin_lab *lab, int cpu)
{
	if (!begin(lab))
		return false;
	if (lab_has_cpu(lab, cpu))
		return true;
	lab_leave(lab);
	return false;
}

/* ---- paths */

void scxtwin_lab_from(struct scxtwin_lab *lab, int cpu)
{
	if (!lab_enter(lab))
		return;
	if (lab_has_cpu(lab, cpu))
		lab->bench.from = cpu;
	lab_leave(lab);
}

void scxtwin_lab_wake(struct scxtwin_lab *lab, struct task_struct *p)
{
	if (!begin_with(lab, p))
		return;
	bench_wake(&lab->bench, p, 0);
	lab_leave(lab);
}

static const struct cpumask *valid_mask(struct scxtwin_lab *lab, u64 cpus)
{
	const u32 nr = nr_cpu_ids() < 64 ? nr_cpu_ids() : 64;

	if (nr < 64 && cpus >> nr)
		lab_fail(lab, "the mask of CPUs %#llx has more than the machine: there are 0 to %u",
			 (unsigned long long)cpus, nr_cpu_ids() - 1);
	else if (!cpus)
		lab_fail(lab, "the mask of CPUs is empty");
	else
		return bench_mask(cpus);
	return NULL;
}

void scxtwin_lab_set_cpus(struct scxtwin_lab *lab, struct task_struct *p, u64 cpus)
{
	const struct cpumask *mask;

	if (!begin_with(lab, p))
		return;
	mask = valid_mask(lab, cpus);
	if (mask)
		bench_set_cpus(&lab->bench, p, mask);
	lab_leave(lab);
}

void scxtwin_lab_set_nice(struct scxtwin_lab *lab, struct task_struct *p, int nice)
{
	if (!begin_with(lab, p))
		return;
	if (nice < -20 || nice > 19)
		lab_fail(lab, "a nice value of %d, where -20 to 19 are allowed", nice);
	else
		bench_set_nice(&lab->bench, p, nice);
	lab_leave(lab);
}

void scxtwin_lab_set_policy(struct scxtwin_lab *lab, struct task_struct *p, u32 policy, u32 rt_priority)
{
	if (!begin_with(lab, p))
		return;
	bench_set_policy(&lab->bench, p, policy, rt_priority);
	lab_leave(lab);
}

void scxtwin_lab_kick(struct scxtwin_lab *lab, int cpu, u64 flags)
{
	if (!begin_on(lab, cpu))
		return;
	bench_kick(&lab->bench, cpu, flags);
	lab_leave(lab);
}

struct dsq_call {
	u64 dsq, flags;
	s32 ret;
};

static void do_reenq(void *arg)
{
	const struct dsq_call *call = arg;

	scx_bpf_dsq_reenq(call->dsq, call->flags);
}

void scxtwin_lab_reenq(struct scxtwin_lab *lab, u64 dsq, u64 flags)
{
	const struct dsq_call call = { .dsq = dsq, .flags = flags };

	if (!begin(lab))
		return;
	bench_outside(&lab->bench, do_reenq, bench_keep(&call, sizeof(call)));
	lab_leave(lab);
}

void scxtwin_lab_bypass(struct scxtwin_lab *lab, bool on)
{
	if (!begin(lab))
		return;
	if (scx_root)
		bench_bypass(&lab->bench, on);
	else
		lab_fail(lab, "no policy is loaded that could be bypassed");
	lab_leave(lab);
}

void scxtwin_lab_offline(struct scxtwin_lab *lab, int cpu)
{
	if (!begin_on(lab, cpu))
		return;
	bench_offline(&lab->bench, cpu);
	lab_leave(lab);
}

void scxtwin_lab_online(struct scxtwin_lab *lab, int cpu)
{
	if (!begin_on(lab, cpu))
		return;
	bench_online(&lab->bench, cpu);
	lab_leave(lab);
}

void scxtwin_lab_unload(struct scxtwin_lab *lab)
{
	if (!begin(lab))
		return;
	bench_unload(&lab->bench);
	lab_leave(lab);
}

void scxtwin_lab_call(struct scxtwin_lab *lab, void (*fn)(void *arg), void *arg)
{
	if (!begin(lab))
		return;
	bench_outside(&lab->bench, fn, arg);
	lab_leave(lab);
}

static void order(struct scxtwin_lab *lab, struct task_struct *p, enum lab_step_kind kind)
{
	if (!begin_with(lab, p))
		return;
	bench_order(&lab->bench, p, (struct lab_step){ .kind = kind });
	lab_leave(lab);
}

void scxtwin_lab_sleep(struct scxtwin_lab *lab, struct task_struct *p)
{
	order(lab, p, LAB_BLOCK);
}

void scxtwin_lab_yield(struct scxtwin_lab *lab, struct task_struct *p)
{
	order(lab, p, LAB_YIELD);
}

void scxtwin_lab_exit(struct scxtwin_lab *lab, struct task_struct *p)
{
	order(lab, p, LAB_EXIT);
}

void scxtwin_lab_run(struct scxtwin_lab *lab, u64 ns)
{
	if (!begin(lab))
		return;
	bench_run(&lab->bench, ns);
	lab_leave(lab);
}

/* ---- the hand */

static bool needs_hand(struct scxtwin_lab *lab, const char *what)
{
	if (!lab->uses_hand)
		lab_fail(lab, "%s is for the lab's own policy; the one that is loaded decides for itself", what);
	return lab->uses_hand;
}

static void do_create_dsq(void *arg)
{
	struct dsq_call *call = arg;

	call->ret = scx_bpf_create_dsq(call->dsq, -1);
}

/* A user's own queue comes into being when it is first named. */
static bool provide_dsq(struct scxtwin_lab *lab, u64 id)
{
	const struct dsq_call init = { .dsq = id };
	struct dsq_call *call;

	if (!(id & SCX_DSQ_FLAG_BUILTIN) && id && !find_user_dsq(scx_root, id)) {
		call = bench_keep(&init, sizeof(init));
		bench_outside(&lab->bench, do_create_dsq, call);
		if (call->ret)
			lab_fail(lab, "queue %#llx cannot be created: error %d", (unsigned long long)id, call->ret);
		return !call->ret;
	}
	if ((id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		return lab_has_cpu(lab, (int)(id & SCX_DSQ_LOCAL_CPU_MASK));
	if (!id || ((id & SCX_DSQ_FLAG_BUILTIN) && id != SCX_DSQ_GLOBAL && id != SCX_DSQ_LOCAL))
		lab_fail(lab, "%#llx is no queue that a task can be inserted into: there are SCX_DSQ_LOCAL, "
			      "SCX_DSQ_LOCAL_ON | cpu, SCX_DSQ_GLOBAL, and your own by number", (unsigned long long)id);
	return !lab->failure[0];
}

void scxtwin_lab_insert(struct scxtwin_lab *lab, u64 dsq, u64 enq_flags)
{
	if (!begin(lab))
		return;
	if (needs_hand(lab, "scxtwin_lab_insert()") && (dsq == SCXTWIN_LAB_KEEP || provide_dsq(lab, dsq))) {
		lab->hand.dsq = dsq;
		lab->hand.enq_flags = enq_flags;
		lab->hand.slice = lab->hand.vtime = 0;
	}
	lab_leave(lab);
}

static bool was_done(const struct hand *h, int cpu)
{
	u32 i;

	for (i = 0; i < h->nr_told; i++)
		if (h->told[i].cpu == cpu)
			return false;
	return true;
}

static void tell(struct scxtwin_lab *lab, const struct hand_told *told)
{
	const int from = lab->bench.from;
	const bool idle = cpu_rq(told->cpu)->curr == cpu_rq(told->cpu)->idle;

	if (!hand_tell(&lab->hand, told)) {
		lab_fail(lab, "ops.dispatch() was told %d things that it did not come to do", HAND_MAX_TOLD);
		return;
	}
	/* From there, so that its own context is free to take it. A task with slice left would go on. */
	lab->bench.from = told->cpu;
	bench_kick(&lab->bench, told->cpu, idle ? 0 : SCX_KICK_PREEMPT);
	lab->bench.from = from;
	if (!was_done(&lab->hand, told->cpu) && !lab_holds_anybody(&lab->bench.holds))
		lab_fail(lab, "CPU %d did not call ops.dispatch(): it runs %s", told->cpu,
			 cpu_rq(told->cpu)->curr->comm);
}

void scxtwin_lab_dispatch(struct scxtwin_lab *lab, int cpu, struct task_struct *p, u64 dsq, u64 enq_flags)
{
	if (!begin_with(lab, p))
		return;
	if (needs_hand(lab, "scxtwin_lab_dispatch()") && lab_has_cpu(lab, cpu) && provide_dsq(lab, dsq))
		tell(lab, &(struct hand_told){ .cpu = cpu, .p = p, .dsq = dsq, .enq_flags = enq_flags });
	lab_leave(lab);
}

void scxtwin_lab_move_to_local(struct scxtwin_lab *lab, int cpu, u64 dsq)
{
	if (!begin_on(lab, cpu))
		return;
	if (needs_hand(lab, "scxtwin_lab_move_to_local()") && lab_dsq(lab, dsq))
		tell(lab, &(struct hand_told){ .cpu = cpu, .dsq = dsq });
	lab_leave(lab);
}

/* ---- holds */

static void name_point(struct scxtwin_lab *lab, struct scxtwin_lab_hold *h, const char *at)
{
	h->since = lab->passed.clock;
	snprintf(h->at, sizeof(h->at), "%s", at);
	point_parse(&h->point, h->at);
}

static struct scxtwin_lab_hold *add_hold(struct scxtwin_lab *lab, const struct lab_point *point, const char *at)
{
	struct scxtwin_lab_hold *h = &lab->holds[lab->nr_holds];

	if (lab->nr_holds == LAB_MAX_HOLDS) {
		lab_fail(lab, "more than %d holds in one lab", LAB_MAX_HOLDS);
		return NULL;
	}
	lab->nr_holds++;
	h->point = *point;
	name_point(lab, h, at);
	h->hold = lab_holds_add(&lab->bench.holds, &h->point);
	return h;
}

struct scxtwin_lab_hold *scxtwin_lab_add_hold(struct scxtwin_lab *lab, const struct scxtwin_lab_point *point)
{
	const struct lab_point pt = { .cpu = point->cpu, .about = point->task, .skip = point->skip };
	struct scxtwin_lab_hold *h = NULL;

	if (!begin_on(lab, point->cpu))
		return NULL;
	if (!point->at || !point->at[0])
		lab_fail(lab, "a hold needs .at, such as \"change p->scx.ops_state\" or \"ops.enqueue\"");
	else if (!point->task || lab_has_task(lab, point->task))
		h = add_hold(lab, &pt, point->at);
	lab_leave(lab);
	return h;
}

bool scxtwin_lab_held(struct scxtwin_lab *lab, const struct scxtwin_lab_hold *hold)
{
	return lab && hold && hold->hold->ctx;
}

static bool stands(struct scxtwin_lab *lab, const struct scxtwin_lab_hold *h)
{
	char text[1200];

	if (!h) {
		lab_fail(lab, "a hold is NULL");
		return false;
	}
	if (h->hold->ctx)
		return true;
	point_explain(&lab->passed, &h->point, h->at, h->since, text, sizeof(text));
	lab_fail(lab, "%s", text);
	return false;
}

static void release(struct scxtwin_lab *lab, struct scxtwin_lab_hold *h)
{
	if (!stands(lab, h))
		return;
	lab_hold_release(h->hold);
	bench_settle(&lab->bench);
}

void scxtwin_lab_release(struct scxtwin_lab *lab, struct scxtwin_lab_hold *hold)
{
	if (!lab_enter(lab))
		return;
	release(lab, hold);
	lab_leave(lab);
}

void scxtwin_lab_advance(struct scxtwin_lab *lab, struct scxtwin_lab_hold *hold, const char *at)
{
	if (!lab_enter(lab))
		return;
	if (stands(lab, hold)) {
		hold->point = (struct lab_point){ .cpu = hold->point.cpu };
		name_point(lab, hold, at);
		lab_hold_move(hold->hold, &hold->point);
		bench_settle(&lab->bench);
	}
	lab_leave(lab);
}

void scxtwin_lab_go_on(struct scxtwin_lab *lab, struct task_struct *p)
{
	u32 i;

	if (!begin_with(lab, p))
		return;
	for (i = 0; i < lab->nr_holds; i++)
		if (lab->holds[i].point.claimed == p && lab->holds[i].hold->ctx)
			break;
	if (i == lab->nr_holds)
		lab_fail(lab, "no CPU stands there with %s claimed", p->comm);
	else
		release(lab, &lab->holds[i]);
	lab_leave(lab);
}

const char *scxtwin_lab_waits(struct scxtwin_lab *lab, int cpu)
{
	const char *label = NULL;
	const struct ctx *ctx;
	u32 i;

	if (!lab_enter_to_look(lab))
		return NULL;
	list_for_each_entry(ctx, &machine()->waiters, node) {
		for (i = 0; i < lab->nr_holds && lab->holds[i].hold->ctx != ctx; i++)
			;
		if (ctx->cpu == cpu && i == lab->nr_holds && !label)
			label = ctx->wait_label;
	}
	lab_leave(lab);
	return label;
}

/* ---- tasks in a state */

/*
 * Once there is a policy, a task comes to its sleep in the class above: it needs no
 * leave of the policy, and who runs on that CPU goes on with the slice that it has.
 */
static struct task_struct *give_birth(struct scxtwin_lab *lab, const char *name, const struct scxtwin_lab_task *cfg,
				      const struct cpumask *cpus)
{
	const struct bench_birth birth = {
		.name = name, .cpu = cfg->cpu, .cpus = cpus, .nice = cfg->nice,
		.policy = lab->loaded ? SCHED_FIFO : cfg->policy,
		.rt_priority = lab->loaded ? 99 : cfg->rt_priority,
		.program = lab_program_new(NULL, false),
	};
	struct task_struct *p = bench_task(&lab->bench, &birth);

	if (p && lab->loaded)
		bench_set_policy(&lab->bench, p, cfg->policy, cfg->rt_priority);
	return p;
}

static void wake_into(struct scxtwin_lab *lab, struct task_struct *p, u64 dsq, const struct scxtwin_lab_task *cfg)
{
	const struct hand before = lab->hand;
	const int from = lab->bench.from;

	lab->hand.dsq = dsq;
	lab->hand.slice = cfg->slice;
	lab->hand.vtime = cfg->vtime;
	lab->hand.enq_flags = 0;
	lab->bench.from = cfg->cpu;
	bench_wake(&lab->bench, p, 0);
	lab->bench.from = from;
	lab->hand = before;
}

static struct task_struct *add_task(struct scxtwin_lab *lab, const char *name, const struct scxtwin_lab_task *cfg);

static void keep_busy(struct scxtwin_lab *lab, int cpu)
{
	const struct scxtwin_lab_task busy = { .cpu = cpu, .cpus = 1ULL << cpu, .in = SCXTWIN_LAB_RUNNING,
					       .slice = SCX_SLICE_INF };
	char name[TASK_COMM_LEN];

	if (cpu_rq(cpu)->curr != cpu_rq(cpu)->idle)
		return;
	snprintf(name, sizeof(name), "busy%d", cpu);
	add_task(lab, name, &busy);
}

static void put_on_dsq(struct scxtwin_lab *lab, struct task_struct *p, const struct scxtwin_lab_task *cfg)
{
	if (!provide_dsq(lab, cfg->dsq))
		return;
	if (cfg->vtime && cfg->dsq & SCX_DSQ_FLAG_BUILTIN) {
		lab_fail(lab, "%s: .vtime is for queues of your own, built-in ones have no such order", p->comm);
		return;
	}
	if ((cfg->dsq & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		keep_busy(lab, (int)(cfg->dsq & SCX_DSQ_LOCAL_CPU_MASK));
	if (cfg->dsq & SCX_DSQ_FLAG_BUILTIN)
		keep_busy(lab, cfg->cpu);
	wake_into(lab, p, cfg->dsq, cfg);
}

static void claim(struct scxtwin_lab *lab, struct task_struct *p, const struct scxtwin_lab_task *cfg)
{
	const struct lab_point point = { .cpu = cfg->by, .label = "", .claimed = p };

	if (!needs_hand(lab, "SCXTWIN_LAB_DISPATCHING") || !lab_has_cpu(lab, cfg->by) || !provide_dsq(lab, cfg->dsq))
		return;
	wake_into(lab, p, SCXTWIN_LAB_KEEP, cfg);
	if (add_hold(lab, &point, ""))
		tell(lab, &(struct hand_told){ .cpu = cfg->by, .p = p, .dsq = cfg->dsq });
}

static bool is_in_state(const struct task_struct *p, const struct scxtwin_lab_task *cfg)
{
	const u64 opss = scx_opss_state((u64)p->scx.ops_state.counter);

	switch (cfg->in) {
	case SCXTWIN_LAB_SLEEPING:
		return !p->on_rq;
	case SCXTWIN_LAB_RUNNING:
		return cpu_rq(cfg->cpu)->curr == p;
	case SCXTWIN_LAB_CUSTODY:
		return opss == SCX_OPSS_QUEUED;
	case SCXTWIN_LAB_QUEUED:
		return p->scx.dsq && !list_empty(&p->scx.dsq_list.node);
	case SCXTWIN_LAB_DISPATCHING:
		return opss == SCX_OPSS_DISPATCHING;
	}
	return false;
}

static const char *state_name(enum scxtwin_lab_state state)
{
	static const char *const names[] = { "asleep", "running", "in custody", "on a queue", "being dispatched" };

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "in a known state";
}

static struct task_struct *add_task(struct scxtwin_lab *lab, const char *name, const struct scxtwin_lab_task *cfg)
{
	const struct cpumask *cpus = cfg->cpus ? valid_mask(lab, cfg->cpus) : NULL;
	struct task_struct *p;

	if (cfg->cpus && cfg->cpu < 64 && !(cfg->cpus >> cfg->cpu & 1))
		lab_fail(lab, "%s: CPU %d is not in its mask %#llx", name, cfg->cpu, (unsigned long long)cfg->cpus);
	p = lab->failure[0] ? NULL : give_birth(lab, name, cfg, cpus);
	if (!p)
		return NULL;
	if (cfg->in != SCXTWIN_LAB_SLEEPING)
		load(lab);
	if (lab->failure[0])
		return NULL;
	if (cfg->in == SCXTWIN_LAB_RUNNING)
		wake_into(lab, p, SCX_DSQ_LOCAL, cfg);
	else if (cfg->in == SCXTWIN_LAB_CUSTODY)
		wake_into(lab, p, SCXTWIN_LAB_KEEP, cfg);
	else if (cfg->in == SCXTWIN_LAB_QUEUED && lab->uses_hand)
		put_on_dsq(lab, p, cfg);
	else if (cfg->in == SCXTWIN_LAB_QUEUED)
		wake_into(lab, p, 0, cfg);
	else if (cfg->in == SCXTWIN_LAB_DISPATCHING)
		claim(lab, p, cfg);
	return p;
}

struct task_struct *scxtwin_lab_add_task(struct scxtwin_lab *lab, const char *name,
					 const struct scxtwin_lab_task *cfg)
{
	struct task_struct *p = NULL;
	bool reached;

	if (!lab_enter(lab))
		return NULL;
	if (lab_has_cpu(lab, cfg->cpu))
		p = add_task(lab, name, cfg);
	lab->bench.record.nr = 0;
	reached = p && is_in_state(p, cfg);
	lab_leave(lab);
	if (p && !reached)
		lab_fail(lab, "%s is not %s: %s", name, state_name(cfg->in), scxtwin_lab_show(lab, p));
	return lab->failure[0] ? NULL : p;
}
