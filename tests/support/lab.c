/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/chooser.h"
#include "machine/restore.h"

#define MAX_EXPECTED	8

struct expected {
	const char *text;
	bool fatal, came;
};

struct lab {
	struct bench bench;
	struct scx_event_stats base;	/* counters at lab_forget() */
	struct expected expected[MAX_EXPECTED];
	u32 nr_expected;
	bool ignores_warnings;
	const struct scx_exit_info *accepted_exit;
	char names[1024];		/* lab_queue() */
};

static struct lab *lab;

#define FAIL(...) proves_fail(__FILE__, __LINE__, __VA_ARGS__)

/* ---- what must not come */

static void on_bug(const struct bug_site *site, bool fatal, const char *detail)
{
	u32 i;

	for (i = 0; i < lab->nr_expected; i++) {
		struct expected *e = &lab->expected[i];

		if (e->fatal == fatal && (strstr(site->cond, e->text) || strstr(detail, e->text))) {
			e->came = true;
			break;
		}
	}
	if (i == lab->nr_expected && (fatal || !lab->ignores_warnings))
		FAIL("%s in %s() (%s:%u): %s %s", fatal ? "BUG" : "WARN", site->func, site->file,
		     (unsigned int)site->line, site->cond, detail);
	if (!fatal)
		return;
	if (machine_running())
		machine_abort(SCXTWIN_EINTERNAL);
	abort();
}

static void expect(const char *text, bool fatal)
{
	BUG_ON(lab->nr_expected == MAX_EXPECTED);
	lab->expected[lab->nr_expected++] = (struct expected){ .text = text, .fatal = fatal };
}

void lab_expect_warn(const char *text)
{
	expect(text, false);
}

void lab_ignore_warnings(bool on)
{
	lab->ignores_warnings = on;
}

void lab_expect_bug(const char *text)
{
	expect(text, true);
}

static void on_api_error(const char *kfunc, const struct scx_callback_info *info)
{
	FAIL("%s() must not be called from ops.%s()", kfunc, info ? info->op : "(none)");
	machine_abort(SCXTWIN_EFAILED);
}

bool lab_exited(enum scx_exit_kind kind, const char *text)
{
	const struct scx_exit_info *ei = scx_last_exit();

	if (!ei || ei->kind != kind || !strstr(ei->msg, text)) {
		print_error("expected exit %d \"%s\", got %d \"%s\"\n", kind, text,
			    ei ? (int)ei->kind : -1, ei ? ei->msg : "");
		return false;
	}
	lab->accepted_exit = ei;
	return true;
}

/* ---- the machine */

static void tear_down(void)
{
	bench_stop(&lab->bench);
	bug_set_handler(NULL);
	free(lab);
	lab = NULL;
}

static void on_failure(struct bench *b, const char *text)
{
	(void)b;
	FAIL("%s", text);
}

static void on_settled(struct bench *b)
{
	(void)b;
	proves_settle();
}

static u32 follow_holds(struct chooser *c, const struct choice *choices, u32 nr);

static void chooser_nothing(struct chooser *c)
{
	(void)c;
}

void __lab_start(const struct lab_cfg *cfg)
{
	struct machine_config m;

	if (lab)
		tear_down(); /* a lab_stop() that failed left it behind */
	lab = calloc(1, sizeof(*lab));
	assert_non_null(lab);
	machine_config_default(&m);
	m.nr_cpus = cfg->cpus ? cfg->cpus : 2;
	m.smt = cfg->smt ? cfg->smt : m.smt;
	m.nr_nodes = cfg->nodes ? cfg->nodes : m.nr_nodes;
	m.cores_per_llc = cfg->cores_per_llc;
	m.hz = cfg->hz ? cfg->hz : m.hz;
	m.mode = cfg->mode;
	m.force_suspend = cfg->force_suspend;
	m.step_limit = 0;

	bug_set_handler(on_bug);
	lab->bench.failed = on_failure;
	lab->bench.settled = on_settled;
	lab->bench.chooser = (struct chooser){ .choose = follow_holds, .begin = chooser_nothing,
					       .end = chooser_nothing, .asks_always = true };
	assert_int_equal(bench_start(&lab->bench, &m, NULL), 0);
	core_sched()->autogroup = cfg->autogroup;
	assert_int_equal(check_install(), 0);
	scx_set_api_error_handler(on_api_error);
	if (cfg->ops)
		lab_load(cfg->ops);
}

const char *lab_wrong(void)
{
	static char text[1200];
	const struct scx_exit_info *ei = scx_last_exit();
	u32 i;

	for (i = 0; i < lab->nr_expected; i++) {
		if (!lab->expected[i].came) {
			snprintf(text, sizeof(text), "did not come: %s \"%s\"",
				 lab->expected[i].fatal ? "BUG" : "WARN", lab->expected[i].text);
			return text;
		}
	}
	if (ei && ei != lab->accepted_exit && ei->kind >= SCX_EXIT_ERROR) {
		snprintf(text, sizeof(text), "the policy was ejected (%d): %s", (int)ei->kind, ei->msg);
		return text;
	}
	return NULL;
}

int lab_stop(void **state)
{
	const char *left;

	(void)state;
	if (!lab)
		return 0;
	left = proves_failure();
	if (!left)
		left = lab_wrong();
	if (!machine()->aborted && !machine()->stop && !lab_holds_anybody(&lab->bench.holds))
		check_audit();
	if (left)
		print_error("%s\n", left);
	tear_down();
	return left ? -1 : 0;
}

void lab_run(u64 ns)
{
	bench_run(&lab->bench, ns);
}

void lab_settle(void)
{
	bench_settle(&lab->bench);
}

void lab_begin(void)
{
	lab->bench.pending = true;
}

void lab_began(void)
{
	lab->bench.pending = false;
}

/* ---- the outside */

void lab_from(int cpu)
{
	lab->bench.from = cpu;
}

void lab_outside(void (*fn)(void *arg), void *arg)
{
	bench_outside(&lab->bench, fn, arg);
}

void lab_wake_flags(struct task_struct *p, int wake_flags)
{
	bench_wake(&lab->bench, p, wake_flags);
}

void lab_wake(struct task_struct *p)
{
	lab_wake_flags(p, 0);
}

void lab_set_nice(struct task_struct *p, int nice)
{
	bench_set_nice(&lab->bench, p, nice);
}

static const struct cpumask *mask_of(u64 cpus)
{
	BUG_ON(nr_cpu_ids() > 64);
	return bench_mask(cpus);
}

void lab_set_cpus(struct task_struct *p, u64 cpus)
{
	bench_set_cpus(&lab->bench, p, mask_of(cpus));
}

void lab_set_policy(struct task_struct *p, u32 policy, int rt_priority)
{
	bench_set_policy(&lab->bench, p, policy, (u32)rt_priority);
}

void lab_kick(int cpu, u64 flags)
{
	bench_kick(&lab->bench, cpu, flags);
}

void lab_offline(int cpu)
{
	bench_offline(&lab->bench, cpu);
}

void lab_online(int cpu)
{
	bench_online(&lab->bench, cpu);
}

void lab_bypass(bool on)
{
	bench_bypass(&lab->bench, on);
}

struct locked_call {
	struct task_struct *p;
	void (*fn)(struct rq *rq, struct task_struct *p);
};

static void do_locked(void *arg)
{
	const struct locked_call *call = arg;
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(call->p, &rf);

	update_rq_clock(rq);
	call->fn(rq, call->p);
	task_rq_unlock(rq, call->p, &rf);
}

void lab_locked(struct task_struct *p, void (*fn)(struct rq *rq, struct task_struct *p))
{
	const struct locked_call call = { .p = p, .fn = fn };

	lab_outside(do_locked, bench_keep(&call, sizeof(call)));
}

/* ---- the policy */

int lab_try_load(const struct sched_ext_ops *ops)
{
	return bench_load(&lab->bench, ops);
}

void lab_load(const struct sched_ext_ops *ops)
{
	const int ret = lab_try_load(ops);

	if (ret)
		FAIL("scx_enable() returned %d", ret);
	lab_forget();
}

void lab_unload(void)
{
	bench_unload(&lab->bench);
}

/* ---- tasks */

void lab_block(struct task_struct *p)
{
	bench_order(&lab->bench, p, (struct lab_step)BLOCK);
}

void lab_yield(struct task_struct *p)
{
	bench_order(&lab->bench, p, (struct lab_step)YIELD);
}

void lab_exit(struct task_struct *p)
{
	bench_order(&lab->bench, p, (struct lab_step)EXIT);
}

void lab_do(struct task_struct *p, void (*fn)(void *arg), void *arg)
{
	bench_order(&lab->bench, p, (struct lab_step)DO(fn, arg));
}

void lab_call(struct task_struct *p, void (*fn)(void *arg), void *arg)
{
	bench_order(&lab->bench, p, (struct lab_step)CALL(fn, arg));
}

bool lab_gone(const struct task_struct *p)
{
	const struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		if (&t->task == p)
			return false;
	return true;
}

struct task_struct *lab_find(const char *name)
{
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		if (strcmp(t->task.comm, name) == 0)
			return &t->task;
	return NULL;
}

struct task_struct *__lab_task(const char *name, const struct lab_task_cfg *cfg)
{
	const struct bench_birth birth = {
		.name = name, .cpu = cfg->cpu, .cpus = cfg->cpus ? mask_of(cfg->cpus) : NULL, .policy = cfg->policy,
		.rt_priority = cfg->rt_priority, .nice = cfg->nice, .flags = cfg->flags, .awake = cfg->awake,
		.program = lab_program_new(cfg->steps, cfg->repeat),
	};
	struct task_struct *p = bench_task(&lab->bench, &birth);

	if (!cfg->awake)
		lab_forget();
	return p;
}

/* ---- the record */

static void say_difference(const struct task_struct *p, const char *expected, const char *got)
{
	const char *name = p ? p->comm : "", *space = p ? " " : "";

	print_error("%s%sexpected: %s\n%s%s     got: %s\n", name, space, expected, name, space, got);
}

static bool compare(struct task_struct *p, const char *expected, bool all_kinds, bool forget)
{
	const char *got = record_text(&lab->bench.record, p, all_kinds, forget);

	if (record_matches(expected, got))
		return true;
	if (forget)
		say_difference(p, expected, got);
	return false;
}

bool lab_called(struct task_struct *p, const char *expected)
{
	return compare(p, expected, false, true);
}

bool lab_happened(struct task_struct *p, const char *expected)
{
	return compare(p, expected, true, true);
}

bool lab_saw(struct task_struct *p, const char *expected)
{
	return compare(p, expected, false, false);
}

void lab_forget(void)
{
	lab->bench.record.nr = 0;
	scx_read_events(&lab->base);
}

s64 lab_count(enum scx_event_id id)
{
	struct scx_event_stats now;

	scx_read_events(&now);
	return now.count[id] - lab->base.count[id];
}

/* ---- copies */

struct lab_copy {
	struct lab lab;
	struct machine_copy *machine;
};

struct lab_copy *lab_save(void)
{
	struct lab_copy *copy = calloc(1, sizeof(*copy));

	BUG_ON(!copy);
	copy->machine = machine_save();
	BUG_ON(!copy->machine);
	copy->lab = *lab;
	return copy;
}

void lab_restore(const struct lab_copy *copy)
{
	const struct record record = lab->bench.record;

	machine_restore(copy->machine);
	*lab = copy->lab;
	/* What was added since lies behind its end. */
	lab->bench.record.entries = record.entries;
	lab->bench.record.size = record.size;
}

void lab_copy_free(struct lab_copy *copy)
{
	if (!copy)
		return;
	machine_copy_free(copy->machine);
	free(copy);
}

/* ---- holds */

static u32 follow_holds(struct chooser *c, const struct choice *choices, u32 nr)
{
	static const char *const kinds[] = { "read", "write", "rmw", "lock", "trylock", "unlock",
					     "await", "call", "irq" };
	const struct choice step = choices[0];

	(void)c;
	BUG_ON(!nr);
	if (!step.current)
		return 0;
	if (getenv("LAB_TRACE"))
		print_message("  cpu %u %-8s %-7s %s\n", step.cpu, step.context->name, kinds[step.kind], step.label);
	lab_holds_follow(&lab->bench.holds, &step);
	return 0;
}

struct lab_hold *__lab_hold(const struct lab_point *point)
{
	struct lab_hold *h = lab_holds_add(&lab->bench.holds, point);

	BUG_ON(!h);
	return h;
}

bool lab_held(const struct lab_hold *hold)
{
	return hold->ctx;
}

void lab_release(struct lab_hold *hold)
{
	lab_hold_release(hold);
	lab_settle();
}

bool lab_waits(int cpu, const char *label)
{
	const struct ctx *ctx;

	list_for_each_entry(ctx, &machine()->waiters, node)
		if (ctx->cpu == cpu && strstr(ctx->wait_label, label))
			return true;
	return false;
}

/* ---- small looks */

const char *lab_queue(struct scx_dispatch_q *dsq)
{
	const struct scx_dsq_list_node *lnode;
	size_t len = 0;

	lab->names[0] = '\0';
	list_for_each_entry(lnode, &dsq->list, node) {
		if (lnode->flags & SCX_DSQ_LNODE_ITER_CURSOR)
			continue;
		len += (size_t)snprintf(lab->names + len, sizeof(lab->names) - len, "%s%s", len ? " " : "",
					container_of(lnode, struct task_struct, scx.dsq_list)->comm);
	}
	return lab->names;
}

struct scx_dispatch_q *lab_user_dsq(u64 id)
{
	return find_user_dsq(scx_root, id);
}
