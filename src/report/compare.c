/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs side by side: one row per value, one column per run. Each column after the
 * first also tells the change against the first. What is 0 in all runs is left
 * out, percentiles only together. Groups follow, by the values that matter for them.
 */
#include "base/bug.h"
#include "report/rows.h"

#define TITLE_WIDTH	24
#define VALUE_WIDTH	14
#define CHANGE_WIDTH	9

struct table {
	FILE *out;
	const struct scxtwin_run *runs;
	u32 nr_runs;
};

/* A group by number, all of them for -1. Runs of one workload have the same groups. */
static const struct scxtwin_group_metrics *metrics_of(const struct scxtwin_run *run, s64 group)
{
	BUG_ON(group >= (s64)run->report->nr_groups);
	return group < 0 ? &run->report->all : &run->report->groups[group];
}

static u64 cell_value(const struct table *t, const struct compare_row *row, u32 run, s64 group)
{
	return row->value(&t->runs[run], metrics_of(&t->runs[run], group));
}

static bool matters(const struct table *t, const struct compare_row *row, s64 group)
{
	u32 i;

	for (i = 0; i < t->nr_runs; i++) {
		if (row->matters(&t->runs[i], metrics_of(&t->runs[i], group)))
			return true;
	}
	return false;
}

static void put_row(const struct table *t, const struct compare_row *row, s64 group)
{
	const u64 first = cell_value(t, row, 0, group);
	char cell[TEXT_CELL];
	u32 i;

	if (!matters(t, row, group))
		return;
	fprintf(t->out, "%-*s%*s", TITLE_WIDTH, row->title, VALUE_WIDTH,
		text_format(cell, row->unit, first));
	for (i = 1; i < t->nr_runs; i++) {
		const u64 value = cell_value(t, row, i, group);

		fprintf(t->out, "%*s", VALUE_WIDTH, text_format(cell, row->unit, value));
		fprintf(t->out, "%*s", CHANGE_WIDTH, text_change(cell, first, value));
	}
	fputc('\n', t->out);
}

static void put_head(const struct table *t)
{
	u32 i;

	if (t->runs->workload)
		fprintf(t->out, "workload  %s\n", t->runs->workload);
	/* Asked for once, for all of them. */
	if (t->runs->result->proposed[0])
		fprintf(t->out, "proposed  %s\n", t->runs->result->proposed);
	/* Whole labels: the columns below may have to cut them. */
	for (i = 0; i < t->nr_runs; i++)
		fprintf(t->out, "digest    %s  %s\n", t->runs[i].result->digest, text_label(&t->runs[i]));
	fputc('\n', t->out);
	fprintf(t->out, "%-*s", TITLE_WIDTH, "");
	for (i = 0; i < t->nr_runs; i++)
		fprintf(t->out, "%*.*s%*s", VALUE_WIDTH, VALUE_WIDTH - 1, text_label(&t->runs[i]),
			i && i + 1 < t->nr_runs ? CHANGE_WIDTH : 0, "");
	fprintf(t->out, "\n%-*s", TITLE_WIDTH, "end");
	for (i = 0; i < t->nr_runs; i++)
		fprintf(t->out, "%*s%*s", VALUE_WIDTH, text_end(t->runs[i].result->end),
			i && i + 1 < t->nr_runs ? CHANGE_WIDTH : 0, "");
	fputc('\n', t->out);
}

static u32 least_groups(const struct table *t)
{
	u32 i, nr = t->runs[0].report->nr_groups;

	for (i = 1; i < t->nr_runs; i++) {
		if (t->runs[i].report->nr_groups < nr)
			nr = t->runs[i].report->nr_groups;
	}
	return nr;
}

int scxtwin_compare_text(FILE *out, const struct scxtwin_run *runs, u32 nr_runs,
			 struct scxtwin_error *err)
{
	const struct table t = { out, runs, nr_runs };
	const u32 nr_groups = least_groups(&t);
	u32 i, group;

	BUG_ON(!nr_runs);
	put_head(&t);
	for (i = 0; i < nr_compare_rows; i++)
		put_row(&t, &compare_rows[i], -1);
	for (group = 0; nr_groups > 1 && group < nr_groups; group++) {
		fprintf(out, "\n%s\n", runs->report->groups[group].name);
		for (i = 0; i < nr_compare_rows; i++) {
			if (compare_rows[i].per_group)
				put_row(&t, &compare_rows[i], group);
		}
	}
	return text_finish(out, err);
}
