/* SPDX-License-Identifier: GPL-2.0-only */
/* Recorded and simulated side by side, as tables and as JSON. */
#include "base/error.h"
#include "base/json_writer.h"
#include "report/text.h"

static u32 nr_rows(const struct scxtwin_fidelity *f)
{
	return f->nr_groups == 1 ? 1 : f->nr_groups + 1;
}

static const struct scxtwin_fidelity_row *row_nth(const struct scxtwin_fidelity *f, u32 n)
{
	return n ? &f->groups[n - 1] : &f->all;
}

static void put_pair(FILE *out, enum text_unit unit, u64 recorded, u64 simulated)
{
	char cell[TEXT_CELL];

	fprintf(out, "%11s", text_format(cell, unit, recorded));
	fprintf(out, "%11s", text_format(cell, unit, simulated));
}

static void put_changed_pair(FILE *out, enum text_unit unit, u64 recorded, u64 simulated)
{
	char cell[TEXT_CELL];

	put_pair(out, unit, recorded, simulated);
	fprintf(out, "%8s", text_change(cell, recorded, simulated));
}

static void put_head(FILE *out, const struct scxtwin_run *run, const struct scxtwin_fidelity *f)
{
	char recorded[TEXT_CELL], simulated[TEXT_CELL];

	fprintf(out, "policy    %s\n", text_label(run));
	if (run->workload)
		fprintf(out, "workload  %s\n", run->workload);
	if (run->result->proposed[0])
		fprintf(out, "proposed  %s\n", run->result->proposed);
	fprintf(out, "end       %s\n", text_end(run->result->end));
	fprintf(out, "span      recorded %s, simulated %s\n",
		text_format(recorded, TEXT_TIME, f->recorded_ns),
		text_format(simulated, TEXT_TIME, f->simulated_ns));
	fprintf(out, "digest    %s\n", run->result->digest);
}

static void put_sums(FILE *out, const struct scxtwin_fidelity *f)
{
	u32 i;

	fprintf(out, "\n%-16s%22s%30s%30s\n%-16s", "", "CPU time", "switches", "wakeups", "");
	for (i = 0; i < 3; i++)
		fprintf(out, "%*s%11s", i ? 19 : 11, "recorded", "simulated");
	fputc('\n', out);
	for (i = 0; i < nr_rows(f); i++) {
		const struct scxtwin_fidelity_row *row = row_nth(f, i);
		const struct scxtwin_aggregate *r = &row->recorded, *s = &row->simulated;

		fprintf(out, "%-16.15s", row->name);
		put_changed_pair(out, TEXT_TIME, r->run_ns, s->run_ns);
		put_changed_pair(out, TEXT_COUNT, r->nr_switches, s->nr_switches);
		put_changed_pair(out, TEXT_COUNT, r->nr_wakeups, s->nr_wakeups);
		fputc('\n', out);
	}
}

static void put_waits(FILE *out, const struct scxtwin_fidelity *f)
{
	char cell[TEXT_CELL];
	u32 i;

	fprintf(out, "\n%-16s%22s%22s%22s%22s%12s\n%-16s", "waits", "n", "p50", "p90", "p99",
		"K-S", "");
	for (i = 0; i < 4; i++)
		fprintf(out, "%11s%11s", "recorded", "simulated");
	fprintf(out, "%12s\n", "distance");
	for (i = 0; i < nr_rows(f); i++) {
		const struct scxtwin_fidelity_row *row = row_nth(f, i);
		const struct scxtwin_dist *r = &row->recorded.wait, *s = &row->simulated.wait;

		fprintf(out, "%-16.15s", row->name);
		put_pair(out, TEXT_COUNT, r->n, s->n);
		put_pair(out, TEXT_TIME, r->p50, s->p50);
		put_pair(out, TEXT_TIME, r->p90, s->p90);
		put_pair(out, TEXT_TIME, r->p99, s->p99);
		fprintf(out, "%12s\n", row->has_distance ?
			text_format(cell, TEXT_PPM, row->distance_ppm) : "-");
	}
}

int scxtwin_fidelity_text(FILE *out, const struct scxtwin_run *run,
			  const struct scxtwin_fidelity *f, struct scxtwin_error *err)
{
	put_head(out, run, f);
	put_sums(out, f);
	put_waits(out, f);
	return text_finish(out, err);
}

static void json_aggregate(struct json_writer *w, const char *key,
			   const struct scxtwin_aggregate *a)
{
	jsonw_member_object(w, key);
	jsonw_member_u64(w, "run_ns", a->run_ns);
	jsonw_member_u64(w, "nr_switches", a->nr_switches);
	jsonw_member_u64(w, "nr_wakeups", a->nr_wakeups);
	jsonw_member_object(w, "wait_ns");
	jsonw_member_u64(w, "n", a->wait.n);
	jsonw_member_u64(w, "min", a->wait.min);
	jsonw_member_u64(w, "mean", a->wait.mean);
	jsonw_member_u64(w, "p50", a->wait.p50);
	jsonw_member_u64(w, "p90", a->wait.p90);
	jsonw_member_u64(w, "p99", a->wait.p99);
	jsonw_member_u64(w, "p99_9", a->wait.p999);
	jsonw_member_u64(w, "max", a->wait.max);
	jsonw_end_object(w);
	jsonw_end_object(w);
}

static void json_row(struct json_writer *w, const struct scxtwin_fidelity_row *row)
{
	jsonw_object(w);
	jsonw_member_string(w, "name", row->name);
	json_aggregate(w, "recorded", &row->recorded);
	json_aggregate(w, "simulated", &row->simulated);
	jsonw_key(w, "wait_distance_ppm");
	if (row->has_distance)
		jsonw_u64(w, row->distance_ppm);
	else
		jsonw_null(w);
	jsonw_end_object(w);
}

int scxtwin_fidelity_json(FILE *out, const struct scxtwin_run *run,
			  const struct scxtwin_fidelity *f, struct scxtwin_error *err)
{
	struct json_writer w;
	u32 i;

	json_writer_init(&w, out, true);
	jsonw_object(&w);
	jsonw_member_string(&w, "format", "scxtwin-fidelity");
	jsonw_member_u64(&w, "version", 1);
	jsonw_member_string(&w, "label", text_label(run));
	jsonw_member_string(&w, "policy", run->result->policy);
	if (run->workload)
		jsonw_member_string(&w, "workload", run->workload);
	if (run->result->proposed[0])
		jsonw_member_string(&w, "proposed", run->result->proposed);
	jsonw_member_string(&w, "digest", run->result->digest);
	jsonw_member_string(&w, "end", text_end(run->result->end));
	jsonw_member_u64(&w, "recorded_ns", f->recorded_ns);
	jsonw_member_u64(&w, "simulated_ns", f->simulated_ns);
	jsonw_key(&w, "all");
	json_row(&w, &f->all);
	jsonw_member_array(&w, "groups");
	for (i = 0; i < f->nr_groups; i++)
		json_row(&w, &f->groups[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	json_writer_end_line(&w);
	if (json_writer_finish(&w))
		return error_set(err, SCXTWIN_EFAILED, "the report could not be written");
	return 0;
}
