/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to words that some context may touch without a common lock, under the
 * kernel's names. Every access is a yield point labelled with the expression;
 * every write wakes those who await the word. Exploration is sequentially
 * consistent, so acquire and release only document the pairing.
 */
#ifndef MACHINE_ATOMIC_H
#define MACHINE_ATOMIC_H

#include "machine/yield.h"

#define READ_ONCE(x)									\
	({ yield_point(&(x), YIELD_READ, #x); (x); })

#define WRITE_ONCE(x, val)								\
	do {										\
		__typeof__(x) __val = (val);						\
		yield_point(&(x), YIELD_WRITE, #x);					\
		(x) = __val;								\
		object_written(&(x));							\
	} while (0)

#define smp_load_acquire(p)		READ_ONCE(*(p))
#define smp_store_release(p, val)	WRITE_ONCE(*(p), val)

/* Non-atomic update of a word that others may read without our lock: p->scx.flags. */
#define SHARED_OR(x, bits)								\
	do {										\
		yield_point(&(x), YIELD_RMW, #x);					\
		(x) |= (bits);								\
		object_written(&(x));							\
	} while (0)

#define SHARED_CLEAR(x, bits)								\
	do {										\
		yield_point(&(x), YIELD_RMW, #x);					\
		(x) &= ~(bits);								\
		object_written(&(x));							\
	} while (0)

static inline s64 __atomic_long_read(atomic_long_t *v, const char *label)
{
	yield_point(v, YIELD_READ, label);
	return v->counter;
}

static inline void __atomic_long_set(atomic_long_t *v, s64 val, const char *label)
{
	yield_point(v, YIELD_WRITE, label);
	v->counter = val;
	object_written(v);
}

/* Stores val if the word equals *old; otherwise *old becomes what was found. */
static inline bool __atomic_long_try_cmpxchg(atomic_long_t *v, s64 *old, s64 val,
					     const char *label)
{
	yield_point(v, YIELD_RMW, label);
	if (v->counter != *old) {
		*old = v->counter;
		return false;
	}
	v->counter = val;
	object_written(v);
	return true;
}

#define atomic_long_read(v)			__atomic_long_read(v, #v)
#define atomic_long_read_acquire(v)		__atomic_long_read(v, #v)
#define atomic_long_set(v, val)			__atomic_long_set(v, val, #v)
#define atomic_long_set_release(v, val)		__atomic_long_set(v, val, #v)
#define atomic_long_try_cmpxchg(v, old, val)	__atomic_long_try_cmpxchg(v, old, val, #v)

/* Exchange of any scalar word; value: what it held. */
#define xchg(ptr, val)									\
	({										\
		__typeof__(*(ptr)) __new = (val), __old;				\
		yield_point((ptr), YIELD_RMW, #ptr);					\
		__old = *(ptr);								\
		*(ptr) = __new;								\
		object_written(ptr);							\
		__old;									\
	})

#endif /* MACHINE_ATOMIC_H */
