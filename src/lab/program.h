/* SPDX-License-Identifier: GPL-2.0-only */
/* What led tasks do with the CPU: steps, and orders that come before them. */
#ifndef LAB_PROGRAM_H
#define LAB_PROGRAM_H

#include "sched/sched.h"

/* Behind the last step a task runs for ever. */
enum lab_step_kind { LAB_END, LAB_RUN, LAB_BLOCK, LAB_YIELD, LAB_EXIT, LAB_DO, LAB_CALL };
struct lab_step {
	enum lab_step_kind kind;
	u64 ns;			/* LAB_RUN */
	void (*fn)(void *arg);	/* LAB_DO: does not sleep; LAB_CALL: may sleep */
	void *arg;
};
#define LAB_MAX_STEPS	64

struct lab_program;
/* In the arena. steps: up to LAB_END, NULL: none. */
struct lab_program *lab_program_new(const struct lab_step *steps, bool repeat);
/* The next thing a task of this program does, before its steps. */
void lab_program_order(struct lab_program *prog, struct lab_step step);
/* The same; what p was running ends at this instant. */
void lab_order(struct task_struct *p, struct lab_step step);
extern const struct user_ops lab_user_ops;

#endif /* LAB_PROGRAM_H */
