/* SPDX-License-Identifier: GPL-2.0-only */
/* Kfuncs about tasks and CPUs, and the counters as a policy reads them (spec 32.7 to 32.13). */
#include "dsq_rig.h"

static struct task_struct *p, *q;
static u32 nr_calls;
static u64 slice_before;

static void start_with(const struct sched_ext_ops *ops)
{
	begin(.cpus = 2);
	p = lab_task("p", .cpu = 1, .cpus = 0x2);
	q = lab_task("q", .cpu = 1, .cpus = 0x2);
	nr_calls = 0;
	lab_load(ops);
}

static void start(void)
{
	start_with(&rig_ops);
}

static bool failed_with(const char *text)
{
	return lab_exited(SCX_EXIT_ERROR, text);
}

/* ---- tasks */

static void ask_for_slice(void *arg)
{
	PROVES("KFC-48", scx_bpf_task_set_slice(p, *(const u64 *)arg));
}

static void ask_for_vtime(void *arg)
{
	PROVES("KFC-50", scx_bpf_task_set_dsq_vtime(p, *(const u64 *)arg));
}

static void slice_at_once(struct task_struct *t, u64 enq_flags UNUSED)
{
	nr_calls++;
	PROVES("KFC-48", scx_bpf_task_set_slice(t, 9 * MS) && t->scx.slice == 9 * MS);
	PROVES("KFC-48", !(t->scx.slice_oob & SCX_SLICE_OOB_PENDING));
	scx_bpf_dsq_insert(t, SCX_DSQ_LOCAL, 0, 0);
}

static void kfc_48_49_slices(void **state)
{
	u64 slice = 7 * MS;

	(void)state;
	start();
	slice_before = p->scx.slice;
	lab_outside(ask_for_slice, &slice); /* it sleeps */
	PROVES("KFC-48", p->scx.slice == slice_before && p->scx.slice_oob & SCX_SLICE_OOB_PENDING);
	PROVES("KFC-49", lab_count(SCX_EV_SLICE_CLAMPED) == 0);
	slice = 1ULL << 43;
	lab_outside(ask_for_slice, &slice);
	PROVES("KFC-49 EV-09", lab_count(SCX_EV_SLICE_CLAMPED) == 1);
	rig.on_enqueue = slice_at_once;
	put(p, SCX_DSQ_LOCAL, 0);
	PROVES("KFC-48", nr_calls && p->scx.slice == 9 * MS);
}

static void kfc_50_a_written_vtime_sorts_nothing(void **state)
{
	u64 vtime = 99;

	(void)state;
	start();
	put_vtime(p, U, 1, 0);
	put_vtime(q, U, 2, 0);
	lab_outside(ask_for_vtime, &vtime);
	PROVES("KFC-50", p->scx.dsq_vtime == 99 && queue_is(user(U), "p q"));
	/* Back to what the queue was sorted by. */
	vtime = 1;
	lab_outside(ask_for_vtime, &vtime);
}

struct looks {
	bool p_runs, q_runs;
	s32 p_cpu;
	struct task_struct *curr[2];
	u32 nr_cpus;
	u64 online;
};

static void look(void *arg)
{
	struct looks *l = arg;

	l->p_runs = scx_bpf_task_running(p);
	l->q_runs = scx_bpf_task_running(q);
	l->p_cpu = scx_bpf_task_cpu(p);
	l->curr[1] = scx_bpf_cpu_curr(1);
	l->nr_cpus = scx_bpf_nr_cpu_ids();
	l->online = scx_bpf_get_online_cpumask()->bits[0];
}

static void curr_of(void *arg)
{
	PROVES("KFC-56", !scx_bpf_cpu_curr(*(const int *)arg));
}

static void kfc_51_52_56_63_looks(void **state)
{
	struct looks l;
	int none = 2;

	(void)state;
	start();
	lab_outside(look, &l);
	PROVES("KFC-56", l.curr[1] == cpu_rq(1)->idle);
	PROVES("KFC-51", !l.p_runs && !l.q_runs);
	put(p, SCX_DSQ_LOCAL, 0);
	put(q, SCX_DSQ_LOCAL, 0);
	lab_outside(look, &l);
	PROVES("KFC-51", l.p_runs && !l.q_runs);
	PROVES("KFC-52", l.p_cpu == 1);
	PROVES("KFC-56", l.curr[1] == p);
	PROVES("KFC-63", l.nr_cpus == 2);
	lab_outside(curr_of, &none);
	PROVES("KFC-56", failed_with("invalid CPU 2"));
}

static void find_by_tid(void *arg)
{
	struct call *c = arg;

	c->p = scx_bpf_tid_to_task(c->dsq);
}

static void kfc_55_tids(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	ops.flags |= SCX_OPS_TID_TO_TASK;
	start_with(&ops);
	PROVES("KFC-55", SYSCALL(find_by_tid, .dsq = p->scx.tid)->p == p);
	PROVES("KFC-55", !SYSCALL(find_by_tid, .dsq = 1ULL << 40)->p && !scx_last_exit());
	lab_stop(NULL);
	start();
	PROVES("KFC-55", !SYSCALL(find_by_tid, .dsq = 1)->p && failed_with("without SCX_OPS_TID_TO_TASK"));
}

/* ---- CPUs */

static void perf_cap(void *arg)
{
	struct call *c = arg;

	c->ret = scx_bpf_cpuperf_cap((s32)c->dsq);
}

static void perf_cur(void *arg)
{
	struct call *c = arg;

	c->ret = scx_bpf_cpuperf_cur((s32)c->dsq);
}

static void perf_set(void *arg)
{
	const struct call *c = arg;

	scx_bpf_cpuperf_set((s32)c->dsq, (u32)c->flags);
}

static void kfc_61_perf_queries(void **state)
{
	(void)state;
	start();
	PROVES("KFC-61 CG-65", SYSCALL(perf_cap, .dsq = 1)->ret == 1024 && SYSCALL(perf_cur, .dsq = 1)->ret == 1024);
	PROVES("KFC-61", !scx_last_exit());
	PROVES("KFC-61", SYSCALL(perf_cap, .dsq = 2)->ret == 1024 && failed_with("invalid CPU 2"));
	lab_stop(NULL);
	start();
	PROVES("KFC-61", SYSCALL(perf_cur, .dsq = 2)->ret == 1024 && failed_with("invalid CPU 2"));
}

static void set_perf_elsewhere(struct task_struct *t UNUSED)
{
	scx_bpf_cpuperf_set(1, 300);
	PROVES("KFC-62", cpu_rq(1)->scx.cpuperf_target == 300);
	scx_bpf_cpuperf_set(0, 300);
}

static void kfc_62_perf_targets(void **state)
{
	(void)state;
	start();
	PROVES("CG-64", cpu_rq(0)->scx.cpuperf_target == 1024);
	SYSCALL(perf_set, .dsq = 0, .flags = 512);
	PROVES("KFC-62 CG-62", cpu_rq(0)->scx.cpuperf_target == 512 && !scx_last_exit());
	lab_unload();
	PROVES("CG-64", cpu_rq(0)->scx.cpuperf_target == 512);
	load();
	PROVES("CG-64", cpu_rq(0)->scx.cpuperf_target == 1024);
	SYSCALL(perf_set, .dsq = 0, .flags = 1025);
	PROVES("KFC-62", failed_with("Invalid cpuperf target"));
	lab_stop(NULL);
	start();
	SYSCALL(perf_set, .dsq = 2, .flags = 5);
	PROVES("KFC-62", failed_with("invalid CPU 2"));
	lab_stop(NULL);
	start();
	rig.on_running = set_perf_elsewhere;
	put(p, SCX_DSQ_LOCAL, 0);
	PROVES("KFC-62", failed_with("Invalid target CPU 0") && cpu_rq(0)->scx.cpuperf_target == 1024);
}

static void kfc_59_kicks(void **state)
{
	(void)state;
	start();
	lab_kick(2, 0);
	PROVES("KFC-59", failed_with("invalid CPU 2"));
}

static u64 online_at[2];

static void note_online(s32 cpu UNUSED)
{
	online_at[1] = scx_bpf_get_online_cpumask()->bits[0];
}

static void note_offline(s32 cpu UNUSED)
{
	online_at[0] = scx_bpf_get_online_cpumask()->bits[0];
}

static void kfc_64_the_online_mask_at_hotplug(void **state)
{
	struct sched_ext_ops ops = rig_ops;

	(void)state;
	ops.cpu_online = note_online;
	ops.cpu_offline = note_offline;
	start_with(&ops);
	lab_offline(1);
	PROVES("KFC-64", online_at[0] == 0x3 && cpu_online_mask()->bits[0] == 0x1);
	lab_online(1);
	PROVES("KFC-64", online_at[1] == 0x3);
}

static void read_events(void *arg)
{
	const struct call *c = arg;

	scx_bpf_events((struct scx_event_stats *)c->it, c->flags);
}

static void kfc_67_events(void **state)
{
	struct scx_event_stats got, want;

	(void)state;
	start();
	lab_bypass(true);
	lab_run(1 * MS);
	lab_bypass(false);
	scx_read_events(&want);
	memset(&got, 0x55, sizeof(got));
	SYSCALL(read_events, .it = (void *)&got, .flags = sizeof(got));
	PROVES("KFC-67", memcmp(&got, &want, sizeof(got)) == 0);
	PROVES("EV-13 EV-20", got.count[SCX_EV_BYPASS_ACTIVATE] == 2);
	PROVES("EV-11", got.count[SCX_EV_BYPASS_DURATION] >= (s64)MS);
	memset(&got, 0x55, sizeof(got));
	SYSCALL(read_events, .it = (void *)&got, .flags = sizeof(s64));
	PROVES("KFC-67", got.count[0] == want.count[0] && got.count[1] == 0x5555555555555555);
	lab_unload();
	SYSCALL(read_events, .it = (void *)&got, .flags = sizeof(got));
	memset(&want, 0, sizeof(want));
	PROVES("KFC-67 KFC-02", memcmp(&got, &want, sizeof(got)) == 0);
}

static void ev_19_an_explicit_slice_is_no_refill(void **state)
{
	(void)state;
	start();
	lab_forget();
	put(p, SCX_DSQ_LOCAL, 0);
	PROVES("EV-19", lab_runs(p) && lab_count(SCX_EV_REFILL_SLICE_DFL) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kfc_48_49_slices),
		TEST(kfc_50_a_written_vtime_sorts_nothing),
		TEST(kfc_51_52_56_63_looks),
		TEST(kfc_55_tids),
		TEST(kfc_61_perf_queries),
		TEST(kfc_62_perf_targets),
		TEST(kfc_59_kicks),
		TEST(kfc_64_the_online_mask_at_hotplug),
		TEST(kfc_67_events),
		TEST(ev_19_an_explicit_slice_is_no_refill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
