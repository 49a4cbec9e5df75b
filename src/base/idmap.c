/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/idmap.h"
#include "base/mem.h"

#define HASH_NONFATAL_OOM 1
/* Expand where a parameter "map" is in scope. */
#define uthash_malloc(size) map_alloc(map, size)
#define uthash_free(ptr, size) map_free(map, ptr)
#include <uthash.h>

static void *map_alloc(struct idmap *map, size_t size)
{
	return map->arena ? arena_zalloc(map->arena, size) : mem_zalloc(size);
}

static void map_free(struct idmap *map, void *p)
{
	if (!map->arena)
		free(p);
}

struct idmap_entry {
	UT_hash_handle hh;	/* keeps the order of insertion, whatever the buckets do */
	void *value;
	u64 id;
	char name[];		/* empty in maps by number */
};

static struct idmap_entry *find(const struct idmap *map, const void *key, size_t len)
{
	struct idmap_entry *entry;

	HASH_FIND(hh, map->entries, key, len, entry);
	return entry;
}

/* Keys lie behind the links, in the entry itself. */
static int insert(struct idmap *map, struct idmap_entry *entry, const void *key, size_t len)
{
	HASH_ADD_KEYPTR(hh, map->entries, key, len, entry);
	if (entry->hh.tbl)
		return 0;
	map_free(map, entry);
	return -ENOMEM;
}

static void *take_out(struct idmap *map, struct idmap_entry *entry)
{
	void *value;

	if (!entry)
		return NULL;
	value = entry->value;
	HASH_DEL(map->entries, entry);
	map_free(map, entry);
	return value;
}

int idmap_add(struct idmap *map, u64 id, void *value)
{
	struct idmap_entry *entry;

	BUG_ON(!value);
	if (find(map, &id, sizeof(id)))
		return -EEXIST;
	entry = map_alloc(map, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->id = id;
	entry->value = value;
	return insert(map, entry, &entry->id, sizeof(entry->id));
}

int idmap_add_name(struct idmap *map, const char *name, void *value)
{
	const size_t len = strlen(name);
	struct idmap_entry *entry;

	BUG_ON(!value);
	if (find(map, name, len))
		return -EEXIST;
	entry = map_alloc(map, sizeof(*entry) + len + 1);
	if (!entry)
		return -ENOMEM;
	memcpy(entry->name, name, len);
	entry->value = value;
	return insert(map, entry, entry->name, len);
}

void *idmap_get(const struct idmap *map, u64 id)
{
	const struct idmap_entry *entry = find(map, &id, sizeof(id));

	return entry ? entry->value : NULL;
}

void *idmap_get_name(const struct idmap *map, const char *name)
{
	const struct idmap_entry *entry = find(map, name, strlen(name));

	return entry ? entry->value : NULL;
}

void *idmap_remove(struct idmap *map, u64 id)
{
	return take_out(map, find(map, &id, sizeof(id)));
}

void *idmap_remove_name(struct idmap *map, const char *name)
{
	return take_out(map, find(map, name, strlen(name)));
}

size_t idmap_count(const struct idmap *map)
{
	return HASH_COUNT(map->entries);
}

void idmap_free(struct idmap *map)
{
	while (map->entries)
		take_out(map, map->entries);
}

struct idmap_iter idmap_iter(const struct idmap *map)
{
	return (struct idmap_iter){ .next = map->entries };
}

bool idmap_next(struct idmap_iter *it)
{
	struct idmap_entry *entry = it->next;

	if (!entry)
		return false;
	it->next = entry->hh.next;
	it->id = entry->id;
	it->name = entry->name;
	it->value = entry->value;
	return true;
}
