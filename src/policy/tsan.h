/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The call interface of the compilers' thread sanitizer (gcc and clang,
 * -fsanitize=thread), of which this is another run time: it tells explored mode of a
 * policy's loads and stores, and carries out its atomic operations. No data races
 * are looked for. A simulation is of one host thread and the policy object is of one
 * simulation, so that plain accesses are atomic.
 */
#ifndef POLICY_TSAN_H
#define POLICY_TSAN_H

#include <scxtwin/types.h>

/* An object that is loaded calls __tsan_init() of this host thread. */
void tsan_expect_init(void);
bool tsan_was_initialised(void);

/* Types are as in the sanitizer's own run time; gcc has other ones built in, which pass the same. */
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch"
#endif

void __tsan_init(void);
void __tsan_func_entry(void *pc);
void __tsan_func_exit(void);
void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
void __tsan_vptr_update(void **at, void *value);
void __tsan_vptr_read(void **at);
void __tsan_read_range(void *addr, size_t size);
void __tsan_write_range(void *addr, size_t size);
void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);

/* Of the memory functions, as newer compilers call them, and as ld --wrap does. */
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memset(void *to, int byte, size_t size);
void *__wrap_memcpy(void *to, const void *from, size_t size);
void *__wrap_memmove(void *to, const void *from, size_t size);
void *__wrap_memset(void *to, int byte, size_t size);
int __wrap_memcmp(const void *a, const void *b, size_t size);

#define TSAN_SIZES(X)	X(1) X(2) X(4) X(8) X(16)
#define TSAN_ATOMICS(X)	X(8, u8) X(16, u16) X(32, u32) X(64, u64) X(128, unsigned __int128)
#define TSAN_RMWS(X, bits, type)							\
	X(bits, type, exchange, v)							\
	X(bits, type, fetch_add, old + v)						\
	X(bits, type, fetch_sub, old - v)						\
	X(bits, type, fetch_and, old & v)						\
	X(bits, type, fetch_or, old | v)						\
	X(bits, type, fetch_xor, old ^ v)						\
	X(bits, type, fetch_nand, ~(old & v))

#define TSAN_DECLARE_ACCESS(size)							\
	void __tsan_read##size(void *addr);						\
	void __tsan_write##size(void *addr);						\
	void __tsan_read_write##size(void *addr);					\
	void __tsan_unaligned_read##size(void *addr);					\
	void __tsan_unaligned_write##size(void *addr);					\
	void __tsan_unaligned_read_write##size(void *addr);				\
	void __tsan_volatile_read##size(void *addr);					\
	void __tsan_volatile_write##size(void *addr);					\
	void __tsan_unaligned_volatile_read##size(void *addr);				\
	void __tsan_unaligned_volatile_write##size(void *addr);

#define TSAN_DECLARE_RMW(bits, type, name, result)					\
	type __tsan_atomic##bits##_##name(volatile type *a, type v, int order);

#define TSAN_DECLARE_ATOMIC(bits, type)							\
	type __tsan_atomic##bits##_load(const volatile type *a, int order);		\
	void __tsan_atomic##bits##_store(volatile type *a, type v, int order);		\
	int __tsan_atomic##bits##_compare_exchange_strong(volatile type *a, type *expected,	\
							   type v, int order, int fail_order);	\
	int __tsan_atomic##bits##_compare_exchange_weak(volatile type *a, type *expected,	\
							 type v, int order, int fail_order);	\
	type __tsan_atomic##bits##_compare_exchange_val(volatile type *a, type expected,	\
							 type v, int order, int fail_order);	\
	TSAN_RMWS(TSAN_DECLARE_RMW, bits, type)

TSAN_SIZES(TSAN_DECLARE_ACCESS)
TSAN_ATOMICS(TSAN_DECLARE_ATOMIC)

#endif /* POLICY_TSAN_H */
