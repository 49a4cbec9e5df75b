/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of one run. */
#include <string.h>

#include "report/text.h"

/* Built-in kinds and this many user DSQs; all of them are in the JSON form. */
#define MAX_DSQ_ROWS 20U
/* Above this number of CPUs only the least and the most used are told. */
#define MAX_CPU_ROWS 64U

static void put(FILE *out, int width, enum text_unit unit, u64 value)
{
	char cell[TEXT_CELL];

	fprintf(out, "%*s", width, text_format(cell, unit, value));
}

static void put_head(FILE *out, const struct scxtwin_run *run)
{
	const struct scxtwin_result *res = run->result;
	char time[TEXT_CELL];

	fprintf(out, "policy    %s\n", text_label(run));
	if (run->workload)
		fprintf(out, "workload  %s\n", run->workload);
	fprintf(out, "end       %s after %s, %llu events\n", text_end(res->end),
		text_format(time, TEXT_TIME, res->time_ns), (unsigned long long)res->nr_events);
	fprintf(out, "machine   %u CPUs, ", res->nr_cpus);
	fprintf(out, "busy %s\n", text_format(time, TEXT_PPM, run->report->utilisation_ppm));
	fprintf(out, "tasks     %u born, %u left\n", res->nr_tasks_born, res->nr_tasks_left);
	if (res->proposed[0])
		fprintf(out, "proposed  %s\n", res->proposed);
	if (res->nr_warnings)
		fprintf(out, "warnings  %u\n", res->nr_warnings);
	if (res->exit_kind != SCX_EXIT_NONE)
		fprintf(out, "exit      kind %d, code %lld: %s%s%s\n", (int)res->exit_kind,
			(long long)res->exit_code, res->exit_reason, *res->exit_msg ? ": " : "",
			res->exit_msg);
	fprintf(out, "digest    %s\n", res->digest);
}

/* The group rows of a table: "all" first, and alone if there is but one group. */
static u32 nr_rows(const struct scxtwin_report *r)
{
	return r->nr_groups == 1 ? 1 : r->nr_groups + 1;
}

static const struct scxtwin_group_metrics *row_nth(const struct scxtwin_report *r, u32 n)
{
	return n ? &r->groups[n - 1] : &r->all;
}

static void put_tasks(FILE *out, const struct scxtwin_report *r)
{
	u32 i;

	fprintf(out, "\n%-16s%8s%12s%12s%12s%10s\n", "time", "tasks", "run", "wait", "sleep",
		"fairness");
	for (i = 0; i < nr_rows(r); i++) {
		const struct scxtwin_group_metrics *g = row_nth(r, i);

		fprintf(out, "%-16.15s%8u", g->name, g->nr_tasks);
		put(out, 12, TEXT_TIME, g->run_ns);
		put(out, 12, TEXT_TIME, g->wait_ns);
		put(out, 12, TEXT_TIME, g->sleep_ns);
		if (g->nr_jain)
			put(out, 10, TEXT_PPM, g->jain_ppm);
		else
			fprintf(out, "%10s", "-");
		fputc('\n', out);
	}
	if (r->nr_jain_groups > 1) {
		fprintf(out, "%-60s", "between groups");
		put(out, 10, TEXT_PPM, r->jain_groups_ppm);
		fputc('\n', out);
	}
}

static void put_dist(FILE *out, const char *name, const struct scxtwin_dist *d, enum text_unit unit)
{
	const u64 values[] = { d->p50, d->p90, d->p99, d->p999, d->max };
	u32 i;

	fprintf(out, "%-16.15s%8llu", name, (unsigned long long)d->n);
	for (i = 0; i < 5; i++) {
		if (d->n)
			put(out, 12, unit, values[i]);
		else
			fprintf(out, "%12s", "-");
	}
	fputc('\n', out);
}

static void put_dist_title(FILE *out, const char *title)
{
	fprintf(out, "\n%-16s%8s%12s%12s%12s%12s%12s\n", title, "n", "p50", "p90", "p99", "p99.9", "max");
}

static void put_latencies(FILE *out, const struct scxtwin_report *r)
{
	u32 i;

	put_dist_title(out, "wakeup latency");
	for (i = 0; i < nr_rows(r); i++)
		put_dist(out, row_nth(r, i)->name, &row_nth(r, i)->wakeup_latency, TEXT_TIME);
	if (r->all.rq_delay.n)
		put_dist_title(out, "run-queue delay");
	for (i = 0; r->all.rq_delay.n && i < nr_rows(r); i++)
		put_dist(out, row_nth(r, i)->name, &row_nth(r, i)->rq_delay, TEXT_TIME);
	if (r->all.slowdown_milli.n)
		put_dist_title(out, "slowdown");
	for (i = 0; r->all.slowdown_milli.n && i < nr_rows(r); i++)
		put_dist(out, row_nth(r, i)->name, &row_nth(r, i)->slowdown_milli, TEXT_MILLI);
}

static void put_switches(FILE *out, const struct scxtwin_report *r)
{
	u32 i, k;

	fprintf(out, "\n%-16s%8s%12s%12s%12s%9s%9s%9s%9s\n", "switches", "wakeups", "voluntary",
		"involunt.", "preempted", "to core", "to LLC", "x LLC", "x node");
	for (i = 0; i < nr_rows(r); i++) {
		const struct scxtwin_group_metrics *g = row_nth(r, i);

		fprintf(out, "%-16.15s", g->name);
		put(out, 8, TEXT_COUNT, g->nr_wakeups);
		put(out, 12, TEXT_COUNT, g->nr_voluntary);
		put(out, 12, TEXT_COUNT, g->nr_involuntary);
		put(out, 12, TEXT_COUNT, g->nr_preemptions);
		for (k = 0; k < SCXTWIN_NR_DISTANCES; k++)
			put(out, 9, TEXT_COUNT, g->nr_migrations[k]);
		fputc('\n', out);
	}
}

static void put_conservation(FILE *out, const struct scxtwin_report *r)
{
	const struct scxtwin_conservation *c = &r->conservation;
	char total[TEXT_CELL], longest[TEXT_CELL], lost[TEXT_CELL];

	fprintf(out, "\nwork conservation: ");
	if (!c->nr_violations) {
		fprintf(out, "kept\n");
		return;
	}
	fprintf(out, "violated %llu times, %s in all, longest %s; CPU time lost %s\n",
		(unsigned long long)c->nr_violations, text_format(total, TEXT_TIME, c->violated_ns),
		text_format(longest, TEXT_TIME, c->longest_ns),
		text_format(lost, TEXT_TIME, c->lost_ns));
}

static void put_cpus(FILE *out, const struct scxtwin_report *r)
{
	u32 i, least = 0, most = 0;

	fprintf(out, "\nCPUs, busy");
	if (r->nr_cpus <= MAX_CPU_ROWS) {
		for (i = 0; i < r->nr_cpus; i++) {
			fprintf(out, "%s%4u", i % 8 ? "" : "\n", i);
			put(out, 8, TEXT_PPM, r->cpus[i].utilisation_ppm);
		}
		fputc('\n', out);
		return;
	}
	for (i = 1; i < r->nr_cpus; i++) {
		if (r->cpus[i].busy_ns < r->cpus[least].busy_ns)
			least = i;
		if (r->cpus[i].busy_ns > r->cpus[most].busy_ns)
			most = i;
	}
	fprintf(out, ": least CPU %u", least);
	put(out, 8, TEXT_PPM, r->cpus[least].utilisation_ppm);
	fprintf(out, ", most CPU %u", most);
	put(out, 8, TEXT_PPM, r->cpus[most].utilisation_ppm);
	fputc('\n', out);
}

static void put_dsqs(FILE *out, const struct scxtwin_report *r)
{
	u32 i, nr_user = 0;

	if (!r->nr_dsqs)
		return;
	fprintf(out, "\n%-20s%6s%10s%8s%12s%12s%12s%12s\n", "DSQ", "DSQs", "inserts", "depth",
		"mean", "stay p50", "p99", "max");
	for (i = 0; i < r->nr_dsqs; i++) {
		const struct scxtwin_dsq_metrics *d = &r->dsqs[i];

		if (d->kind == SCXTWIN_DSQ_USER && nr_user++ >= MAX_DSQ_ROWS)
			continue;
		fprintf(out, "%-20s%6u", d->name, d->nr_dsqs);
		put(out, 10, TEXT_COUNT, d->nr_inserts);
		put(out, 8, TEXT_COUNT, d->depth_max);
		put(out, 12, TEXT_MILLI, d->depth_mean_milli);
		put(out, 12, TEXT_TIME, d->residence.p50);
		put(out, 12, TEXT_TIME, d->residence.p99);
		put(out, 12, TEXT_TIME, d->residence.max);
		fputc('\n', out);
	}
	if (nr_user > MAX_DSQ_ROWS)
		fprintf(out, "%u more user DSQs\n", nr_user - MAX_DSQ_ROWS);
}

static void put_counters(FILE *out, const struct scxtwin_report *r)
{
	static const char *const names[] = {
#define X(name) "SCX_EV_" #name,
		SCX_EVENTS(X)
#undef X
	};
	const char *title = "\nsched_ext events\n";
	u32 i;

	for (i = 0; i < SCX_NR_EVENTS; i++) {
		if (!r->scx_events[i])
			continue;
		fprintf(out, "%s%-36s%12lld\n", title, names[i], (long long)r->scx_events[i]);
		title = "";
	}
}

int scxtwin_summary_text(FILE *out, const struct scxtwin_run *run, struct scxtwin_error *err)
{
	put_head(out, run);
	put_tasks(out, run->report);
	put_latencies(out, run->report);
	put_switches(out, run->report);
	put_conservation(out, run->report);
	put_cpus(out, run->report);
	put_dsqs(out, run->report);
	put_counters(out, run->report);
	return text_finish(out, err);
}
