/* SPDX-License-Identifier: GPL-2.0-only */
/* The JSON forms of the tables: integers only, ns, members in a fixed order. */
#include "base/bug.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "report/rows.h"

static const char *const counter_names[SCX_NR_EVENTS] = {
#define X(name) "SCX_EV_" #name,
	SCX_EVENTS(X)
#undef X
};

static void put_dist(struct json_writer *w, const char *key, const struct scxtwin_dist *d)
{
	jsonw_member_object(w, key);
	jsonw_member_u64(w, "n", d->n);
	jsonw_member_u64(w, "min", d->min);
	jsonw_member_u64(w, "mean", d->mean);
	jsonw_member_u64(w, "p50", d->p50);
	jsonw_member_u64(w, "p90", d->p90);
	jsonw_member_u64(w, "p99", d->p99);
	jsonw_member_u64(w, "p99_9", d->p999);
	jsonw_member_u64(w, "max", d->max);
	jsonw_end_object(w);
}

static void put_group(struct json_writer *w, const struct scxtwin_group_metrics *g)
{
	jsonw_object(w);
	jsonw_member_string(w, "name", g->name);
	jsonw_member_u64(w, "nr_tasks", g->nr_tasks);
	jsonw_member_u64(w, "run_ns", g->run_ns);
	jsonw_member_u64(w, "wait_ns", g->wait_ns);
	jsonw_member_u64(w, "sleep_ns", g->sleep_ns);
	put_dist(w, "wakeup_latency_ns", &g->wakeup_latency);
	put_dist(w, "rq_delay_ns", &g->rq_delay);
	put_dist(w, "slowdown_milli", &g->slowdown_milli);
	jsonw_member_u64(w, "nr_wakeups", g->nr_wakeups);
	jsonw_member_u64(w, "nr_voluntary", g->nr_voluntary);
	jsonw_member_u64(w, "nr_involuntary", g->nr_involuntary);
	jsonw_member_u64(w, "nr_preemptions", g->nr_preemptions);
	jsonw_member_object(w, "nr_migrations");
	jsonw_member_u64(w, "same_core", g->nr_migrations[SCXTWIN_SAME_CORE]);
	jsonw_member_u64(w, "same_llc", g->nr_migrations[SCXTWIN_SAME_LLC]);
	jsonw_member_u64(w, "cross_llc", g->nr_migrations[SCXTWIN_CROSS_LLC]);
	jsonw_member_u64(w, "cross_node", g->nr_migrations[SCXTWIN_CROSS_NODE]);
	jsonw_end_object(w);
	jsonw_member_object(w, "jain_tasks");
	jsonw_member_u64(w, "n", g->nr_jain);
	jsonw_member_u64(w, "ppm", g->jain_ppm);
	jsonw_end_object(w);
	jsonw_end_object(w);
}

static void put_result(struct json_writer *w, const struct scxtwin_run *run)
{
	const struct scxtwin_result *res = run->result;

	jsonw_member_string(w, "label", text_label(run));
	jsonw_member_string(w, "policy", res->policy);
	if (run->workload)
		jsonw_member_string(w, "workload", run->workload);
	if (res->proposed[0])
		jsonw_member_string(w, "proposed", res->proposed);
	jsonw_member_string(w, "digest", res->digest);
	jsonw_member_string(w, "end", text_end(res->end));
	jsonw_member_u64(w, "time_ns", res->time_ns);
	jsonw_member_u64(w, "nr_events", res->nr_events);
	jsonw_member_u64(w, "nr_switches", res->nr_switches);
	jsonw_member_u64(w, "nr_cpus", res->nr_cpus);
	jsonw_member_u64(w, "nr_tasks_born", res->nr_tasks_born);
	jsonw_member_u64(w, "nr_tasks_left", res->nr_tasks_left);
	jsonw_member_u64(w, "nr_warnings", res->nr_warnings);
	if (res->exit_kind == SCX_EXIT_NONE)
		return;
	jsonw_member_object(w, "exit");
	jsonw_member_s64(w, "kind", res->exit_kind);
	jsonw_member_s64(w, "code", res->exit_code);
	jsonw_member_string(w, "reason", res->exit_reason);
	jsonw_member_string(w, "msg", res->exit_msg);
	jsonw_end_object(w);
}

static void put_conservation(struct json_writer *w, const struct scxtwin_conservation *c)
{
	jsonw_member_object(w, "conservation");
	jsonw_member_u64(w, "nr_violations", c->nr_violations);
	jsonw_member_u64(w, "violated_ns", c->violated_ns);
	jsonw_member_u64(w, "longest_ns", c->longest_ns);
	jsonw_member_u64(w, "lost_ns", c->lost_ns);
	jsonw_end_object(w);
}

static void put_cpus(struct json_writer *w, const struct scxtwin_report *r)
{
	u32 i;

	jsonw_member_u64(w, "busy_ns", r->busy_ns);
	jsonw_member_u64(w, "utilisation_ppm", r->utilisation_ppm);
	jsonw_member_array(w, "cpus");
	for (i = 0; i < r->nr_cpus; i++) {
		jsonw_object(w);
		jsonw_member_u64(w, "cpu", i);
		jsonw_member_u64(w, "busy_ns", r->cpus[i].busy_ns);
		jsonw_member_u64(w, "utilisation_ppm", r->cpus[i].utilisation_ppm);
		jsonw_member_u64(w, "nr_switches", r->cpus[i].nr_switches);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_dsqs(struct json_writer *w, const struct scxtwin_report *r)
{
	u32 i;

	jsonw_member_array(w, "dsqs");
	for (i = 0; i < r->nr_dsqs; i++) {
		const struct scxtwin_dsq_metrics *d = &r->dsqs[i];

		jsonw_object(w);
		jsonw_member_string(w, "name", d->name);
		jsonw_member_u64(w, "nr_dsqs", d->nr_dsqs);
		jsonw_member_u64(w, "nr_inserts", d->nr_inserts);
		jsonw_member_u64(w, "depth_max", d->depth_max);
		jsonw_member_u64(w, "depth_mean_milli", d->depth_mean_milli);
		put_dist(w, "residence_ns", &d->residence);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void put_event_counts(struct json_writer *w, const struct scxtwin_report *r)
{
	u32 i;

	jsonw_member_object(w, "nr_records");
	for (i = 0; i < SCXTWIN_NR_EVENT_KINDS; i++) {
		if (r->nr_kind[i])
			jsonw_member_u64(w, scxtwin_event_name((u16)i), r->nr_kind[i]);
	}
	jsonw_end_object(w);
	jsonw_member_object(w, "nr_ops");
	for (i = 0; i < SCXTWIN_NR_OPS; i++) {
		if (r->nr_op[i])
			jsonw_member_u64(w, scxtwin_op_name(i), r->nr_op[i]);
	}
	jsonw_end_object(w);
	jsonw_member_object(w, "nr_kfuncs");
	for (i = 0; i < SCXTWIN_NR_KFUNCS; i++) {
		if (r->nr_kfunc[i])
			jsonw_member_u64(w, scxtwin_kfunc_name(i), r->nr_kfunc[i]);
	}
	jsonw_end_object(w);
	jsonw_member_object(w, "scx_events");
	for (i = 0; i < SCX_NR_EVENTS; i++)
		jsonw_member_s64(w, counter_names[i], r->scx_events[i]);
	jsonw_end_object(w);
}

/* Members of one run, inside an open object. */
static void put_run(struct json_writer *w, const struct scxtwin_run *run)
{
	const struct scxtwin_report *r = run->report;
	u32 i;

	put_result(w, run);
	jsonw_key(w, "all");
	put_group(w, &r->all);
	jsonw_member_array(w, "groups");
	for (i = 0; i < r->nr_groups; i++)
		put_group(w, &r->groups[i]);
	jsonw_end_array(w);
	jsonw_member_object(w, "jain_groups");
	jsonw_member_u64(w, "n", r->nr_jain_groups);
	jsonw_member_u64(w, "ppm", r->jain_groups_ppm);
	jsonw_end_object(w);
	put_conservation(w, &r->conservation);
	put_cpus(w, r);
	put_dsqs(w, r);
	put_event_counts(w, r);
}

static int finish(struct json_writer *w, struct scxtwin_error *err)
{
	json_writer_end_line(w);
	if (json_writer_finish(w))
		return error_set(err, SCXTWIN_EFAILED, "the report could not be written");
	return 0;
}

int scxtwin_summary_json(FILE *out, const struct scxtwin_run *run, struct scxtwin_error *err)
{
	struct json_writer w;

	json_writer_init(&w, out, true);
	jsonw_object(&w);
	jsonw_member_string(&w, "format", "scxtwin-summary");
	jsonw_member_u64(&w, "version", 1);
	put_run(&w, run);
	jsonw_end_object(&w);
	return finish(&w, err);
}

/* In parts per million of first, which is not 0. */
static s64 change_ppm(u64 first, u64 value)
{
	const __int128 change = ((__int128)value - first) * 1000000 / first;

	return change > INT64_MAX ? INT64_MAX : (s64)change;
}

/* One value of all runs, with the change against the first. */
static void put_row(struct json_writer *w, const struct compare_row *row,
		    const struct scxtwin_run *runs, u32 nr_runs)
{
	const u64 first = row->value(runs, &runs->report->all);
	u32 i;

	jsonw_member_object(w, row->key);
	jsonw_member_array(w, "values");
	for (i = 0; i < nr_runs; i++)
		jsonw_u64(w, row->value(&runs[i], &runs[i].report->all));
	jsonw_end_array(w);
	jsonw_member_array(w, "change_ppm");
	for (i = 0; i < nr_runs; i++) {
		const u64 value = row->value(&runs[i], &runs[i].report->all);

		if (first)
			jsonw_s64(w, change_ppm(first, value));
		else if (value)
			jsonw_null(w);
		else
			jsonw_s64(w, 0);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

int scxtwin_compare_json(FILE *out, const struct scxtwin_run *runs, u32 nr_runs,
			 struct scxtwin_error *err)
{
	struct json_writer w;
	u32 i;

	BUG_ON(!nr_runs);
	json_writer_init(&w, out, true);
	jsonw_object(&w);
	jsonw_member_string(&w, "format", "scxtwin-compare");
	jsonw_member_u64(&w, "version", 1);
	jsonw_member_object(&w, "rows");
	for (i = 0; i < nr_compare_rows; i++)
		put_row(&w, &compare_rows[i], runs, nr_runs);
	jsonw_end_object(&w);
	jsonw_member_array(&w, "runs");
	for (i = 0; i < nr_runs; i++) {
		jsonw_object(&w);
		put_run(&w, &runs[i]);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	return finish(&w, err);
}
