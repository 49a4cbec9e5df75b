/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Races in every order. A scenario is led by the hand to where the race begins;
 * from there on it runs again and again, each time in another order of the
 * CPUs' steps, until there is none left. Each execution ends with an outcome,
 * and the outcomes that were seen must be exactly the expected ones.
 *
 *	static struct task_struct *p;
 *
 *	static void setup(void)		// default order
 *	{
 *		race_start(.cpus = 3);
 *		p = race_queued("p", RACE_SRC);
 *		race_will_insert(RACE_X, p, SCX_DSQ_GLOBAL);
 *	}
 *
 *	static void go(void)		// these only begin: what follows is explored
 *	{
 *		race_go(RACE_X);
 *		race_change(p);
 *	}
 *
 *	static const char *outcome(void)
 *	{
 *		PROVES("OPSS-40", race_dequeue.nr == 1);
 *		return race_dequeue.cpu == RACE_X ? "21 x told" : "18 d told";
 *	}
 *
 *	static const struct orders all[] = {
 *		{ .name = "dequeue against global", .setup = setup, .go = go, .outcome = outcome,
 *		  .rules = "RACE-18 RACE-21", .expect = "18 d told | 21 x told" },
 *	};
 *
 *	int main(void)
 *	{
 *		return orders_main(all);
 *	}
 *
 * An execution also fails by a WARN or BUG, an ejection, a deadlock, a broken
 * invariant (watch.h at every step, src/check at the end), a lost task, or the
 * scenario's own PROVES(). Then its order is printed, with as few preemptions
 * as a short search finds.
 *
 * What was seen is then held against searches without reduction, which must not
 * see another end: all orders of the steps labelled in spec 10.7, if these are few
 * enough, else all orders with as many preemptions as the budget admits.
 *
 * Outcomes must depend on what each task went through and on the final state,
 * not on the order of steps that have nothing to do with each other: those are
 * tried in one order only. For the same reason what the policy of a test keeps
 * between callbacks must be declared where it is used, with step_touches(&it)
 * or, if others may come in between there, with yield_point() or await().
 *
 * Environment:
 *	SCXTWIN_ORDERS_LOG=FILE	a line per scenario is added: tools/race-table reads it
 *	SCXTWIN_ORDERS_ONLY=TEXT	scenarios with TEXT in their name
 *	SCXTWIN_ORDERS_SOUND=N	budget of the searches without reduction; 0: there are none
 *	SCXTWIN_ORDERS_BLIND=1	neither invariants nor warnings nor outcomes count: what harm a fault does
 *	SCXTWIN_LABELS_LOG=FILE	what others did between the steps of spec 10.7: labels.h
 *	SCXTWIN_ORDERS_STORY=1	prints the first execution of each outcome
 */
#ifndef TESTS_ORDERS_H
#define TESTS_ORDERS_H

#include <stddef.h>

#include "support/lab.h"

struct orders {
	const char *name;
	const char *rules;		/* noted as proved when all went well; NULL: none */
	void (*setup)(void);		/* must lab_start(.mode = RUN_EXPLORED), as race_start() does */
	void (*go)(void);
	const char *(*outcome)(void);	/* NULL: the execution failed */
	const char *expect;		/* "this | that" */
	u32 bound;			/* 0: every order; else all with at most so many preemptions */
	u64 run_ns;			/* executions end so long after go(); 0: at the same instant */
	u64 limit;			/* executions; 0: 100,000. More are a failure */
	bool audit_steps;		/* src/check at each step, not only at the end */
	bool may_eject;			/* outcome() judges that, by lab_exited() */
};

/* One test per scenario; takes what cmocka's group tests return as exit status. */
#define orders_main(all) __orders_main(__FILE__, (all), sizeof(all) / sizeof((all)[0]))
int __orders_main(const char *file, const struct orders *all, size_t nr);
/* One scenario inside a test of one's own; teardown as for race_start(). */
void orders_explore(const struct orders *o);

/*
 * The test's own variables that change behind go(): their bytes are put back
 * before each execution. Call in setup(), outside nothing is kept.
 */
void orders_keep(void *var, size_t size);

/*
 * For outcome(): the steps of this execution, points as for lab_hold(). How often
 * such a step was taken, and the place of the one behind skip others, -1 if there
 * is none. Compare places only of steps that reach the same object.
 *
 *	orders_count(AT_CLAIM(RACE_X, p))
 *	orders_when(AT_READ_WORD(RACE_X, p), .skip = 1) < orders_when(AT_STORE_WORD(RACE_OUT, p))
 */
#define orders_count(...) __orders_count(&(const struct lab_point){ __VA_ARGS__ })
#define orders_when(...) __orders_when(&(const struct lab_point){ __VA_ARGS__ })
struct orders_step {
	struct choice choice;
	u64 word;		/* what a step that reaches ops_state or holding_cpu finds there */
};
const struct orders_step *orders_steps(u32 *nr);
u32 __orders_count(const struct lab_point *point);
int __orders_when(const struct lab_point *point);

/*
 * A test may look at each step. stands: the context that reached a yield point
 * with what it is about to do there, NULL if no context did; goes: the step
 * that is taken now, which is *stands unless somebody else was chosen. Executions
 * that are cut off because they lead nowhere new are told of, too.
 */
struct orders_hook {
	void (*begin)(void *data);	/* of an execution; may be NULL */
	void (*step)(void *data, const struct choice *stands, const struct choice *goes);
	void *data;
};
void orders_set_hook(const struct orders_hook *hook);	/* NULL: none */

/* What the last scenario came to. */
struct orders_result {
	bool exhaustive;
	u64 executions, cut, steps;
	u32 nr_outcomes;
	u64 nr_end_states, end_states_digest;
	u64 ns;			/* of processor time */
	/*
	 * Searches without reduction, if there were any, and whether they saw all
	 * that the reduced one saw; they never see more.
	 */
	u64 labelled;		/* executions: every order of the labelled steps of spec 10.7 */
	bool labelled_same;
	u64 unreduced;		/* executions: every order with at most so many preemptions */
	u32 unreduced_bound;
	bool same;
};
const struct orders_result *orders_result(void);

#endif /* TESTS_ORDERS_H */
