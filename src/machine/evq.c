/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pending events: a 4-ary heap ordered by (time, rank, cpu, sequence). The
 * sequence counts within (rank, cpu), so an unrelated or elided event never
 * moves a tie. Each event knows its place, so re-arming is O(log n).
 */
#include "machine/evq.h"

#define ARITY 4
#define SEQ_BITS 40
#define SEQ_MASK ((1ULL << SEQ_BITS) - 1)

static bool before(const struct mevent *a, const struct mevent *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void place(struct machine *m, u32 pos, struct mevent *ev)
{
	m->heap[pos] = ev;
	ev->pos = pos;
}

/* Heap positions are 1-based; children of n are 4n-2 .. 4n+1. */
static void sift_up(struct machine *m, u32 pos, struct mevent *ev)
{
	while (pos > 1) {
		const u32 parent = (pos + ARITY - 2) / ARITY;

		if (!before(ev, m->heap[parent]))
			break;
		place(m, pos, m->heap[parent]);
		pos = parent;
	}
	place(m, pos, ev);
}

static void sift_down(struct machine *m, u32 pos, struct mevent *ev)
{
	for (;;) {
		const u32 first = ARITY * pos - (ARITY - 2);
		u32 best = first, i;

		if (first > m->nr_heap)
			break;
		for (i = first + 1; i < first + ARITY && i <= m->nr_heap; i++)
			if (before(m->heap[i], m->heap[best]))
				best = i;
		if (!before(m->heap[best], ev))
			break;
		place(m, pos, m->heap[best]);
		pos = best;
	}
	place(m, pos, ev);
}

static void heap_grow(struct machine *m)
{
	const u32 size = m->heap_size ? 2 * m->heap_size : 256;
	struct mevent **heap = realloc(m->heap, (size + 1) * sizeof(*heap));

	if (!heap)
		BUG_FMT("no memory for %u pending events", size);
	m->heap = heap;
	m->heap_size = size;
}

static void heap_insert(struct machine *m, struct mevent *ev)
{
	BUG_ON(ev->pos);
	if (m->nr_heap == m->heap_size)
		heap_grow(m);
	m->nr_heap++;
	m->nr_foreground += !ev->background;
	sift_up(m, m->nr_heap, ev);
}

static void heap_remove(struct machine *m, struct mevent *ev)
{
	const u32 pos = ev->pos;
	struct mevent *last = m->heap[m->nr_heap];

	BUG_ON(!pos || m->heap[pos] != ev);
	m->nr_heap--;
	m->nr_foreground -= !ev->background;
	ev->pos = 0;
	if (last == ev)
		return;
	if (pos > 1 && before(last, m->heap[(pos + ARITY - 2) / ARITY]))
		sift_up(m, pos, last);
	else
		sift_down(m, pos, last);
}

static u64 next_order(const struct mevent *ev)
{
	struct mcpu *c = mcpu(ev->cpu);

	return mevent_order(ev->rank, ev->cpu) | (++c->seq[ev->rank] & SEQ_MASK);
}

u64 mevent_order(enum mrank rank, int cpu)
{
	return (u64)rank << 56 | (u64)cpu << SEQ_BITS;
}

void mevent_init(struct mevent *ev, enum mrank rank, int cpu, void (*fn)(struct mevent *),
		 const char *name)
{
	*ev = (struct mevent){ .rank = rank, .cpu = (u16)cpu, .fn = fn, .name = name };
	INIT_LIST_HEAD(&ev->raised_node);
	BUG_ON((u32)cpu >= machine()->nr_cpu_ids);
}

void mevent_set_cpu(struct mevent *ev, int cpu)
{
	BUG_ON(mevent_pending(ev));
	BUG_ON((u32)cpu >= machine()->nr_cpu_ids);
	ev->cpu = (u16)cpu;
}

void mevent_arm(struct mevent *ev, u64 time)
{
	struct machine *m = machine();

	BUG_ON(time < this_sim->now);
	if (ev->raised)
		mevent_disarm(ev);
	if (ev->pos) {
		const u32 pos = ev->pos;

		ev->time = time;
		ev->order = next_order(ev);
		if (pos > 1 && before(ev, m->heap[(pos + ARITY - 2) / ARITY]))
			sift_up(m, pos, ev);
		else
			sift_down(m, pos, ev);
		return;
	}
	ev->time = time;
	ev->order = next_order(ev);
	heap_insert(m, ev);
}

void mevent_disarm(struct mevent *ev)
{
	if (ev->pos) {
		heap_remove(machine(), ev);
	} else if (ev->raised) {
		struct mcpu *c = mcpu(ev->cpu);

		ev->raised = false;
		list_del_init(&ev->raised_node);
		if (list_empty(&c->raised))
			list_del_init(&c->raised_node);
	}
}

struct mevent *evq_first(void)
{
	struct machine *m = machine();

	return m->nr_heap ? m->heap[1] : NULL;
}

void evq_take(struct mevent *ev)
{
	heap_remove(machine(), ev);
}

void evq_raise(struct mevent *ev)
{
	struct mcpu *c = mcpu(ev->cpu);
	struct mevent *pos;

	if (ev->raised)
		return;
	if (ev->pos)
		evq_take(ev);
	if (list_empty(&c->raised))
		list_add_tail(&c->raised_node, &machine()->raised_cpus);
	ev->raised = true;
	/* Delivered by rank; within a rank in the order of arming. */
	list_for_each_entry(pos, &c->raised, raised_node)
		if (ev->order < pos->order)
			break;
	list_add_tail(&ev->raised_node, &pos->raised_node);
}

void evq_raise_now(struct mevent *ev)
{
	BUG_ON(mevent_pending(ev));
	ev->time = this_sim->now;
	ev->order = next_order(ev);
	evq_raise(ev);
}

struct mevent *evq_take_raised(struct mcpu *c)
{
	struct mevent *ev = list_first_entry_or_null(&c->raised, struct mevent, raised_node);

	if (ev)
		mevent_disarm(ev);
	return ev;
}

void evq_destroy(struct machine *m)
{
	free(m->heap);
	m->heap = NULL;
	m->nr_heap = m->heap_size = 0;
}
