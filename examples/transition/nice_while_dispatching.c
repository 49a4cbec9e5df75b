/* SPDX-License-Identifier: GPL-2.0-only */
/* A task is reniced while another CPU is in the middle of dispatching it. */
#include <stdio.h>

#include <scxtwin/lab.h>

int main(void)
{
	struct scxtwin_lab *lab = scxtwin_lab_new(.cpus = 3);
	struct task_struct *p = scxtwin_lab_task(lab, "p", .cpu = 1, .in = SCXTWIN_LAB_DISPATCHING, .by = 2,
						 .dsq = SCX_DSQ_GLOBAL);

	scxtwin_lab_set_nice(lab, p, 5);
	printf("CPU 0 waits for %s\n%s\n", scxtwin_lab_waits(lab, 0), scxtwin_lab_show(lab, p));
	scxtwin_lab_go_on(lab, p);
	puts(scxtwin_lab_calls(lab, p));
	puts(scxtwin_lab_show(lab, p));
	return scxtwin_lab_end(lab);
}
