/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting the policy's own bytes back. Small blocks are copied. Large ones are
 * sized for the worst case and mostly untouched: the saved content becomes a
 * file in memory that the block maps privately, and putting it back means
 * dropping the pages written since.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sim.h"
#include "base/vec.h"
#include "policy/internal.h"
#include "policy/own.h"

#define LARGE	((size_t)64 << 10)
#define PAGE	((size_t)4096)

struct saved_bytes {
	void *at;
	size_t size;
	u8 *bytes;
	u8 *seen;	/* at the last look */
};

struct policy_copy {
	VEC(struct saved_bytes) saved;
	void *mapped;		/* large state block, NULL: none */
	size_t mapped_size;
};

static bool is_mapped(size_t size)
{
	return this_sim->restorable && size > LARGE;
}

void *policy_state_alloc(size_t size)
{
	void *p;

	if (!is_mapped(size))
		return mem_zalloc(size);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void policy_state_free(void *state, size_t size)
{
	if (is_mapped(size))
		munmap(state, size);
	else
		free(state);
}

static int save_bytes(struct policy_copy *copy, void *at, size_t size)
{
	struct saved_bytes s = { .at = at, .size = size, .bytes = mem_alloc(2 * size) };

	s.seen = s.bytes + size;
	if (!s.bytes || vec_push(&copy->saved, s)) {
		free(s.bytes);
		return -ENOMEM;
	}
	memcpy(s.bytes, at, size);
	memcpy(s.seen, at, size);
	return 0;
}

static bool is_zero(const u8 *p, size_t size)
{
	return !*p && !memcmp(p, p + 1, size - 1);
}

static int map_state(struct policy_copy *copy, u8 *state, size_t size)
{
	const int fd = memfd_create("scxtwin-state", MFD_CLOEXEC);
	size_t at, n;
	bool ok = fd >= 0 && !ftruncate(fd, (off_t)size);

	for (at = 0; ok && at < size; at += PAGE) {
		n = size - at < PAGE ? size - at : PAGE;
		if (!is_zero(state + at, n))
			ok = pwrite(fd, state + at, n, (off_t)at) == (ssize_t)n;
	}
	ok = ok && mmap(state, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) == state;
	if (fd >= 0)
		close(fd);
	copy->mapped = state;
	copy->mapped_size = size;
	return ok ? 0 : -ENOMEM;
}

static int save_writable(void *at, size_t size, void *data)
{
	return save_bytes(data, at, size);
}

struct policy_copy *policy_save(struct scxtwin_error *err)
{
	struct policy *pol = this_sim->policy;
	struct policy_copy *copy = mem_zalloc(sizeof(*copy));
	const size_t size = pol->desc->state_size;
	int ret = 0;

	BUG_ON(!this_sim->restorable);
	if (!copy) {
		error_no_memory(err);
		return NULL;
	}
	if (size)
		ret = is_mapped(size) ? map_state(copy, pol->state, size) : save_bytes(copy, pol->state, size);
	if (!ret && pol->dl)
		ret = policy_so_each_writable(pol->dl, save_writable, copy);
	if (!ret)
		return copy;
	error_set(err, SCXTWIN_EINTERNAL, "the state of the policy cannot be saved (error %d)", ret);
	policy_copy_free(copy);
	return NULL;
}

void policy_restore(const struct policy_copy *copy)
{
	const struct saved_bytes *s;

	vec_for_each(s, &copy->saved) {
		memcpy(s->at, s->bytes, s->size);
		memcpy(s->seen, s->bytes, s->size);
	}
	if (this_sim->policy->own)
		own_memory_forget(this_sim->policy->own);
	if (copy->mapped)
		BUG_ON(madvise(copy->mapped, copy->mapped_size, MADV_DONTNEED));
}

bool policy_has_changed(const struct policy_copy *copy)
{
	const struct saved_bytes *s;

	vec_for_each(s, &copy->saved)
		if (memcmp(s->at, s->bytes, s->size))
			return true;
	return copy->mapped;
}

static void see_write(struct policy_copy *copy, const struct own_write *w)
{
	struct saved_bytes *s;

	vec_for_each(s, &copy->saved) {
		const uintptr_t at = (uintptr_t)s->at;
		const uintptr_t start = w->start > at ? w->start : at;
		const uintptr_t end = w->end < at + s->size ? w->end : at + s->size;

		if (start < end)
			memcpy(s->seen + (start - at), (const void *)start, end - start);
	}
}

/* What the policy told of is not looked for. */
static void see_own_writes(struct policy_copy *copy, struct own_memory *own)
{
	struct own_write *w;

	for (w = own->writes; w < own->writes + own->nr_writes; w++)
		see_write(copy, w);
	own->nr_writes = 0;
}

bool policy_has_written(struct policy_copy *copy)
{
	struct own_memory *own = this_sim->policy->own;
	bool written = copy->mapped && !own;
	struct saved_bytes *s;

	if (own)
		see_own_writes(copy, own);
	vec_for_each(s, &copy->saved) {
		if (memcmp(s->at, s->seen, s->size)) {
			memcpy(s->seen, s->at, s->size);
			written = true;
		}
	}
	return written;
}

void policy_copy_free(struct policy_copy *copy)
{
	struct saved_bytes *s;

	if (!copy)
		return;
	vec_for_each(s, &copy->saved)
		free(s->bytes);
	vec_free(&copy->saved);
	free(copy);
}
