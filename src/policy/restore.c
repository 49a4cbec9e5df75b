/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting the policy's own bytes back. Small blocks are copied. Large ones are
 * sized for the worst case and mostly untouched: the saved content becomes a
 * file in memory that the block maps privately, and putting it back means
 * dropping the pages written since.
 */
#define _GNU_SOURCE
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sim.h"
#include "base/vec.h"
#include "policy/policy.h"

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

struct find_object {
	uintptr_t base;
	struct policy_copy *copy;
	int ret;
};

/* What is read-only after relocation cannot change either, and cannot be written back. */
static bool is_relro(const struct dl_phdr_info *info, uintptr_t page)
{
	int i;

	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		if (ph->p_type == PT_GNU_RELRO && page >= info->dlpi_addr + (ph->p_vaddr & ~(PAGE - 1)) &&
		    page + PAGE <= info->dlpi_addr + ((ph->p_vaddr + ph->p_memsz) & ~(PAGE - 1)))
			return true;
	}
	return false;
}

static int save_segment(struct find_object *find, const struct dl_phdr_info *info, const ElfW(Phdr) *ph)
{
	uintptr_t at = info->dlpi_addr + ph->p_vaddr, next;
	const uintptr_t end = at + ph->p_memsz;
	int ret = 0;

	for (; at < end && !ret; at = next) {
		next = (at & ~(PAGE - 1)) + PAGE;
		next = next < end ? next : end;
		if (!is_relro(info, at & ~(PAGE - 1)))
			ret = save_bytes(find->copy, (void *)at, next - at);
	}
	return ret;
}

static int save_object(struct dl_phdr_info *info, size_t size, void *data)
{
	struct find_object *find = data;
	int i;

	(void)size;
	if (info->dlpi_addr != find->base)
		return 0;
	for (i = 0; i < info->dlpi_phnum && !find->ret; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_W)
			find->ret = save_segment(find, info, &info->dlpi_phdr[i]);
	return 1;
}

static int save_data_segments(struct policy_copy *copy, void *dl)
{
	struct find_object find = { .copy = copy };
	struct link_map *map;

	if (dlinfo(dl, RTLD_DI_LINKMAP, &map))
		return -EINVAL;
	find.base = map->l_addr;
	return dl_iterate_phdr(save_object, &find) ? find.ret : -ENOENT;
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
		ret = save_data_segments(copy, pol->dl);
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

bool policy_has_written(struct policy_copy *copy)
{
	bool written = copy->mapped;
	struct saved_bytes *s;

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
