/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of a shared object's variables, static ones too, from its symbol table.
 * The dynamic loader does not look at that one, so nothing in it can be
 * relied on; a stripped file has none.
 */
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "policy/own.h"

struct image {
	const u8 *bytes;
	size_t size;
};

/* nr items at an offset of the file; NULL if they do not lie in it. */
static const void *items(const struct image *im, u64 offset, u64 nr, size_t size)
{
	if (offset % _Alignof(ElfW(Sym)) || offset > im->size || nr > (im->size - offset) / size)
		return NULL;
	return im->bytes + offset;
}

static const ElfW(Shdr) *find_symtab(const ElfW(Ehdr) *eh, const ElfW(Shdr) *sh)
{
	u32 i;

	for (i = 0; i < eh->e_shnum; i++)
		if (sh[i].sh_type == SHT_SYMTAB && sh[i].sh_link < eh->e_shnum)
			return &sh[i];
	return NULL;
}

static int add_symbol(struct own_memory *own, const ElfW(Sym) *sym, const char *name, uintptr_t base)
{
	struct own_symbol s = { .start = base + sym->st_value, .end = base + sym->st_value + sym->st_size };
	int ret;

	s.name = mem_strdup(name);
	ret = s.name ? vec_push(&own->symbols, s) : -ENOMEM;
	if (ret)
		free(s.name);
	return ret;
}

static int add_symbols(struct own_memory *own, const struct image *im, const ElfW(Shdr) *symtab,
		       const ElfW(Shdr) *strtab, uintptr_t base)
{
	const u64 nr = symtab->sh_size / sizeof(ElfW(Sym));
	const ElfW(Sym) *sym = items(im, symtab->sh_offset, nr, sizeof(*sym));
	const char *names = strtab->sh_offset <= im->size && strtab->sh_size <= im->size - strtab->sh_offset ?
			    (const char *)im->bytes + strtab->sh_offset : NULL;
	u64 i;
	int ret = 0;

	/* The last name must end in there. */
	if (!sym || !names || !strtab->sh_size || names[strtab->sh_size - 1])
		return 0;
	for (i = 0; i < nr && !ret; i++) {
		if (ELF64_ST_TYPE(sym[i].st_info) != STT_OBJECT || !sym[i].st_size ||
		    sym[i].st_name >= strtab->sh_size || !own_memory_has(own, (void *)(base + sym[i].st_value)))
			continue;
		ret = add_symbol(own, &sym[i], names + sym[i].st_name, base);
	}
	return ret;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct own_symbol *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int read_image(struct own_memory *own, const struct image *im, uintptr_t base)
{
	const ElfW(Ehdr) *eh = items(im, 0, 1, sizeof(*eh));
	const ElfW(Shdr) *sh = eh ? items(im, eh->e_shoff, eh->e_shnum, sizeof(*sh)) : NULL;
	const ElfW(Shdr) *symtab = sh && eh->e_shentsize == sizeof(*sh) ? find_symtab(eh, sh) : NULL;
	int ret = symtab ? add_symbols(own, im, symtab, &sh[symtab->sh_link], base) : 0;

	if (own->symbols.nr)
		qsort(own->symbols.data, own->symbols.nr, sizeof(*own->symbols.data), compare_symbols);
	return ret;
}

int own_symbols_read(struct own_memory *own, int fd, uintptr_t base)
{
	struct image im;
	struct stat st;
	void *map;
	int ret;

	if (fstat(fd, &st) || st.st_size <= 0)
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return -ENOMEM;
	im = (struct image){ .bytes = map, .size = (size_t)st.st_size };
	ret = read_image(own, &im, base);
	munmap(map, im.size);
	return ret;
}
