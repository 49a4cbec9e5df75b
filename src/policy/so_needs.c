/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Undefined symbols of a loaded object, found by its relocations: the table of
 * symbols itself does not say how long it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>

#include "base/bug.h"
#include "policy/internal.h"

#if UINTPTR_MAX > 0xffffffffUL
#define RELA_SYM(info) ELF64_R_SYM(info)
#define SYM_BIND(info) ELF64_ST_BIND(info)
#else
#define RELA_SYM(info) ELF32_R_SYM(info)
#define SYM_BIND(info) ELF32_ST_BIND(info)
#endif

struct dynamic {
	const ElfW(Sym) *symbols;
	const char *strings;
	const ElfW(Rela) *relas[2];	/* data, procedure linkage */
	size_t nr_relas[2];
};

static void read_dynamic(const ElfW(Dyn) *d, struct dynamic *dyn)
{
	for (; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_SYMTAB)
			dyn->symbols = (const ElfW(Sym) *)d->d_un.d_ptr;
		else if (d->d_tag == DT_STRTAB)
			dyn->strings = (const char *)d->d_un.d_ptr;
		else if (d->d_tag == DT_RELA)
			dyn->relas[0] = (const ElfW(Rela) *)d->d_un.d_ptr;
		else if (d->d_tag == DT_RELASZ)
			dyn->nr_relas[0] = d->d_un.d_val / sizeof(ElfW(Rela));
		else if (d->d_tag == DT_JMPREL)
			dyn->relas[1] = (const ElfW(Rela) *)d->d_un.d_ptr;
		else if (d->d_tag == DT_PLTRELSZ)
			dyn->nr_relas[1] = d->d_un.d_val / sizeof(ElfW(Rela));
	}
}

static bool takes_from_host(const ElfW(Sym) *sym)
{
	return sym->st_shndx == SHN_UNDEF && SYM_BIND(sym->st_info) == STB_GLOBAL;
}

bool policy_so_needs(void *dl, bool (*fn)(const char *symbol, void *data), void *data)
{
	struct dynamic dyn = { .symbols = NULL };
	struct link_map *map = NULL;
	size_t table, i;

	BUG_ON(dlinfo(dl, RTLD_DI_LINKMAP, &map) || !map);
	read_dynamic(map->l_ld, &dyn);
	BUG_ON(!dyn.symbols || !dyn.strings);
	for (table = 0; table < 2; table++) {
		for (i = 0; dyn.relas[table] && i < dyn.nr_relas[table]; i++) {
			const ElfW(Sym) *sym = &dyn.symbols[RELA_SYM(dyn.relas[table][i].r_info)];

			if (takes_from_host(sym) && fn(dyn.strings + sym->st_name, data))
				return true;
		}
	}
	return false;
}
