/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pending events in order of (time, rank, cpu, sequence). The sequence counts
 * within (rank, cpu), so an unrelated or elided event never moves a tie.
 *
 * Later ones are in a 4-ary heap; each knows its place, so re-arming is
 * O(log n). Those armed for the present instant (IPIs above all) are few and
 * soon gone: they are kept in a short sorted list and never enter the heap.
 */
#include "machine/evq.h"

#include <string.h>

#include "base/mem.h"
#include "machine/chooser.h"

#define ARITY 4
#define SEQ_BITS 40
#define SEQ_MASK ((1ULL << SEQ_BITS) - 1)
#define EVQ_DUE UINT32_MAX

static bool before(const struct evq_slot *a, const struct evq_slot *b)
{
	return a->time != b->time ? a->time < b->time : a->order < b->order;
}

static void place(struct machine *m, u32 pos, const struct evq_slot *slot)
{
	m->heap[pos] = *slot;
	slot->ev->pos = pos;
}

/* Heap positions are 1-based; children of n are 4n-2 .. 4n+1. */
static u32 parent_of(u32 pos)
{
	return (pos + ARITY - 2) / ARITY;
}

static void sift_up(struct machine *m, u32 pos, const struct evq_slot *slot)
{
	while (pos > 1 && before(slot, &m->heap[parent_of(pos)])) {
		place(m, pos, &m->heap[parent_of(pos)]);
		pos = parent_of(pos);
	}
	place(m, pos, slot);
}

static void sift_down(struct machine *m, u32 pos, const struct evq_slot *slot)
{
	for (;;) {
		const u32 first = ARITY * pos - (ARITY - 2);
		u32 best = first, i;

		if (first > m->nr_heap)
			break;
		for (i = first + 1; i < first + ARITY && i <= m->nr_heap; i++)
			if (before(&m->heap[i], &m->heap[best]))
				best = i;
		if (!before(&m->heap[best], slot))
			break;
		place(m, pos, &m->heap[best]);
		pos = best;
	}
	place(m, pos, slot);
}

static void sift(struct machine *m, u32 pos, const struct evq_slot *slot)
{
	if (pos > 1 && before(slot, &m->heap[parent_of(pos)]))
		sift_up(m, pos, slot);
	else
		sift_down(m, pos, slot);
}

static void heap_grow(struct machine *m)
{
	const u32 size = m->heap_size ? 2 * m->heap_size : 256;
	const size_t bytes = (size + 1) * sizeof(struct evq_slot);
	struct evq_slot *heap;

	heap = this_sim->restorable ? arena_zalloc(this_sim->arena, bytes) : realloc(m->heap, bytes);
	if (!heap)
		BUG_FMT("no memory for %u pending events", size);
	if (this_sim->restorable && m->heap_size)
		memcpy(heap, m->heap, (m->heap_size + 1) * sizeof(*heap));
	m->heap = heap;
	m->heap_size = size;
}

static struct evq_slot slot_of(struct mevent *ev)
{
	return (struct evq_slot){ .time = ev->time, .order = ev->order, .ev = ev };
}

static void heap_insert(struct machine *m, struct mevent *ev)
{
	const struct evq_slot slot = slot_of(ev);

	BUG_ON(ev->pos);
	BUG_ON(ev->raised);
	BUG_ON(!ev->fn);
	if (m->nr_heap == m->heap_size)
		heap_grow(m);
	m->nr_heap++;
	m->nr_anytime += ev->anytime;
	sift_up(m, m->nr_heap, &slot);
}

static void heap_remove(struct machine *m, struct mevent *ev)
{
	const u32 pos = ev->pos;
	const struct evq_slot last = m->heap[m->nr_heap];

	BUG_ON(!m->nr_heap);
	BUG_ON(pos > m->nr_heap);
	BUG_ON(m->heap[pos].ev != ev);
	m->nr_heap--;
	m->nr_anytime -= ev->anytime;
	ev->pos = 0;
	if (last.ev != ev)
		sift(m, pos, &last);
}

static void due_insert(struct machine *m, struct mevent *ev)
{
	struct mevent *pos;

	/* Mostly the newest is the last: look from the end. */
	list_for_each_entry_reverse(pos, &m->due, raised_node)
		if (pos->order < ev->order)
			break;
	list_add(&ev->raised_node, &pos->raised_node);
	BUG_ON(ev->time != this_sim->now);
	ev->pos = EVQ_DUE;
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
	step_touches(ev);
	if (ev->pos && ev->pos != EVQ_DUE && time > this_sim->now) {
		struct evq_slot slot;

		ev->time = time;
		ev->order = next_order(ev);
		slot = slot_of(ev);
		sift(m, ev->pos, &slot);
		return;
	}
	mevent_disarm(ev);
	ev->time = time;
	ev->order = next_order(ev);
	m->nr_foreground += !ev->background;
	if (time == this_sim->now)
		due_insert(m, ev);
	else
		heap_insert(m, ev);
}

static void take(struct machine *m, struct mevent *ev)
{
	BUG_ON(!ev->pos);
	BUG_ON(ev->raised);
	BUG_ON((!ev->background && !m->nr_foreground));
	m->nr_foreground -= !ev->background;
	if (ev->pos != EVQ_DUE) {
		heap_remove(m, ev);
		return;
	}
	list_del_init(&ev->raised_node);
	ev->pos = 0;
}

void mevent_disarm(struct mevent *ev)
{
	if (ev->pos) {
		step_touches(ev);
		take(machine(), ev);
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
	struct mevent *due = list_first_entry_or_null(&m->due, struct mevent, raised_node);

	if (!m->nr_heap)
		return due;
	/* A due event is due now; the heap can only come first by order at the same instant. */
	if (due && (m->heap[1].time > due->time || m->heap[1].order > due->order))
		return due;
	return m->heap[1].ev;
}

void evq_take(struct mevent *ev)
{
	take(machine(), ev);
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
	BUG_ON(ev->time > this_sim->now);
	BUG_ON(!list_empty(&ev->raised_node));
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
	BUG_ON(ev->rank == RANK_WAKE);
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

void evq_for_each_due(void (*fn)(struct mevent *ev, void *data), void *data)
{
	struct machine *m = machine();
	struct mevent *ev;
	u32 i;

	list_for_each_entry(ev, &m->due, raised_node)
		fn(ev, data);
	if (!m->nr_anytime && (!m->nr_heap || m->heap[1].time > this_sim->now))
		return;
	for (i = 1; i <= m->nr_heap; i++)
		if (m->heap[i].time <= this_sim->now || m->heap[i].ev->anytime)
			fn(m->heap[i].ev, data);
}

void evq_destroy(struct machine *m)
{
	if (!this_sim->restorable)
		free(m->heap);
	m->heap = NULL;
	m->nr_heap = m->heap_size = 0;
}
