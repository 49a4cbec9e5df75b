/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "workload/observed.h"
#include "workload/program.h"

/* Buckets of one line: more than there are. */
#define MAX_BUCKETS	(1U << 16)
/* All counts of one kind in a file together, so that sums and their products fit. */
#define MAX_COUNT	(1ULL << 40)
#define EXACT_BELOW	512

bool observed_is_line(const char *line)
{
	return !strncmp(line, OBSERVED_KEY, strlen(OBSERVED_KEY));
}

u64 observed_bucket(u64 ns)
{
	u32 shift;

	if (ns < EXACT_BELOW)
		return ns;
	/* Nine binary digits are kept. */
	shift = 55 - (u32)__builtin_clzll(ns);
	return ns >> shift << shift;
}

/* What the lines to come may still add. */
struct budget {
	u64 run_ns, switches, wakeups, waits;
};

/* A number that is taken from a budget. */
static int get_part(struct json_at at, u64 min, u64 *left, u64 *value, struct scxtwin_error *err)
{
	int ret = json_get_u64(at, min, PROGRAM_MAX_NS, value, err);

	if (ret)
		return ret;
	if (*value > *left)
		return json_fail(at, err, "is too large: the file may hold %" PRIu64 " more of this kind",
				 *left);
	*left -= *value;
	return 0;
}

static int get_wait(struct json_at at, const struct scxtwin_wait *before, u64 *left,
		    struct scxtwin_wait *wait, struct scxtwin_error *err)
{
	u32 nr;
	int ret = json_get_array(at, 2, 2, &nr, err) ?:
		  json_get_u64(json_element(at, 0), 0, PROGRAM_MAX_NS, &wait->ns, err) ?:
		  get_part(json_element(at, 1), 1, left, &wait->count, err);

	if (!ret && before && wait->ns <= before->ns)
		return json_fail(json_element(at, 0), err, "must be above the one before");
	return ret;
}

static int get_waits(struct json_at at, u64 *left, struct scxtwin_observed *o,
		     struct scxtwin_error *err)
{
	u32 nr = 0, i;
	int ret = json_get_array(at, 0, MAX_BUCKETS, &nr, err);

	if (ret || !nr)
		return ret;
	o->waits = mem_realloc_array(NULL, nr, sizeof(*o->waits));
	if (!o->waits)
		return error_no_memory(err);
	for (i = 0; !ret && i < nr; i++)
		ret = get_wait(json_element(at, i), i ? &o->waits[i - 1] : NULL, left, &o->waits[i],
			       err);
	o->nr_waits = nr;
	return ret;
}

static int get_group(struct json_at at, u32 group, struct budget *left, struct scxtwin_observed *o,
		     struct scxtwin_error *err)
{
	u32 found;

	return json_only(at, err, "observed", "run_ns", "switches", "wakeups", "waits") ?:
	       json_get_u32(json_need(at, "observed"), group, group, &found, err) ?:
	       get_part(json_need(at, "run_ns"), 0, &left->run_ns, &o->run_ns, err) ?:
	       get_part(json_need(at, "switches"), 0, &left->switches, &o->nr_switches, err) ?:
	       get_part(json_need(at, "wakeups"), 0, &left->wakeups, &o->nr_wakeups, err) ?:
	       get_waits(json_need(at, "waits"), &left->waits, o, err);
}

int observed_read(struct lines *l, u32 nr_groups, struct scxtwin_observed *groups,
		  struct scxtwin_error *err)
{
	struct budget left = { PROGRAM_MAX_NS, MAX_COUNT, MAX_COUNT, MAX_COUNT };
	struct json_doc doc = { 0 };
	u32 group = 0;
	int ret;

	do {
		struct scxtwin_observed o = { 0 };

		if (group == nr_groups || !observed_is_line(strbuf_str(&l->buf)))
			ret = lines_fail(l, err, "stands behind what was observed");
		else
			ret = json_doc_load_text(&doc, l->file, l->line, strbuf_str(&l->buf),
						 l->buf.len, err) ?:
			      get_group(json_doc_root(&doc), group, &left, &o, err);
		if (groups && group < nr_groups)
			groups[group] = o;
		else
			free(o.waits);
		group++;
		ret = ret ?: lines_next(l, err);
	} while (ret > 0);
	json_doc_free(&doc);
	if (!ret && group < nr_groups)
		ret = lines_fail(l, err, "the recording ends before all groups that were observed");
	return ret;
}

void observed_free_groups(struct scxtwin_observed *groups, u32 nr_groups)
{
	u32 i;

	for (i = 0; groups && i < nr_groups; i++)
		free(groups[i].waits);
	free(groups);
}

void observed_put(struct strbuf *sb, u32 group, const struct scxtwin_observed *o)
{
	u32 i;

	strbuf_printf(sb, OBSERVED_KEY "%u,\"run_ns\":%" PRIu64 ",\"switches\":%" PRIu64
		      ",\"wakeups\":%" PRIu64 ",\"waits\":[", group, o->run_ns, o->nr_switches,
		      o->nr_wakeups);
	for (i = 0; i < o->nr_waits; i++)
		strbuf_printf(sb, "%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "", o->waits[i].ns,
			      o->waits[i].count);
	strbuf_puts(sb, "]");
}
