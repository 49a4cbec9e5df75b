/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accesses of a policy's code as steps of explored mode. All of them do nothing
 * outside a simulated callback, and take no step for memory that is not the
 * policy's own. Who calls them has looked at yield_armed.
 */
#ifndef POLICY_STEPS_H
#define POLICY_STEPS_H

#include <scxtwin/types.h>

/* Before the access; pc: where it is in the policy's code. */
void own_read(const void *addr, size_t size, const void *pc);
void own_write(const void *addr, size_t size);

/*
 * An atomic operation: own_change_begins() is the step, changes says what would come
 * of it at that moment. Then, as it turns out, own_changes() before the
 * word is written, or own_left_alone(), after which it must be looked at again:
 * time may have passed.
 */
void own_change_begins(const void *addr, size_t size, bool changes);
void own_changes(const void *addr, size_t size);
void own_left_alone(const void *addr, size_t size, const void *pc);

#endif /* POLICY_STEPS_H */
