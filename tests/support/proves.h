/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Proofs of rules of the specification, by rule ID.
 *
 *	PROVES("OPSS-14", p->scx.dsq == NULL);
 *	PROVES("CB-03 ENQ-10", lab_called(p, "select_cpu runnable enqueue"));
 *
 * A condition that does not hold fails the test, and inside the simulation (a
 * callback of the test's policy) it ends the run first. One that holds is noted
 * in the file named by SCXTWIN_SPEC_LOG, if that is set: one rule ID a line. So
 * a rule counts as proved only if a test came to it and saw it hold.
 */
#ifndef TESTS_PROVES_H
#define TESTS_PROVES_H

#include <stdbool.h>

#define PROVES(ids, cond) proves((ids), (cond), #cond, __FILE__, __LINE__)

/* ids: one or more rule IDs with spaces between them. */
void proves(const char *ids, bool holds, const char *cond, const char *file, int line);

/* Until switched off, findings outside the simulation wait for proves_failure() too. */
void proves_defer(bool on);

/* Fails the test if something in the simulation found that it has to. For whoever ran it. */
void proves_settle(void);
/* The text of such a finding, which is then forgotten; NULL if there is none. For teardowns. */
const char *proves_failure(void);
/* Fails the test: at once outside the simulation, through proves_settle() inside. */
void proves_fail(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif /* TESTS_PROVES_H */
