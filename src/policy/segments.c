/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a loaded shared object keeps what it may change. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>

#include "policy/internal.h"

#define PAGE ((uintptr_t)4096)

struct find_object {
	uintptr_t base;
	int (*fn)(void *at, size_t size, void *data);
	void *data;
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

static int each_page(struct find_object *find, const struct dl_phdr_info *info, const ElfW(Phdr) *ph)
{
	uintptr_t at = info->dlpi_addr + ph->p_vaddr, next;
	const uintptr_t end = at + ph->p_memsz;
	int ret = 0;

	for (; at < end && !ret; at = next) {
		next = (at & ~(PAGE - 1)) + PAGE;
		next = next < end ? next : end;
		if (!is_relro(info, at & ~(PAGE - 1)))
			ret = find->fn((void *)at, next - at, find->data);
	}
	return ret;
}

static int each_segment(struct dl_phdr_info *info, size_t size, void *data)
{
	struct find_object *find = data;
	int i;

	(void)size;
	if (info->dlpi_addr != find->base)
		return 0;
	for (i = 0; i < info->dlpi_phnum && !find->ret; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_W)
			find->ret = each_page(find, info, &info->dlpi_phdr[i]);
	return 1;
}

uintptr_t policy_so_base(void *dl)
{
	struct link_map *map;

	return dlinfo(dl, RTLD_DI_LINKMAP, &map) ? 0 : map->l_addr;
}

int policy_so_each_writable(void *dl, int (*fn)(void *at, size_t size, void *data), void *data)
{
	struct find_object find = { .base = policy_so_base(dl), .fn = fn, .data = data };

	return dl_iterate_phdr(each_segment, &find) ? find.ret : -ENOENT;
}
