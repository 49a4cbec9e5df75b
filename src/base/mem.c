/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/mem.h"

#define POOL_POISON	0x6b
#define POOL_POISON_ODD	0x94

/* Chunks double from the first to the last size, so that small simulations stay small. */
#define CHUNK_FIRST	((size_t)64 << 10)
#define CHUNK_LAST	((size_t)4 << 20)
#define CHUNK_ALIGN	((size_t)64)

struct chunk {
	struct chunk *next;
	u8 *start;
	size_t used;		/* bytes handed out from start on */
};

struct arena {
	struct chunk *chunks;
	struct chunk *shared;	/* the newest one that is handed out in parts */
	u8 *pos, *end;		/* its free part */
	size_t chunk_size;	/* of the next shared chunk */
	size_t used;
	u8 poison;
};

static __thread u64 allocs_until_failure;

static bool alloc_fails(void)
{
	if (!allocs_until_failure)
		return false;
	if (allocs_until_failure == 1)
		return true;
	allocs_until_failure--;
	return false;
}

void mem_fail_after(u64 n)
{
	allocs_until_failure = n;
}

void *mem_alloc(size_t size)
{
	return alloc_fails() ? NULL : malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
	return alloc_fails() ? NULL : calloc(1, size ? size : 1);
}

void *mem_realloc_array(void *p, size_t nr, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes) || alloc_fails())
		return NULL;
	return realloc(p, bytes ? bytes : 1);
}

char *mem_strdup(const char *s)
{
	const size_t size = strlen(s) + 1;
	char *copy = mem_alloc(size);

	return copy ? memcpy(copy, s, size) : NULL;
}

struct arena *arena_new(u8 poison)
{
	struct arena *a = mem_zalloc(sizeof(*a));

	if (!a)
		return NULL;
	a->chunk_size = CHUNK_FIRST;
	a->poison = poison;
	return a;
}

void arena_free(struct arena *a)
{
	struct chunk *c, *next;

	if (!a)
		return;
	for (c = a->chunks; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

/* First usable byte, poisoned to the end; NULL if no memory. */
static u8 *arena_add_chunk(struct arena *a, size_t size)
{
	const size_t shift = a->poison * CHUNK_ALIGN;
	struct chunk *c;
	uintptr_t start;

	if (size > SIZE_MAX - sizeof(*c) - CHUNK_ALIGN - shift)
		return NULL;
	c = mem_alloc(sizeof(*c) + CHUNK_ALIGN + shift + size);
	if (!c)
		return NULL;
	c->next = a->chunks;
	a->chunks = c;
	start = ((uintptr_t)(c + 1) + shift + CHUNK_ALIGN - 1) & ~(uintptr_t)(CHUNK_ALIGN - 1);
	c->start = (u8 *)start;
	c->used = 0;
	return memset((void *)start, a->poison, size);
}

static u8 *arena_carve(struct arena *a, size_t size, size_t align)
{
	const uintptr_t start = ((uintptr_t)a->pos + align - 1) & ~(uintptr_t)(align - 1);

	if (!a->pos || start > (uintptr_t)a->end || size > (uintptr_t)a->end - start)
		return NULL;
	a->pos = (u8 *)start + size;
	a->shared->used = (size_t)(a->pos - a->shared->start);
	return (u8 *)start;
}

void *arena_zalloc(struct arena *a, size_t size)
{
	const size_t align = size >= 64 ? 64 : 16;
	u8 *p;

	size = size ? size : 1;
	p = arena_carve(a, size, align);
	if (!p && size > CHUNK_LAST / 4) {
		/* A chunk of its own leaves the rest of the shared one in use. */
		p = arena_add_chunk(a, size);
		if (p)
			a->chunks->used = size;
	} else if (!p) {
		while (a->chunk_size < size * 4)
			a->chunk_size *= 2;
		p = arena_add_chunk(a, a->chunk_size);
		if (p) {
			a->shared = a->chunks;
			a->pos = p;
			a->end = p + a->chunk_size;
			if (a->chunk_size < CHUNK_LAST)
				a->chunk_size *= 2;
			p = arena_carve(a, size, align);
			BUG_ON(!p);
		}
	}
	if (!p)
		return NULL;
	BUG_ON((uintptr_t)p % align);
	a->used += size;
	return memset(p, 0, size);
}

void *arena_calloc(struct arena *a, size_t nr, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(nr, size, &bytes))
		return NULL;
	return arena_zalloc(a, bytes);
}

char *arena_strdup(struct arena *a, const char *s)
{
	const size_t size = strlen(s) + 1;
	char *copy = arena_zalloc(a, size);

	return copy ? memcpy(copy, s, size) : NULL;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

bool arena_has(const struct arena *a, const void *p)
{
	const uintptr_t at = (uintptr_t)p;
	const struct chunk *c;

	for (c = a->chunks; c; c = c->next)
		if (at >= (uintptr_t)c->start && at - (uintptr_t)c->start < c->used)
			return true;
	return false;
}

struct arena_copy {
	struct arena arena;
	size_t size;
	u8 bytes[];	/* of each chunk, newest first */
};

struct arena_copy *arena_save(const struct arena *a)
{
	struct arena_copy *copy;
	const struct chunk *c;
	size_t size = 0;
	u8 *to;

	for (c = a->chunks; c; c = c->next)
		size += c->used;
	copy = mem_alloc(sizeof(*copy) + size);
	if (!copy)
		return NULL;
	copy->arena = *a;
	copy->size = size;
	to = copy->bytes;
	for (c = a->chunks; c; c = c->next) {
		memcpy(to, c->start, c->used);
		to += c->used;
	}
	return copy;
}

/* Chunks only ever come in front: those behind the saved first one are the saved ones. */
void arena_restore(struct arena *a, const struct arena_copy *copy)
{
	const u8 *from = copy->bytes;
	struct chunk *c, *next;

	for (c = a->chunks; c != copy->arena.chunks; c = next) {
		BUG_ON(!c);
		next = c->next;
		free(c);
	}
	*a = copy->arena;
	for (; c; c = c->next) {
		/* Only the one shared then can have grown. */
		if (c == a->shared)
			c->used = (size_t)(a->pos - c->start);
		memcpy(c->start, from, c->used);
		from += c->used;
	}
	BUG_ON(from != copy->bytes + copy->size);
}

void arena_copy_free(struct arena_copy *copy)
{
	free(copy);
}

static bool is_odd(const struct pool *pool)
{
	return pool->arena->poison & 1;
}

static u8 pool_poison(const struct pool *pool)
{
	return is_odd(pool) ? POOL_POISON_ODD : POOL_POISON;
}

/* A free object starts with the link to the next one; the rest is poison. */
static bool pool_is_poisoned(const struct pool *pool, const void *obj)
{
	const u8 poison = pool_poison(pool);
	const u8 *p = obj;
	size_t i;

	for (i = sizeof(void *); i < pool->size; i++)
		if (p[i] != poison)
			return false;
	return true;
}

void pool_init(struct pool *pool, struct arena *a, size_t size)
{
	BUG_ON(!a);
	*pool = (struct pool){
		.arena = a, .size = size < sizeof(void *) ? sizeof(void *) : size,
	};
}

static void pool_put(struct pool *pool, void *obj)
{
	memset(obj, pool_poison(pool), pool->size);
	memcpy(obj, &pool->free, sizeof(void *));
	pool->free = obj;
}

static void *pool_grow(struct pool *pool)
{
	void *obj = arena_zalloc(pool->arena, pool->size), *next;

	if (!obj || !is_odd(pool))
		return obj;
	/* The other way round than elsewhere: the younger object lies below the older one. */
	next = arena_zalloc(pool->arena, pool->size);
	if (!next)
		return obj;
	pool_put(pool, obj);
	return next;
}

void *pool_zalloc(struct pool *pool)
{
	void *obj = pool->free;

	if (obj) {
		BUG_ON(!pool_is_poisoned(pool, obj));
		memcpy(&pool->free, obj, sizeof(void *));
		memset(obj, 0, pool->size);
	} else {
		obj = pool_grow(pool);
	}
	if (obj)
		pool->nr_used++;
	return obj;
}

void pool_free(struct pool *pool, void *obj)
{
	BUG_ON(!obj);
	BUG_ON(!pool->nr_used);
	BUG_ON(pool->size > sizeof(void *) && pool_is_poisoned(pool, obj));

	pool_put(pool, obj);
	pool->nr_used--;
}
