/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DSQs: all local DSQs together, all bypass DSQs, all global DSQs, and each user
 * DSQ (by id, so that a DSQ which is destroyed and created again stays one row).
 *
 *   depth max    greatest number of tasks in one DSQ at a time
 *   depth mean   integral of the depth over time / span, in 1/1000; of several DSQs: the sum
 *   residence    insertion to removal, for whatever reason; a task that still is in a DSQ at
 *                the end is not in the distribution
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/mem.h"
#include "report/depth.h"

/* What is reported together. */
struct depth_row {
	enum scxtwin_dsq_kind kind;
	u64 id;
	bool shared;			/* the user DSQs beyond the limit */
	u32 nr_dsqs;
	u64 nr_inserts, depth_max;
	u64 depth;			/* sum over its DSQs */
	u64 last_ns;
	unsigned __int128 integral;	/* of depth, ns */
	struct hist residence;
};

struct depth_dsq {
	struct depth_row *row;		/* NULL: never held a task */
	u64 depth;
};

int depth_init(struct depth *d, u32 nr_cpus)
{
	memset(d, 0, sizeof(*d));
	d->nr_cpus = nr_cpus;
	d->locals = mem_zalloc(nr_cpus * sizeof(*d->locals));
	d->bypasses = mem_zalloc(nr_cpus * sizeof(*d->bypasses));
	return d->locals && d->bypasses ? 0 : -1;
}

static void free_map(struct idmap *map)
{
	struct idmap_iter it = idmap_iter(map);

	while (idmap_next(&it))
		free(it.value);
	idmap_free(map);
}

static void free_row(struct depth_row *row)
{
	if (row)
		hist_free(&row->residence);
	free(row);
}

void depth_free(struct depth *d)
{
	size_t i;

	free(d->locals);
	free(d->bypasses);
	free_map(&d->globals);
	free_map(&d->users);
	for (i = 0; i < 3; i++)
		free_row(d->builtin[i]);
	for (i = 0; i < d->user_rows.nr; i++)
		free_row(d->user_rows.data[i]);
	vec_free(&d->user_rows);
}

static struct depth_row *new_row(enum scxtwin_dsq_kind kind, u64 id, u64 now)
{
	struct depth_row *row = mem_zalloc(sizeof(*row));

	if (row) {
		row->kind = kind;
		row->id = id;
		row->last_ns = now;
	}
	return row;
}

static struct depth_row *builtin_row(struct depth *d, enum scxtwin_dsq_kind kind, u64 now)
{
	if (!d->builtin[kind])
		d->builtin[kind] = new_row(kind, 0, now);
	return d->builtin[kind];
}

static struct depth_row *user_row(struct depth *d, u64 id, u64 now)
{
	const bool shared = d->user_rows.nr == DEPTH_MAX_USER_ROWS - 1;
	struct depth_row *row;

	if (d->user_rows.nr == DEPTH_MAX_USER_ROWS)
		return *vec_last(&d->user_rows);
	row = new_row(SCXTWIN_DSQ_USER, shared ? 0 : id, now);
	if (!row || vec_push(&d->user_rows, row)) {
		free(row);
		return NULL;
	}
	row->shared = shared;
	return row;
}

static struct depth_dsq *by_number(struct idmap *map, u64 number)
{
	struct depth_dsq *dsq = idmap_get(map, number);

	if (dsq)
		return dsq;
	dsq = mem_zalloc(sizeof(*dsq));
	if (dsq && idmap_add(map, number, dsq)) {
		free(dsq);
		dsq = NULL;
	}
	return dsq;
}

static struct depth_dsq *find(struct depth *d, u64 id, u64 owner, enum scxtwin_dsq_kind *kind)
{
	*kind = SCXTWIN_DSQ_USER;
	if (!(id & SCX_DSQ_FLAG_BUILTIN))
		return by_number(&d->users, id);
	*kind = SCXTWIN_DSQ_GLOBALS;
	if (id == SCX_DSQ_GLOBAL)
		return by_number(&d->globals, owner);
	BUG_ON(owner >= d->nr_cpus);
	*kind = id == SCX_DSQ_BYPASS ? SCXTWIN_DSQ_BYPASSES : SCXTWIN_DSQ_LOCALS;
	return id == SCX_DSQ_BYPASS ? &d->bypasses[owner] : &d->locals[owner];
}

/* The DSQ with its row, NULL if no memory. */
static struct depth_dsq *dsq_get(struct depth *d, u64 now, u64 id, u64 owner)
{
	enum scxtwin_dsq_kind kind;
	struct depth_dsq *dsq = find(d, id, owner, &kind);

	if (!dsq || dsq->row)
		return dsq;
	dsq->row = kind == SCXTWIN_DSQ_USER ? user_row(d, id, now) : builtin_row(d, kind, now);
	if (!dsq->row)
		return NULL;
	dsq->row->nr_dsqs++;
	return dsq;
}

static void integrate(struct depth_row *row, u64 now)
{
	BUG_ON(now < row->last_ns);
	row->integral += (unsigned __int128)row->depth * (now - row->last_ns);
	row->last_ns = now;
}

void depth_insert(struct depth *d, struct depth_place *place, u64 now, u64 id, u64 owner)
{
	struct depth_dsq *dsq = dsq_get(d, now, id, owner);

	BUG_ON(place->dsq);
	if (!dsq) {
		d->no_memory = true;
		return;
	}
	integrate(dsq->row, now);
	dsq->row->depth++;
	dsq->row->nr_inserts++;
	if (++dsq->depth > dsq->row->depth_max)
		dsq->row->depth_max = dsq->depth;
	place->dsq = dsq;
	place->since = now;
}

void depth_remove(struct depth *d, struct depth_place *place, u64 now)
{
	struct depth_dsq *dsq = place->dsq;

	if (!dsq) {
		/* Only an insertion that found no memory is unknown here. */
		BUG_ON(!d->no_memory);
		return;
	}
	BUG_ON(!dsq->depth || !dsq->row->depth);
	integrate(dsq->row, now);
	dsq->row->depth--;
	dsq->depth--;
	hist_add(&dsq->row->residence, now - place->since);
	place->dsq = NULL;
}

static void describe(struct depth_row *row, u64 now, struct scxtwin_dsq_metrics *out)
{
	static const char *const names[] = { "local", "bypass", "global", "others" };

	integrate(row, now);
	out->kind = row->kind;
	out->id = row->id;
	out->nr_dsqs = row->nr_dsqs;
	out->nr_inserts = row->nr_inserts;
	out->depth_max = row->depth_max;
	out->depth_mean_milli = now ? (u64)(row->integral * 1000 / now) : 0;
	hist_dist(&row->residence, &out->residence);
	if (row->kind == SCXTWIN_DSQ_USER && !row->shared)
		snprintf(out->name, sizeof(out->name), "0x%llx", (unsigned long long)row->id);
	else
		snprintf(out->name, sizeof(out->name), "%s", names[row->kind]);
}

static int by_id(const void *a, const void *b)
{
	const struct depth_row *x = *(struct depth_row *const *)a, *y = *(struct depth_row *const *)b;

	if (x->shared != y->shared)
		return x->shared ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

int depth_report(struct depth *d, u64 now, struct scxtwin_dsq_metrics **dsqs, u32 *nr)
{
	size_t i;

	*nr = 0;
	*dsqs = NULL;
	for (i = 0; i < 3; i++)
		d->no_memory |= d->builtin[i] && d->builtin[i]->residence.no_memory;
	for (i = 0; i < d->user_rows.nr; i++)
		d->no_memory |= d->user_rows.data[i]->residence.no_memory;
	if (d->no_memory)
		return -1;
	*dsqs = mem_zalloc((d->user_rows.nr + 3) * sizeof(**dsqs));
	if (!*dsqs)
		return -1;
	for (i = 0; i < 3; i++) {
		if (d->builtin[i])
			describe(d->builtin[i], now, &(*dsqs)[(*nr)++]);
	}
	if (d->user_rows.nr)
		qsort(d->user_rows.data, d->user_rows.nr, sizeof(*d->user_rows.data), by_id);
	for (i = 0; i < d->user_rows.nr; i++)
		describe(d->user_rows.data[i], now, &(*dsqs)[(*nr)++]);
	return 0;
}
