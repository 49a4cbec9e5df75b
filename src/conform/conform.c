/* SPDX-License-Identifier: GPL-2.0-only */
#include "conform/conform.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bsd/string.h>

#include "base/error.h"
#include "base/lines.h"
#include "base/str.h"
#include "machine/machine.h"

#define KERNEL_OF_TWIN "7.3-scxtwin"
#define MAX_LINE (1U << 20)

void conform_tell(const struct scxtwin_conform_options *opt, const char *fmt, ...)
{
	char text[2000];
	va_list args;

	if (!opt->line)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	opt->line(text, opt->line_data);
}

static int bad_line(const char *path, u32 line, const char *what, struct scxtwin_error *err)
{
	const struct error_place place = { .file = path, .line = line };

	return error_set_at(err, SCXTWIN_EINPUT, &place, "%s", what);
}

/* A recording: its head, and the records. */
struct recording_file {
	json_t *head;
	struct lines_of_run records;
};

static void recording_free(struct recording_file *rec)
{
	json_t **line;

	json_decref(rec->head);
	vec_for_each(line, &rec->records.lines)
		json_decref(*line);
	vec_free(&rec->records.lines);
}

static int check_head(const json_t *head, const char *path, struct scxtwin_error *err)
{
	const char *policy = json_string_value(json_object_get(head, "policy"));
	char text[200];

	if (!policy)
		return bad_line(path, 1, "the head of a recording names the policy it was made under", err);
	if (!json_is_object(json_object_get(head, "scenario")))
		return bad_line(path, 1, "the head of a recording has its scenario", err);
	if (recorder_policy_known(policy))
		return 0;
	snprintf(text, sizeof(text), "no recording is made under a policy \"%.60s\"; \"scxtwin record\" lists "
		 "them", policy);
	return bad_line(path, 1, text, err);
}

static int take_line(json_t *line, u32 nr, const char *path, struct recording_file *rec,
		     struct scxtwin_error *err)
{
	const char *fault;

	if (nr == 1) {
		rec->head = line;
		return check_head(line, path, err);
	}
	if (vec_push(&rec->records.lines, line)) {
		json_decref(line);
		return error_no_memory(err);
	}
	fault = record_fault(line);
	return fault ? bad_line(path, nr, fault, err) : 0;
}

static int read_lines(struct lines *in, const char *path, struct recording_file *rec,
		      struct scxtwin_error *err)
{
	int ret = 0;

	while (!ret && (ret = lines_next(in, err)) > 0) {
		json_error_t where;
		json_t *line = json_loadb(strbuf_str(&in->buf), in->buf.len, 0, &where);

		ret = line ? take_line(line, in->line, path, rec, err) : lines_fail(in, err, "%s", where.text);
	}
	return ret || rec->head ? ret : bad_line(path, 1, "a recording has a head; this file is empty", err);
}

static int recording_load(const char *path, struct recording_file *rec, struct scxtwin_error *err)
{
	struct lines in;
	int ret = lines_open(&in, path, -1, MAX_LINE, err) ?: read_lines(&in, path, rec, err);

	lines_close(&in);
	return ret;
}

/* NAME.POLICY.jsonl or .jsonl.gz has its sequences in NAME.POLICY.seq.json. */
static char *path_beside(const char *path)
{
	size_t len = strlen(path);
	struct strbuf beside = { 0 };

	if (len > 3 && !strcmp(path + len - 3, ".gz"))
		len -= 3;
	while (len && path[len - 1] != '.' && path[len - 1] != '/')
		len--;
	strbuf_add(&beside, path, len && path[len - 1] == '.' ? len - 1 : strlen(path));
	strbuf_puts(&beside, ".seq.json");
	return beside.data;
}

static int load_sequences(const char *path, const struct recording_file *rec,
			  struct sequences *recorded, struct scxtwin_error *err)
{
	struct sequences once = { .exit_kind = 0 };
	char *beside = path_beside(path);
	int ret = distill(&rec->records, &once) ? error_no_memory(err) : 0;

	if (!ret && beside && !access(beside, R_OK)) {
		ret = sequences_load(beside, recorded, err);
		if (!ret && sequences_take_answers(recorded, &once))
			ret = error_no_memory(err);
		sequences_free(&once);
	} else {
		*recorded = once;
		recorded->exit_kind = json_integer_value(json_object_get(rec->head, "exit_kind"));
	}
	free(beside);
	return ret;
}

static void normalise_all(struct sequences *s, const char *side, bool timing, bool bypass,
			  const struct scxtwin_conform_options *opt)
{
	struct sequence *seq;

	vec_for_each(seq, &s->tasks)
		normalise(seq, side, timing, bypass, opt);
}

/* The scheduler was loaded or ended while the recording was made. */
static bool has_bypass(const struct recording_file *rec)
{
	json_t **line;

	vec_for_each(line, &rec->records.lines) {
		const char *name = json_string_value(json_object_get(*line, "name"));

		if (name && !strcmp(name, "SCX_EV_BYPASS_ACTIVATE"))
			return true;
	}
	return false;
}

/* One way to compare. */
struct way {
	struct pace pace;
	bool timing;		/* with the rules about what is a matter of time */
};

static const char *exit_msg_of(const json_t *head)
{
	const char *msg = json_string_value(json_object_get(head, "exit_msg"));

	return msg ? msg : "";
}

static int judge(const char *path, const struct recording_file *rec, const struct twin_run *run,
		 bool timing, const struct scxtwin_conform_options *opt,
		 struct scxtwin_conformity *res, struct scxtwin_error *err)
{
	struct sequences recorded = { .exit_kind = 0 }, twin = { .exit_kind = run->exit_kind };
	const bool bypass = has_bypass(rec);
	int ret = load_sequences(path, rec, &recorded, err);

	if (!ret && distill(&run->records, &twin))
		ret = error_no_memory(err);
	if (!ret) {
		res->exit_kind_recorded = recorded.exit_kind;
		res->exit_kind_twin = twin.exit_kind;
		recorded.exit_msg = exit_msg_of(rec->head);
		twin.exit_msg = run->exit_msg;
		normalise_all(&recorded, "recorded", timing, bypass, opt);
		normalise_all(&twin, "twin", timing, bypass, opt);
		compare(&recorded, &twin, !(timing && bypass), opt, res);
		if (!res->same && *run->fault)
			conform_tell(opt, " the twin's run failed: %s", run->fault);
	}
	sequences_free(&recorded);
	sequences_free(&twin);
	return ret;
}

/* "slow+1ms", "no time+0ms, ticks 7/8 apart" */
static void name_pace(const struct pace *pace, char *buf, size_t size)
{
	const int len = snprintf(buf, size, "%s+%llums", pace->name,
				 (unsigned long long)(pace->delay_ns / NSEC_PER_MSEC));

	if (pace->tick_skew)
		snprintf(buf + len, size - (size_t)len, ", ticks %u/8 apart", pace->tick_skew);
}

static int conform_in(const char *path, const struct recording_file *rec, const struct way *way,
		      const struct scxtwin_conform_options *opt, struct scxtwin_conformity *res,
		      struct scxtwin_error *err)
{
	const char *policy = json_string_value(json_object_get(rec->head, "policy"));
	struct twin_run run = { .exit_kind = 0 };
	int ret = twin_run(path, policy, &way->pace, &rec->records, &run, err);

	memset(res, 0, sizeof(*res));
	if (!ret) {
		strlcpy(res->name, run.name, sizeof(res->name));
		strlcpy(res->area, run.area, sizeof(res->area));
		strlcpy(res->policy, policy, sizeof(res->policy));
		name_pace(&way->pace, res->pace, sizeof(res->pace));
		res->timing_rules = way->timing;
		ret = judge(path, rec, &run, way->timing, opt, res, err);
	}
	twin_run_free(&run);
	return ret;
}

/*
 * At the pace that comes nearest, of equally near ones at the first; with the
 * rules about time only if no pace gives the same without.
 */
static int conform_nearest(const char *path, const struct recording_file *rec,
			   const struct scxtwin_conform_options *opt,
			   struct scxtwin_conformity *res, struct scxtwin_error *err)
{
	struct scxtwin_conform_options silent = *opt;
	struct scxtwin_conformity one = { .same = false };
	struct way way = { .timing = false }, nearest = { .timing = false };
	u32 n = 0, most = 0;
	int ret;

	silent.line = NULL;
	while (!one.same) {
		if (!pace_nth(n++, &way.pace)) {
			if (way.timing)
				break;
			way.timing = true;
			n = 0;
			continue;
		}
		ret = conform_in(path, rec, &way, &silent, &one, err);
		if (ret)
			return ret;
		if (nearest.pace.name && !one.same && one.nr_same <= most)
			continue;
		nearest = way;
		most = one.nr_same;
	}
	return conform_in(path, rec, &nearest, opt, res, err);
}

int scxtwin_conform(const char *recording, const struct scxtwin_conform_options *opt,
		    struct scxtwin_conformity *res, struct scxtwin_error *err)
{
	const struct scxtwin_conform_options none = { .strict = false };
	struct recording_file rec = { .head = NULL };
	struct scxtwin_error local;
	int ret;

	err = err ? err : &local;
	memset(res, 0, sizeof(*res));
	ret = recording_load(recording, &rec, err) ?:
	      conform_nearest(recording, &rec, opt ? opt : &none, res, err);
	recording_free(&rec);
	return ret;
}

static json_t *head_of(const struct twin_run *run, const char *policy)
{
	char flags[24];

	snprintf(flags, sizeof(flags), "0x%llx", (unsigned long long)run->ops_flags);
	return json_pack("{s:s, s:i, s:i, s:s, s:s, s:I, s:I, s:s, s:o}", "kernel", KERNEL_OF_TWIN,
			 "cpus", (int)run->cpus, "hz", (int)run->hz, "policy", policy, "ops_flags",
			 flags, "slice_ns", (json_int_t)run->slice_ns, "exit_kind",
			 (json_int_t)run->exit_kind, "exit_msg", run->exit_msg, "scenario",
			 json_loads(run->scenario, 0, NULL));
}

static int write_line(FILE *out, const json_t *line)
{
	return !line || json_dumpf(line, out, JSON_COMPACT) || putc('\n', out) == EOF;
}

static int write_recording(const struct twin_run *run, const char *policy, const char *path,
			   struct scxtwin_error *err)
{
	FILE *out = fopen(path, "w");
	json_t *head, **line;
	int failed;

	if (!out)
		return bad_line(path, 0, strerror(errno), err);
	head = head_of(run, policy);
	failed = write_line(out, head);
	json_decref(head);
	vec_for_each(line, &run->records.lines)
		failed = failed || write_line(out, *line);
	failed |= fclose(out);
	return failed ? bad_line(path, 0, "the recording could not be written", err) : 0;
}

int scxtwin_record(const char *scenario, const char *policy, const char *out,
		   struct scxtwin_error *err)
{
	struct twin_run run = { .exit_kind = 0 };
	struct scxtwin_error local;
	struct pace pace;
	int ret;

	err = err ? err : &local;
	pace_nth(0, &pace);
	ret = twin_run(scenario, policy, &pace, NULL, &run, err) ?: write_recording(&run, policy, out, err);
	if (!ret && *run.fault)
		ret = error_set(err, SCXTWIN_EFAILED, "%s", run.fault);
	twin_run_free(&run);
	return ret;
}

const char *scxtwin_record_policy_nth(u32 n)
{
	return recorder_policy_nth(n, NULL);
}
