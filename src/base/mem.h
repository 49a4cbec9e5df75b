/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory. The core allocates from the simulation's arena, during set-up and
 * when a task is born; readers allocate from the heap through x-functions that
 * can be told to fail (tests fail the n-th allocation for all n).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include <scxtwin/types.h>

struct arena;

/*
 * NULL if no memory. poison: byte that fills fresh memory before it is zeroed or
 * handed out raw. It also decides where things lie: arenas with different bytes
 * place the same objects at different offsets, and pools in one with an odd byte
 * hand out pairs in reverse order of address, so that nothing that decides by an
 * address can do so twice alike.
 */
struct arena *arena_new(u8 poison);
void arena_free(struct arena *a);
/* Zeroed, aligned to 64 bytes for size >= 64 and to 16 otherwise. NULL if no memory. */
void *arena_zalloc(struct arena *a, size_t size);
void *arena_calloc(struct arena *a, size_t nr, size_t size);
char *arena_strdup(struct arena *a, const char *s);
/* Bytes handed out so far. */
size_t arena_used(const struct arena *a);
/* p points into something that was handed out. */
bool arena_has(const struct arena *a, const void *p);

/*
 * A copy of all that was handed out, to be put back any number of times:
 * afterwards the same bytes are at the same addresses, and what was handed out
 * since is gone. NULL if no memory.
 */
struct arena_copy *arena_save(const struct arena *a);
void arena_restore(struct arena *a, const struct arena_copy *copy);
void arena_copy_free(struct arena_copy *copy);

/* malloc family; NULL on failure or when the failing allocator says so. free() releases. */
void *mem_alloc(size_t size);
void *mem_zalloc(size_t size);
void *mem_realloc_array(void *p, size_t nr, size_t size);
char *mem_strdup(const char *s);
/*
 * The n-th allocation of this host thread from now on (1 = the next) fails, and
 * all after it; 0 switches off. Arenas allocate their chunks the same way.
 */
void mem_fail_after(u64 n);

/*
 * Fixed-size objects recycled through a free list in an arena: tasks, DSQs,
 * contexts. Zeroed when handed out; poisoned with 0x6b (odd arenas: 0x94) when given
 * back. Giving an object back twice or writing to it afterwards is a BUG.
 */
struct pool {
	struct arena *arena;
	size_t size;
	void *free;
	u64 nr_used;
};

void pool_init(struct pool *pool, struct arena *a, size_t size);
void *pool_zalloc(struct pool *pool);
void pool_free(struct pool *pool, void *obj);

#endif /* BASE_MEM_H */
