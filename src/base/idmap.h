/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps from a number or a name to a pointer. Iteration order is insertion order,
 * also after removals: that is part of the contract, since results depend on it.
 * The map owns its keys, not its values. One map has keys of one kind.
 */
#ifndef BASE_IDMAP_H
#define BASE_IDMAP_H

#include <scxtwin/types.h>

struct idmap_entry;

/*
 * Zero-initialised = empty, over the heap. With an arena, set while it is
 * empty, all memory comes from there and none of it is ever given back.
 */
struct arena;
struct idmap {
	struct idmap_entry *entries;
	struct arena *arena;
};

/* 0, -EEXIST or -ENOMEM; on failure nothing changed. value is not NULL. */
int idmap_add(struct idmap *map, u64 id, void *value);
int idmap_add_name(struct idmap *map, const char *name, void *value);
/* The value, NULL if there is none. */
void *idmap_get(const struct idmap *map, u64 id);
void *idmap_get_name(const struct idmap *map, const char *name);
/* Removes; returns the value that was there, NULL if there was none. */
void *idmap_remove(struct idmap *map, u64 id);
void *idmap_remove_name(struct idmap *map, const char *name);
size_t idmap_count(const struct idmap *map);
void idmap_free(struct idmap *map);

/* Walking; the entry that is looked at may be removed between two steps. */
struct idmap_iter {
	struct idmap_entry *next;
	u64 id;			/* of maps by number */
	const char *name;	/* of maps by name */
	void *value;
};

struct idmap_iter idmap_iter(const struct idmap *map);
/* False behind the last. */
bool idmap_next(struct idmap_iter *it);

#endif /* BASE_IDMAP_H */
