/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Growable array of one type: VEC(struct step) steps = { 0 }. Elements move
 * when it grows, so keep indices, not pointers. Not for hot paths.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <scxtwin/types.h>

#include "base/bug.h"
#include "base/mem.h"

#define VEC(type) struct { type *data; size_t nr, cap; }

/* Room for nr elements in all. 0 or -ENOMEM; then nothing changed. */
#define vec_reserve(v, want)								\
	({										\
		const size_t __want = (want);						\
		int __ret = 0;								\
											\
		if (__want > (v)->cap) {						\
			const size_t __cap = __vec_grow((v)->cap, __want);		\
			void *const __data = mem_realloc_array((v)->data, __cap,	\
							       sizeof(*(v)->data));	\
											\
			if (__data) {							\
				(v)->data = __data;					\
				(v)->cap = __cap;					\
			} else {							\
				__ret = -ENOMEM;					\
			}								\
		}									\
		__ret;									\
	})

/* 0 or -ENOMEM. value is evaluated once, before the array grows. */
#define vec_push(v, value)								\
	({										\
		const __typeof__(*(v)->data) __value = (value);				\
		const int __push = vec_reserve(v, (v)->nr + 1);				\
											\
		if (!__push)								\
			memcpy(&(v)->data[(v)->nr++], &__value, sizeof(__value));	\
		__push;									\
	})

/* Pointer to element i, which must exist. */
#define vec_at(v, i)									\
	({										\
		const size_t __i = (i);							\
											\
		BUG_ON(__i >= (v)->nr);							\
		&(v)->data[__i];							\
	})

#define vec_last(v) vec_at(v, (v)->nr - 1)

/* Takes the last element, which must exist. */
#define vec_pop(v)									\
	({										\
		BUG_ON(!(v)->nr);							\
		(v)->data[--(v)->nr];							\
	})

/* Empties it, keeps the memory. */
#define vec_clear(v) ((void)((v)->nr = 0))

#define vec_free(v)									\
	do {										\
		free((v)->data);							\
		(v)->data = NULL;							\
		(v)->nr = (v)->cap = 0;							\
	} while (0)

#define vec_for_each(pos, v)								\
	for (pos = (v)->data; pos != (v)->data + (v)->nr; pos++)

static inline size_t __vec_grow(size_t cap, size_t want)
{
	const size_t twice = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	const size_t least = twice < 8 ? 8 : twice;

	return want > least ? want : least;
}

#endif /* BASE_VEC_H */
