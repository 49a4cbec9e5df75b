/* SPDX-License-Identifier: GPL-2.0-only */
/* Who may call which kfunc, slices written by the policy itself, messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/ext_rig.h"

#define MS NSEC_PER_MSEC

static struct ext_rig rig;

static const struct ext_step runner[] = {
	{ STEP_RUN, 300 * MS }, { STEP_YIELD, 0 }, { STEP_RUN, 10000 * MS }, { STEP_AGAIN, 0 },
};

static struct sched_ext_ops ops;
static char refused[128];
static char message[128];

static void note_refusal(const char *kfunc, const struct scx_callback_info *info)
{
	snprintf(refused, sizeof(refused), "%s in %s", kfunc, info ? info->op : "nothing");
}

static void note_message(const char *text, void *data)
{
	assert_ptr_equal(data, &rig);
	snprintf(message, sizeof(message), "%s", text);
}

static int start(void **state)
{
	(void)state;
	ops = (struct sched_ext_ops){ .name = "context" };
	refused[0] = message[0] = '\0';
	ext_rig_start(&rig, 2, 1, 0, 1);
	rig.ops_seen = 0;
	scx_set_api_error_handler(note_refusal);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	assert_int_equal(rig.nr_warnings, 0);
	ext_rig_stop(&rig);
	return 0;
}

static void insert_when_running(struct task_struct *p)
{
	assert_false(scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 0, 0));
}

static void kfc_05_09_insert_belongs_to_enqueue_and_dispatch(void **state)
{
	(void)state;
	ops.running = insert_when_running;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_task(&rig, runner, 1);
	assert_string_equal(refused, "scx_bpf_dsq_insert in running");
	assert_string_equal(scx_api_error_text(),
			    "scx_bpf_dsq_insert() must not be called from ops.running()");
}

static void create_when_dumping(struct scx_dump_ctx *ctx)
{
	(void)ctx;
	assert_true(scx_bpf_create_dsq(5, -1) < 0);
	scx_bpf_dump("one line, ");
	scx_bpf_dump("in two parts\nand another");
}

static s32 failing_init(void)
{
	scx_bpf_error("reason %d", 42);
	return 0;
}

static void kfc_06_err_82_dump_may_not_create_but_writes_lines(void **state)
{
	(void)state;
	ops.init = failing_init;
	ops.dump = create_when_dumping;
	ops.enqueue = NULL;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_run(&rig, 1 * MS);
	assert_int_equal(scx_last_exit()->kind, SCX_EXIT_ERROR_BPF);
	assert_string_equal(scx_last_exit()->msg, "reason 42");
	assert_null(strstr(scx_last_exit()->dump, "one line")); /* ops.dump() was not callable yet */
}

static void fail_at_tick(struct task_struct *p)
{
	scx_bpf_error("tick of %d", p->pid);
}

static void err_81_82_output_of_ops_dump_is_collected_into_lines(void **state)
{
	(void)state;
	ops.tick = fail_at_tick;
	ops.dump = create_when_dumping;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_task(&rig, runner, 1);
	ext_rig_run(&rig, 20 * MS);
	assert_string_equal(refused, "scx_bpf_create_dsq in dump");
	assert_non_null(strstr(scx_last_exit()->dump, "\n\none line, in two parts\nand another\n\nCPU states\n"));
	assert_non_null(strstr(scx_last_exit()->dump, " *R script["));
	assert_false(scx_loaded());
}

static void tiny_dump_at_tick(void **state)
{
	const char *dump;

	(void)state;
	ops.tick = fail_at_tick;
	ops.exit_dump_len = 100;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	ext_rig_task(&rig, runner, 1);
	ext_rig_run(&rig, 20 * MS);
	dump = scx_last_exit()->dump;
	assert_true(strlen(dump) < 100);
	assert_non_null(strstr(dump, "TRUNCATED")); /* ERR-83 */
}

static void talk(struct task_struct *p)
{
	bpf_printk("hello from %d\n", p->pid);
}

static void messages_reach_the_handler_and_the_log(void **state)
{
	struct task_struct *p;
	char want[64];
	u64 marks;

	(void)state;
	scx_set_printk_handler(note_message, &rig);
	ops.running = talk;
	assert_int_equal(ext_rig_load(&rig, &ops), 0);
	marks = rig.log.nr_kind[SCXTWIN_EV_MARK];
	p = ext_rig_task(&rig, runner, 1);
	snprintf(want, sizeof(want), "hello from %d", p->pid);
	assert_string_equal(message, want);
	assert_true(rig.log.nr_kind[SCXTWIN_EV_MARK] > marks);
}

/* ---- direct writes move the tick: same log with and without elision */

static void long_slices(struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, 40 * MS, enq_flags);
}

/* Its own slice, and that of a task which runs elsewhere. */
static void write_slices(struct task_struct *p)
{
	struct task_struct *other = scx_bpf_cpu_curr(!scx_bpf_task_cpu(p));

	p->scx.slice += 3 * MS;
	if (other && !(other->flags & PF_IDLE) && other->scx.slice > 7 * MS)
		other->scx.slice = 7 * MS;
}

static void ask_for_more(struct task_struct *p, bool runnable)
{
	if (runnable)
		scx_bpf_task_set_slice(p, 25 * MS);
}

static void run_for_digest(bool elision, char *hex)
{
	struct machine_config cfg;
	struct ext_rig *r = &rig;

	machine_config_default(&cfg);
	cfg.nr_cpus = 2;
	cfg.tick_elision = elision;
	cfg.tick_phase_ns = 1 * MS;
	ext_rig_start_cfg(r, &cfg);
	r->ops_seen = 0;
	ops = (struct sched_ext_ops){
		.name = "writer", .enqueue = long_slices, .running = write_slices,
		.stopping = ask_for_more,
	};
	assert_int_equal(ext_rig_load(r, &ops), 0);
	for (int i = 0; i < 5; i++)
		ext_rig_task(r, runner, i % 2);
	ext_rig_run(r, 2000 * MS);
	digest_final(&r->log.digest, hex);
	assert_true(scx_loaded());
	ext_rig_unload(r);
	ext_rig_stop(r);
}

static void slice_16_direct_writes_are_seen_by_elided_ticks(void **state)
{
	char with[DIGEST_HEX_LEN + 1], without[DIGEST_HEX_LEN + 1];

	(void)state;
	run_for_digest(true, with);
	run_for_digest(false, without);
	assert_string_equal(with, without);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kfc_05_09_insert_belongs_to_enqueue_and_dispatch, start, stop),
		cmocka_unit_test_setup_teardown(kfc_06_err_82_dump_may_not_create_but_writes_lines, start, stop),
		cmocka_unit_test_setup_teardown(err_81_82_output_of_ops_dump_is_collected_into_lines, start, stop),
		cmocka_unit_test_setup_teardown(tiny_dump_at_tick, start, stop),
		cmocka_unit_test_setup_teardown(messages_reach_the_handler_and_the_log, start, stop),
		cmocka_unit_test(slice_16_direct_writes_are_seen_by_elided_ticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
