/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting a simulation back to an earlier moment: explored mode runs the same
 * stretch again and again. Everything lies in the arena (sim->restorable),
 * except the stacks of suspended contexts and one word of the thread.
 */
#ifndef MACHINE_RESTORE_H
#define MACHINE_RESTORE_H

struct machine_copy;

/* Between two calls of machine_run(). NULL if no memory. */
struct machine_copy *machine_save(void);
/* Any number of times, also after machine_abort(). Observers, chooser: as they were. */
void machine_restore(const struct machine_copy *copy);
void machine_copy_free(struct machine_copy *copy);

#endif /* MACHINE_RESTORE_H */
