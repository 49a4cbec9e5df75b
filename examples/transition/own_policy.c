/* SPDX-License-Identifier: GPL-2.0-only */
/* One callback of a policy of one's own: heavy tasks go to the front of their CPU, others share a queue. */
#include <stdio.h>

#include <scxtwin/lab.h>

#define SHARED 1

static void enqueue(struct task_struct *p, u64 enq_flags)
{
	if (p->scx.weight > 100)
		scx_bpf_dsq_insert(p, SCX_DSQ_LOCAL, SCX_SLICE_DFL, enq_flags | SCX_ENQ_HEAD);
	else
		scx_bpf_dsq_insert(p, SHARED, SCX_SLICE_DFL, enq_flags);
}

static s32 init(void)
{
	return scx_bpf_create_dsq(SHARED, -1);
}

int main(void)
{
	const struct sched_ext_ops ops = { .name = "mine", .enqueue = enqueue, .init = init };
	struct scxtwin_lab *lab = scxtwin_lab_new(.cpus = 1, .ops = &ops);
	struct task_struct *light = scxtwin_lab_task(lab, "light", .cpu = 0);
	struct task_struct *heavy = scxtwin_lab_task(lab, "heavy", .cpu = 0, .nice = -5);

	scxtwin_lab_wake(lab, light);
	scxtwin_lab_wake(lab, heavy);
	puts(scxtwin_lab_show(lab, light));
	puts(scxtwin_lab_show(lab, heavy));
	scxtwin_lab_check(lab, scxtwin_lab_look(lab, light).dsq == SHARED);
	return scxtwin_lab_end(lab);
}
