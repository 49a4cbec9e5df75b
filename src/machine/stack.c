/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Making, switching and announcing host stacks. Own routine on x86-64 and
 * arm64, ucontext elsewhere; AddressSanitizer and valgrind are told.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "machine/stack.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__has_include)
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#endif
#endif
#ifndef VALGRIND_STACK_REGISTER
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id) ((void)(id))
#endif

#if defined(__SANITIZE_ADDRESS__)
#define STACK_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STACK_ASAN 1
#endif
#endif

#ifdef STACK_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_BYTES (1024 * 1024)
#else
#define STACK_BYTES (256 * 1024)
#endif

#if defined(__x86_64__) || defined(__aarch64__)
void stack_switch(void **save_sp, void *new_sp);
#else
#include <ucontext.h>
#define STACK_UCONTEXT 1
#endif

/* Frames of an abandoned stack were never left: what they poisoned would stay poisoned. */
static void unpoison(const struct stack *s)
{
#ifdef STACK_ASAN
	__asan_unpoison_memory_region(s->bottom, s->usable);
#else
	(void)s;
#endif
}

static __thread struct stack *switched_from;

static void announce_leave(struct stack *from, const struct stack *to)
{
	switched_from = from;
#ifdef STACK_ASAN
	__sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->usable);
#else
	(void)to;
#endif
}

static void announce_arrive(struct stack *self)
{
#ifdef STACK_ASAN
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(self ? self->fake_stack : NULL, &bottom, &size);
	if (!switched_from->mem) {
		switched_from->bottom = (void *)(uintptr_t)bottom;
		switched_from->usable = size;
	}
#else
	(void)self;
#endif
}

static __thread void (*first_entry)(void);

static void stack_entry(void)
{
	void (*entry)(void) = first_entry;

	announce_arrive(NULL);
	entry();
	abort();
}

#ifndef STACK_UCONTEXT
static void prepare(struct stack *s)
{
	uintptr_t top = ((uintptr_t)s->bottom + s->usable) & ~(uintptr_t)15;
#ifdef __x86_64__
	void **sp = (void **)top - 2;

	/* Six saved registers and the return address; rsp % 16 is 8 on entry. */
	*sp = (void *)(uintptr_t)stack_entry;
	sp -= 6;
	memset(sp, 0, 6 * sizeof(*sp));
	s->sp = sp;
#else
	u64 *sp = (u64 *)(top - 160);

	memset(sp, 0, 160);
	sp[11] = (u64)(uintptr_t)stack_entry; /* x30 */
	s->sp = sp;
#endif
}
#else
static void prepare(struct stack *s)
{
	ucontext_t *uc = calloc(1, sizeof(*uc));

	if (!uc)
		abort();
	getcontext(uc);
	uc->uc_stack.ss_sp = s->bottom;
	uc->uc_stack.ss_size = s->usable;
	makecontext(uc, stack_entry, 0);
	s->ucontext = uc;
}
#endif

/* Entry functions of stacks that were never switched to are kept at their bottom word. */
static void (**entry_slot(const struct stack *s))(void)
{
	return (void (**)(void))s->bottom;
}

struct stack *stack_new(void (*entry)(void))
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct stack *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->size = STACK_BYTES + page;
	s->mem = mmap(NULL, s->size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (s->mem == MAP_FAILED) {
		free(s);
		return NULL;
	}
	mprotect(s->mem, page, PROT_NONE);
	s->bottom = (char *)s->mem + page;
	s->usable = STACK_BYTES;
	s->valgrind_id = VALGRIND_STACK_REGISTER(s->bottom, (char *)s->bottom + s->usable);
	INIT_LIST_HEAD(&s->node);
	unpoison(s);
	prepare(s);
	*entry_slot(s) = entry;
	return s;
}

void stack_free(struct stack *s)
{
	VALGRIND_STACK_DEREGISTER(s->valgrind_id);
	unpoison(s);
	munmap(s->mem, s->size);
	free(s->ucontext);
	free(s);
}

void stack_reset(struct stack *s, void (*entry)(void))
{
	unpoison(s);
	free(s->ucontext);
	s->ucontext = NULL;
	s->fake_stack = NULL;
	prepare(s);
	*entry_slot(s) = entry;
}

struct stack_copy {
	struct stack stack;
	const void *from;	/* lowest byte in use */
	size_t size;
	char bytes[];
};

/* Where the stack pointer is kept is not known everywhere; then all of it is in use. */
static const void *lowest_in_use(const struct stack *s)
{
#ifdef STACK_UCONTEXT
	return s->bottom;
#else
	return s->sp;
#endif
}

struct stack_copy *stack_save(const struct stack *s)
{
	const void *from = lowest_in_use(s);
	const size_t size = (size_t)((const char *)s->bottom + s->usable - (const char *)from);
	struct stack_copy *copy;

	unpoison(s);
	copy = malloc(sizeof(*copy) + size);
	if (!copy)
		return NULL;
	copy->stack = *s;
	copy->from = from;
	copy->size = size;
	memcpy(copy->bytes, from, size);
	return copy;
}

void stack_restore(struct stack *s, const struct stack_copy *copy)
{
	BUG_ON(s->mem != copy->stack.mem);
	unpoison(s);
	*s = copy->stack;
	*entry_slot(s) = NULL;
	memcpy((void *)(uintptr_t)copy->from, copy->bytes, copy->size);
}

void stack_copy_free(struct stack_copy *copy)
{
	free(copy);
}

/* Asked once per thread: on the first one the answer comes from a file of the system's. */
static void find_own_stack(void **bottom, size_t *usable)
{
	static __thread void *own_bottom;
	static __thread size_t own_usable;
	pthread_attr_t attr;

	if (!own_bottom && !pthread_getattr_np(pthread_self(), &attr)) {
		pthread_attr_getstack(&attr, &own_bottom, &own_usable);
		pthread_attr_destroy(&attr);
	}
	*bottom = own_bottom;
	*usable = own_usable;
}

void stack_init_host(struct stack *s)
{
	memset(s, 0, sizeof(*s));
	INIT_LIST_HEAD(&s->node);
	find_own_stack(&s->bottom, &s->usable);
#ifdef STACK_UCONTEXT
	s->ucontext = calloc(1, sizeof(ucontext_t));
#endif
}

void stack_switch_to(struct stack *from, struct stack *to)
{
	BUG_ON(from == to);
	if (to->mem && *entry_slot(to)) {
		first_entry = *entry_slot(to);
		*entry_slot(to) = NULL;
	}
	announce_leave(from, to);
#ifdef STACK_UCONTEXT
	swapcontext(from->ucontext, to->ucontext);
#else
	stack_switch(&from->sp, to->sp);
#endif
	announce_arrive(from);
}
