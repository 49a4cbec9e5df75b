/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

static u64 mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 32;
}

static u64 mix_event(u64 hash, const struct scxtwin_event *ev)
{
	hash = mix(hash, ev->time_ns);
	hash = mix(hash, (u64)ev->kind | (u64)ev->cpu << 16 | (u64)(u32)ev->task << 32);
	hash = mix(hash, ev->a);
	hash = mix(hash, ev->b);
	hash = mix(hash, ev->c);
	return mix(hash, ev->d);
}

static void end_batch(struct track *t)
{
	const u64 room = t->room ? t->room * 2 : 1024;
	u64 *more;

	if (t->nr_batches == t->room) {
		more = realloc(t->batches, room * sizeof(*more));
		if (!more) {
			t->no_memory = true;
			return;
		}
		t->batches = more;
		t->room = room;
	}
	t->batches[t->nr_batches++] = t->hash;
}

static void on_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct track *t = obs->data;

	t->hash = mix_event(t->hash, ev);
	if (t->kept && t->nr_events >= t->keep_from && t->nr_kept < CHECK_BATCH)
		t->kept[t->nr_kept++] = *ev;
	if (++t->nr_events % CHECK_BATCH == 0 && !t->no_memory)
		end_batch(t);
}

void track_begin(struct track *t, u64 keep_from)
{
	*t = (struct track){ .keep_from = keep_from };
	t->observer = (struct scxtwin_observer){ .event = on_event, .data = t };
	if (keep_from == UINT64_MAX)
		return;
	t->kept = calloc(CHECK_BATCH, sizeof(*t->kept));
	t->no_memory = !t->kept;
}

void track_free(struct track *t)
{
	free(t->batches);
	free(t->kept);
	*t = (struct track){ .nr_events = 0 };
}

bool track_same(const struct track *a, const struct track *b)
{
	return a->nr_events == b->nr_events && a->hash == b->hash;
}

u64 track_first_different_batch(const struct track *a, const struct track *b)
{
	u64 i;

	for (i = 0; i < a->nr_batches && i < b->nr_batches; i++)
		if (a->batches[i] != b->batches[i])
			break;
	return i * CHECK_BATCH;
}

static size_t describe_event(const struct scxtwin_event *ev, char *buf, size_t size)
{
	const u64 args[4] = { ev->a, ev->b, ev->c, ev->d };
	size_t len;
	int i;

	if (!ev)
		return (size_t)snprintf(buf, size, "the end of the run");
	len = (size_t)snprintf(buf, size, "%s at %" PRIu64 " ns, CPU %u, task %d",
			       scxtwin_event_name(ev->kind), ev->time_ns, ev->cpu, ev->task);
	for (i = 0; i < 4 && len < size; i++) {
		const char *name = scxtwin_event_arg_name(ev->kind, i);

		if (*name)
			len += (size_t)snprintf(buf + len, size - len, ", %s %" PRIu64, name, args[i]);
	}
	return len;
}

bool track_describe_difference(const struct track *a, const struct track *b, char *buf, size_t size)
{
	char first[400], second[400];
	u32 i;

	for (i = 0; i < a->nr_kept && i < b->nr_kept; i++)
		if (memcmp(&a->kept[i], &b->kept[i], sizeof(a->kept[i])))
			break;
	if (i == a->nr_kept && i == b->nr_kept)
		return false;
	describe_event(i < a->nr_kept ? &a->kept[i] : NULL, first, sizeof(first));
	describe_event(i < b->nr_kept ? &b->kept[i] : NULL, second, sizeof(second));
	snprintf(buf, size, "event %" PRIu64 " was %s; the second time %s", a->keep_from + i, first,
		 second);
	return true;
}
