/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU 2 has picked a task from a queue and is about to lock its CPU, when it is forbidden to run there. */
#include <stdio.h>

#include <scxtwin/lab.h>

int main(void)
{
	struct scxtwin_lab *lab = scxtwin_lab_new(.cpus = 3);
	struct task_struct *p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_QUEUED, .dsq = 7);
	struct scxtwin_lab_hold *consumer = scxtwin_lab_hold(lab, .cpu = 2, .at = "write p->scx.holding_cpu");

	scxtwin_lab_move_to_local(lab, 2, 7);
	scxtwin_lab_advance(lab, consumer, "lock rq_lock");
	puts(scxtwin_lab_show(lab, p));
	scxtwin_lab_set_cpus(lab, p, 1 << 1);
	puts(scxtwin_lab_show(lab, p));
	scxtwin_lab_release(lab, consumer);
	puts(scxtwin_lab_calls(lab, p));
	return scxtwin_lab_end(lab);
}
