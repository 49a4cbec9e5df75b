/* SPDX-License-Identifier: GPL-2.0-only */
#include "policy/own.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "policy/internal.h"

/* A segment comes page by page. */
static int add_writable(void *at, size_t size, void *data)
{
	struct own_memory *own = data;
	const uintptr_t start = (uintptr_t)at;

	if (own->ranges.nr && vec_last(&own->ranges)->end == start) {
		vec_last(&own->ranges)->end += size;
		return 0;
	}
	return vec_push(&own->ranges, ((struct own_range){ .start = start, .end = start + size, .name = "data" }));
}

static int add_state(struct own_memory *own, const struct policy *pol)
{
	const uintptr_t start = (uintptr_t)pol->state;

	if (!pol->desc->state_size)
		return 0;
	return vec_push(&own->ranges, ((struct own_range){ .start = start, .end = start + pol->desc->state_size,
							   .name = "state" }));
}

int own_memory_open(struct policy *pol, struct scxtwin_error *err)
{
	struct own_memory *own = mem_zalloc(sizeof(*own));
	int ret;

	BUG_ON(!pol->dl);
	BUG_ON(pol->own);
	if (!own)
		return error_no_memory(err);
	pol->own = own;
	ret = policy_so_each_writable(pol->dl, add_writable, own);
	ret = ret ?: add_state(own, pol);
	ret = ret ?: own_symbols_read(own, pol->fd, policy_so_base(pol->dl));
	return ret ? error_no_memory(err) : 0;
}

void own_memory_close(struct own_memory *own)
{
	struct own_symbol *symbol;
	struct idmap_iter it;

	if (!own)
		return;
	vec_for_each(symbol, &own->symbols)
		free(symbol->name);
	for (it = idmap_iter(&own->labels); idmap_next(&it); )
		free(it.value);
	idmap_free(&own->labels);
	vec_free(&own->symbols);
	vec_free(&own->ranges);
	free(own);
}

static const struct own_range *range_of(const struct own_memory *own, uintptr_t at)
{
	const struct own_range *r;

	vec_for_each(r, &own->ranges)
		if (at >= r->start && at < r->end)
			return r;
	return NULL;
}

bool own_memory_has(const struct own_memory *own, const void *addr)
{
	return range_of(own, (uintptr_t)addr);
}

static const struct own_symbol *symbol_of(const struct own_memory *own, uintptr_t at)
{
	size_t low = 0, high = own->symbols.nr;

	while (low < high) {
		const size_t mid = low + (high - low) / 2;

		if (own->symbols.data[mid].start <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low && at < own->symbols.data[low - 1].end ? &own->symbols.data[low - 1] : NULL;
}

static char *make_label(const struct own_memory *own, uintptr_t at)
{
	const struct own_symbol *symbol = symbol_of(own, at);
	const struct own_range *range = range_of(own, at);
	const uintptr_t start = symbol ? symbol->start : range->start;
	const char *name = symbol ? symbol->name : range->name;
	char text[128];

	if (symbol && at == start)
		snprintf(text, sizeof(text), "%s", name);
	else
		snprintf(text, sizeof(text), "%.100s+0x%" PRIxPTR, name, at - start);
	return mem_strdup(text);
}

const char *own_memory_label(struct own_memory *own, const void *addr)
{
	char *label = idmap_get(&own->labels, (u64)(uintptr_t)addr);

	BUG_ON(!own_memory_has(own, addr));
	if (label)
		return label;
	label = make_label(own, (uintptr_t)addr);
	if (!label || idmap_add(&own->labels, (u64)(uintptr_t)addr, label))
		BUG_FMT("no memory for the name of a word");
	return label;
}

void own_memory_note_write(struct own_memory *own, const void *addr, size_t size)
{
	const uintptr_t start = (uintptr_t)addr;

	/* What is not noted is found by comparing bytes, and then reaches the policy as a whole. */
	if (own->nr_writes < OWN_WRITES)
		own->writes[own->nr_writes++] = (struct own_write){ .start = start, .end = start + size };
}

void own_memory_forget(struct own_memory *own)
{
	memset(own->spins, 0, sizeof(own->spins));
	own->nr_writes = 0;
	own->nr_misjudged = 0;
}
