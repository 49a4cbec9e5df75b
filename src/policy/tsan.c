/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/tsan.h"

#include <string.h>

#include "machine/yield.h"
#include "policy/steps.h"

static __thread bool initialised;

void tsan_expect_init(void)
{
	initialised = false;
}

bool tsan_was_initialised(void)
{
	return initialised;
}

/* Every compiled file has a constructor that calls it. */
void __tsan_init(void)
{
	initialised = true;
}

void __tsan_func_entry(void *pc)
{
	(void)pc;
}

void __tsan_func_exit(void)
{
}

void __tsan_ignore_thread_begin(void)
{
}

void __tsan_ignore_thread_end(void)
{
}

/* Exploration is sequentially consistent: there is nothing to order. */
void __tsan_atomic_thread_fence(int order)
{
	(void)order;
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}

/* ---- loads and stores that the policy's code does itself, right behind the call */

#define READS(addr, size)								\
	do {										\
		if (unlikely(yield_armed))						\
			own_read((const void *)(addr), (size), __builtin_return_address(0));	\
	} while (0)

#define WRITES(addr, size)								\
	do {										\
		if (unlikely(yield_armed))						\
			own_write((const void *)(addr), (size));			\
	} while (0)

#define DEFINE_READ(name, size)								\
	void __tsan_##name##size(void *addr) { READS(addr, size); }
#define DEFINE_WRITE(name, size)							\
	void __tsan_##name##size(void *addr) { WRITES(addr, size); }
#define DEFINE_READ_WRITE(name, size)							\
	void __tsan_##name##size(void *addr) { READS(addr, size); WRITES(addr, size); }

#define DEFINE_ACCESS(size)								\
	DEFINE_READ(read, size)								\
	DEFINE_WRITE(write, size)							\
	DEFINE_READ_WRITE(read_write, size)						\
	DEFINE_READ(unaligned_read, size)						\
	DEFINE_WRITE(unaligned_write, size)						\
	DEFINE_READ_WRITE(unaligned_read_write, size)					\
	DEFINE_READ(volatile_read, size)						\
	DEFINE_WRITE(volatile_write, size)						\
	DEFINE_READ(unaligned_volatile_read, size)					\
	DEFINE_WRITE(unaligned_volatile_write, size)

TSAN_SIZES(DEFINE_ACCESS)

void __tsan_read_range(void *addr, size_t size)
{
	READS(addr, size);
}

void __tsan_write_range(void *addr, size_t size)
{
	WRITES(addr, size);
}

void __tsan_vptr_read(void **at)
{
	READS(at, sizeof(*at));
}

void __tsan_vptr_update(void **at, void *value)
{
	(void)value;
	WRITES(at, sizeof(*at));
}

#define DEFINE_MEMORY_FUNCTIONS(prefix)							\
	void *prefix##_memcpy(void *to, const void *from, size_t size)			\
	{										\
		READS(from, size);							\
		WRITES(to, size);							\
		return memcpy(to, from, size);						\
	}										\
											\
	void *prefix##_memmove(void *to, const void *from, size_t size)			\
	{										\
		READS(from, size);							\
		WRITES(to, size);							\
		return memmove(to, from, size);						\
	}										\
											\
	void *prefix##_memset(void *to, int byte, size_t size)				\
	{										\
		WRITES(to, size);							\
		return memset(to, byte, size);						\
	}

DEFINE_MEMORY_FUNCTIONS(__tsan)
DEFINE_MEMORY_FUNCTIONS(__wrap)

int __wrap_memcmp(const void *a, const void *b, size_t size)
{
	READS(a, size);
	READS(b, size);
	return memcmp(a, b, size);
}

/* ---- atomic operations, carried out here */

/*
 * What an operation does depends on the word at the moment of its step. One that
 * leaves it as it is may be a loop that waits, and then looks again. Sets "old".
 */
#define ATOMIC_STEP(a, type, result)							\
	do {										\
		old = *(a);								\
		if (likely(!yield_armed))						\
			break;								\
		own_change_begins((const void *)(a), sizeof(type), (type)(result) != old);	\
		for (old = *(a); (type)(result) == old; old = *(a)) {			\
			own_left_alone((const void *)(a), sizeof(type), __builtin_return_address(0));	\
			if (old == *(a))						\
				break;							\
		}									\
		if ((type)(result) != old)						\
			own_changes((const void *)(a), sizeof(type));			\
	} while (0)

#define DEFINE_RMW(bits, type, name, result)						\
	type __tsan_atomic##bits##_##name(volatile type *a, type v, int order)		\
	{										\
		type old;								\
											\
		(void)order;								\
		ATOMIC_STEP(a, type, result);						\
		*a = (type)(result);							\
		return old;								\
	}

#define DEFINE_COMPARE_EXCHANGE(bits, type, kind)					\
	int __tsan_atomic##bits##_compare_exchange_##kind(volatile type *a, type *expected,	\
							   type v, int order, int fail_order)	\
	{										\
		const type wanted = *expected;						\
		type old;								\
											\
		(void)order;								\
		(void)fail_order;							\
		ATOMIC_STEP(a, type, old == wanted ? v : old);				\
		if (old == wanted)							\
			*a = v;								\
		else									\
			*expected = old;						\
		return old == wanted;							\
	}

#define DEFINE_ATOMIC(bits, type)							\
	type __tsan_atomic##bits##_load(const volatile type *a, int order)		\
	{										\
		(void)order;								\
		READS(a, sizeof(type));							\
		return *a;								\
	}										\
											\
	void __tsan_atomic##bits##_store(volatile type *a, type v, int order)		\
	{										\
		(void)order;								\
		WRITES(a, sizeof(type));						\
		*a = v;									\
	}										\
											\
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *a, type expected,	\
							 type v, int order, int fail_order)	\
	{										\
		type old;								\
											\
		(void)order;								\
		(void)fail_order;							\
		ATOMIC_STEP(a, type, old == expected ? v : old);			\
		if (old == expected)							\
			*a = v;								\
		return old;								\
	}										\
											\
	DEFINE_COMPARE_EXCHANGE(bits, type, strong)					\
	/* Never fails without a reason. */						\
	DEFINE_COMPARE_EXCHANGE(bits, type, weak)					\
	TSAN_RMWS(DEFINE_RMW, bits, type)

TSAN_ATOMICS(DEFINE_ATOMIC)
