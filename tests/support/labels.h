/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The labelled steps of spec 10.7, recognised in explored races by their yield
 * points, and what other CPUs did between two of them. With SCXTWIN_LABELS_LOG=FILE
 * in the environment every explored scenario adds a line for each pair of labels
 * that some context passed one behind the other:
 *
 *	E6 E7 1234 88 0 3 0 scenario
 *
 * 1234: so many times another CPU's context took a step on the same task, or the
 * same DSQ, in between. 88 and on: so many times another context was seen
 * there, waiting for the rq lock of the task, a DSQ lock, another rq lock, a pi_lock,
 * which the passing one held. tools/label-matrix makes the matrix of these lines.
 */
#ifndef TESTS_LABELS_H
#define TESTS_LABELS_H

#include "machine/chooser.h"

/* Nothing is recorded, and false returned, unless the environment asks for it. */
bool labels_begin_scenario(void);
void labels_begin_execution(void);
/* goes: the step that is taken now. */
void labels_step(const struct choice *goes);
void labels_end_scenario(const char *name);

#endif /* TESTS_LABELS_H */
