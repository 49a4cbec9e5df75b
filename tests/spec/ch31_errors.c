/* SPDX-License-Identifier: GPL-2.0-only */
/* Claiming an exit, its information, the dump, hard failures: spec 31.8 to 31.11. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sched/core.h"
#include "support/say.h"

static struct sched_ext_ops ops;
static struct task_struct *p, *q;
static const struct scx_dump_ctx *dump_ctx;
static struct scx_dump_ctx dump_seen;
static u32 nr_looks;

static int setup(void **state)
{
	say_nothing(state);
	say.dsq = SCX_DSQ_LOCAL;
	ops = say_ops;
	nr_looks = 0;
	return 0;
}

static void start(u32 cpus)
{
	lab_start(.cpus = cpus);
	p = lab_task("p", .cpu = 0);
	q = lab_task("q", .cpu = 0);
	lab_load(&ops);
}

static void err_exit_kinds(void **state)
{
	(void)state;
	PROVES("ERR-05", SCX_EXIT_NONE == 0 && SCX_EXIT_DONE == 1 && SCX_EXIT_UNREG == 64 && SCX_EXIT_UNREG_BPF == 65 &&
			 SCX_EXIT_UNREG_KERN == 66 && SCX_EXIT_SYSRQ == 67 && SCX_EXIT_ERROR == 1024 &&
			 SCX_EXIT_ERROR_BPF == 1025);
	PROVES("LIFE-85", SCX_ECODE_RSN_HOTPLUG == 1ULL << 32 && SCX_ECODE_ACT_RESTART == 1ULL << 48);
	PROVES("ERR-07", strcmp(scx_exit_reason(SCX_EXIT_ERROR), "runtime error") == 0 &&
			 strcmp(scx_exit_reason(SCX_EXIT_ERROR_BPF), "scx_bpf_error") == 0 &&
			 strcmp(scx_exit_reason(SCX_EXIT_ERROR_STALL), "runnable task stall") == 0 &&
			 strcmp(scx_exit_reason(SCX_EXIT_UNREG_BPF), "unregistered from BPF") == 0);
}

static void claim_twice(void *arg)
{
	struct scx_sched *sch = scx_root;

	(void)arg;
	PROVES("ERR-01 ERR-11", scx_exit(sch, SCX_EXIT_ERROR_BPF, 0, 1, "first %d", 1));
	PROVES("ERR-02", sch->aborting && sch->exit_kind == SCX_EXIT_ERROR_BPF &&
			 strcmp(sch->exit_info->msg, "first 1") == 0);
	PROVES("ERR-01 ERR-02", !scx_exit(sch, SCX_EXIT_UNREG, 7, 0, "second"));
	PROVES("ERR-01 ERR-07", strcmp(sch->exit_info->msg, "first 1") == 0 && sch->exit_info->exit_code == 0 &&
				sch->exit_info->exit_cpu == 1 && sch->exit_info->kind == SCX_EXIT_ERROR_BPF &&
				strcmp(sch->exit_info->reason, "scx_bpf_error") == 0);
}

static void look_at_aborting(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)t;
	(void)arg;
	if (op == SCXTWIN_OP_exit_task && ++nr_looks)
		PROVES("ERR-04 ERR-02", scx_root->aborting && scx_root->exit_kind == SCX_EXIT_DONE);
}

static void err_01_02_04_07_the_first_claim_wins(void **state)
{
	(void)state;
	start(2);
	say.look = look_at_aborting;
	lab_outside(claim_twice, NULL);
	lab_run(MS);
	PROVES("ERR-01 ERR-07 UNLD-01", lab_exited(SCX_EXIT_ERROR_BPF, "first 1") && nr_looks);
	PROVES("ERR-07", scx_last_exit()->exit_cpu == 1);
}

static void claim_nothing(void *arg)
{
	(void)arg;
	scx_exit(scx_root, SCX_EXIT_DONE, 0, 0, "what?");
}

static void err_05_none_and_done_are_no_kinds(void **state)
{
	(void)state;
	start(1);
	lab_expect_warn("SCX_EXIT_NONE");
	lab_outside(claim_nothing, NULL);
	lab_run(MS);
	PROVES("ERR-05", lab_exited(SCX_EXIT_ERROR, "what?"));
}

static void fail_in_enqueue(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)arg;
	if (op != SCXTWIN_OP_enqueue || nr_looks++)
		return;
	scx_bpf_error("bad %s", t->comm);
	PROVES("ERR-06 ERR-90", scx_root->bypass_depth == 0 && scx_root->exit_kind == SCX_EXIT_ERROR_BPF);
}

static void err_06_09_11_90_the_callback_goes_on(void **state)
{
	(void)state;
	start(2);
	say.look = fail_in_enqueue;
	lab_from(1);
	lab_wake(p);
	PROVES("ERR-06 ERR-90", lab_happened(p, "select_cpu runnable enqueue .dsq_insert ..."));
	lab_run(MS);
	PROVES("ERR-11 ERR-09", lab_exited(SCX_EXIT_ERROR_BPF, "bad p") && scx_last_exit()->exit_code == 0 &&
				scx_last_exit()->exit_cpu == 1);
}

static void exit_in_enqueue(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)t;
	(void)arg;
	if (op == SCXTWIN_OP_enqueue && !nr_looks++)
		scx_bpf_exit(42, "enough %d", 5);
}

static void err_09_10_an_exit_with_a_code(void **state)
{
	(void)state;
	start(1);
	say.look = exit_in_enqueue;
	lab_wake(p);
	lab_run(MS);
	PROVES("ERR-10 ERR-09", lab_exited(SCX_EXIT_UNREG_BPF, "enough 5") && scx_last_exit()->exit_code == 42 &&
				scx_last_exit()->exit_cpu == 0);
	PROVES("ERR-08", scx_last_exit()->dump[0] == '\0'); /* not a kind of error */
}

static void err_09_a_detach_knows_no_cpu(void **state)
{
	(void)state;
	start(1);
	lab_unload();
	PROVES("ERR-09", lab_exited(SCX_EXIT_UNREG, "") && scx_last_exit()->exit_cpu == -1);
}

/* ---- the dump */

static void say_dump(struct scx_dump_ctx *ctx)
{
	nr_looks++;
	dump_ctx = ctx;
	dump_seen = *ctx;
	PROVES("ERR-86 ERR-08", scx_root->bypass_depth == 0 && smp_processor_id() == 1 && irqs_disabled() &&
				scx_state()->enable_state == SCX_ENABLED);
	scx_bpf_dump("one ");
	scx_bpf_dump("line\nand ");
	scx_bpf_dump("another");
}

static void say_dump_cpu(struct scx_dump_ctx *ctx, s32 cpu, bool idle)
{
	nr_looks++;
	PROVES("ERR-85", ctx == dump_ctx && idle == (cpu_rq(cpu)->curr == cpu_rq(cpu)->idle &&
						     list_empty(&cpu_rq(cpu)->scx.runnable_list)));
	if (cpu == 2)
		scx_bpf_dump("cpu two says\n");
}

static void say_dump_task(struct scx_dump_ctx *ctx, struct task_struct *t)
{
	nr_looks++;
	PROVES("ERR-85", ctx == dump_ctx);
	scx_bpf_dump("task %s says\n", t->comm);
}

static void claim(void *arg)
{
	(void)arg;
	scx_exit(scx_root, SCX_EXIT_ERROR, 0, 1, "for the dump");
}

static void err_08_80_to_86_the_dump(void **state)
{
	const char *dump;

	(void)state;
	ops.dump = say_dump;
	ops.dump_cpu = say_dump_cpu;
	ops.dump_task = say_dump_task;
	start(4);
	lab_wake(p);
	lab_wake(q);
	lab_run(8 * MS);
	lab_from(1);
	lab_outside(claim, NULL);
	lab_run(MS);
	assert_true(lab_exited(SCX_EXIT_ERROR, "for the dump"));
	dump = scx_last_exit()->dump;
	PROVES("ERR-08 ERR-85", nr_looks == 1 + 4 + 2 && dump_seen.kind == SCX_EXIT_ERROR && dump_seen.exit_code == 0 &&
				strcmp(dump_seen.reason, "runtime error") == 0 && dump_seen.at_jiffies == dump_seen.at_ns / (4 * MS));
	PROVES("ERR-08", strstr(dump, "triggered exit kind 1024 on CPU 1:\n  runtime error (for the dump)\n"));
	PROVES("ERR-81 ERR-82", strstr(dump, "\n\none line\nand another\n"));
	PROVES("ERR-82", strstr(dump, "\n  cpu two says\n") && strstr(dump, "\n    task p says\n"));
	/* CPUs 1 and 3 idle and have nothing to say. */
	PROVES("ERR-80", strstr(dump, "\nCPU 0 ") && !strstr(dump, "\nCPU 1 ") && strstr(dump, "\nCPU 2 ") && !strstr(dump, "\nCPU 3 "));
	PROVES("ERR-08", strstr(dump, " *R p[") && strstr(dump, "  R q[") && strstr(dump, "Event counters"));
}

static void err_83_a_dump_that_is_too_long(void **state)
{
	const char *dump;
	size_t len;

	(void)state;
	ops.exit_dump_len = 200;
	start(1);
	lab_wake(p);
	lab_outside(claim, NULL);
	lab_run(MS);
	assert_true(lab_exited(SCX_EXIT_ERROR, "for the dump"));
	dump = scx_last_exit()->dump;
	len = strlen(dump);
	PROVES("ERR-83", len == 199 && strstr(dump, "~~~~ TRUNCATED ~~~~\n") == dump + len - strlen("~~~~ TRUNCATED ~~~~\n"));
}

static void look_at_dump_switch(enum scxtwin_op op, struct task_struct *t, u64 arg)
{
	(void)t;
	(void)arg;
	if (op == SCXTWIN_OP_exit_task)
		PROVES("ERR-84", !scx_root->dump_disabled);
}

static void exit_looks(struct scx_exit_info *info)
{
	char before = info->dump[0];

	nr_looks++;
	PROVES("ERR-84", scx_root->dump_disabled);
	scx_dump_state(scx_root, info, 200);
	PROVES("ERR-84", info->dump[0] == before && !before);
}

static void err_84_no_dump_once_the_tasks_are_gone(void **state)
{
	(void)state;
	ops.exit = exit_looks;
	start(1);
	say.look = look_at_dump_switch;
	lab_unload();
	PROVES("ERR-84", nr_looks == 1);
}

/* ---- what must not be */

static void spoil(void (*fn)(void *arg), const char *text, bool fatal)
{
	lab_by_hand();
	if (fatal)
		lab_expect_bug(text);
	else
		lab_expect_warn(text);
	lab_outside(fn, NULL);
}

static void enable_in_custody(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(p, &rf);

	(void)arg;
	scx_set_task_state(p, SCX_TASK_READY);
	p->scx.flags |= SCX_TASK_IN_CUSTODY;
	scx_enable_task(scx_root, p);
	p->scx.flags &= ~SCX_TASK_IN_CUSTODY;
	task_rq_unlock(rq, p, &rf);
}

static void err_61_custody_at_enable(void **state)
{
	(void)state;
	start(1);
	spoil(enable_in_custody, "SCX_TASK_IN_CUSTODY", false);
	PROVES("ERR-61 CLASS-11", scx_get_task_state(p) == SCX_TASK_ENABLED);
}

static void enqueue_not_queued(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(p, &rf);

	(void)arg;
	set_task_runnable(rq, p);
	scx_do_enqueue_task(rq, p, 0, -1);
	scx_dispatch_dequeue(rq, p);
	clr_task_runnable(p, true);
	task_rq_unlock(rq, p, &rf);
}

static void err_62_enqueue_of_a_task_not_queued(void **state)
{
	(void)state;
	start(1);
	spoil(enqueue_not_queued, "SCX_TASK_QUEUED", false);
	PROVES("ERR-62", !(p->scx.flags & SCX_TASK_QUEUED));
}

static void link_twice(void *arg)
{
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(q, &rf);

	(void)arg;
	list_del_init(&q->scx.runnable_node);
	enqueue_task_scx(rq, q, 0);
	list_add_tail(&q->scx.runnable_node, &rq->scx.runnable_list);
	task_rq_unlock(rq, q, &rf);
}

static void err_63_queued_but_not_on_the_list(void **state)
{
	(void)state;
	start(1);
	lab_wake(p);
	lab_wake(q);
	spoil(link_twice, "runnable_node", false);
	PROVES("ERR-63", q->scx.flags & SCX_TASK_QUEUED);
}

static void spoil_marker(void *arg)
{
	(void)arg;
	this_rq()->scx.direct_dispatch_task = q;
	try_to_wake_up(p, TASK_NORMAL, 0);
}

static void err_64_the_marker_is_not_empty(void **state)
{
	(void)state;
	start(1);
	ops.select_cpu = NULL;
	spoil(spoil_marker, "*ddsp_taskp", false);
	PROVES("ERR-64", lab_called(p, "runnable enqueue running"));
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, lab_stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(err_exit_kinds),
		TEST(err_01_02_04_07_the_first_claim_wins),
		TEST(err_05_none_and_done_are_no_kinds),
		TEST(err_06_09_11_90_the_callback_goes_on),
		TEST(err_09_10_an_exit_with_a_code),
		TEST(err_09_a_detach_knows_no_cpu),
		TEST(err_08_80_to_86_the_dump),
		TEST(err_83_a_dump_that_is_too_long),
		TEST(err_84_no_dump_once_the_tasks_are_gone),
		TEST(err_61_custody_at_enable),
		TEST(err_62_enqueue_of_a_task_not_queued),
		TEST(err_63_queued_but_not_on_the_list),
		TEST(err_64_the_marker_is_not_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
