/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <scxtwin/conform.h>

#define TEXT_MAX 65536

/* One task that runs, sleeps and runs; pinned, so that nothing depends on other CPUs. */
static const char wake_sleep[] =
	"{\"name\":\"wake_sleep\",\"area\":\"wakeup\",\"tasks\":[{\"name\":\"A\",\"cpus\":[1],"
	"\"steps\":[[\"run\",2000],[\"sleep\",10000],[\"run\",2000]]}]}";

/* A goes on alone for many slices. */
static const char keep_running[] =
	"{\"name\":\"keep\",\"area\":\"keep\",\"tasks\":[{\"name\":\"A\",\"cpus\":[1],"
	"\"steps\":[[\"run\",200000]]}]}";

/* The names of files of one test, in a folder of its own. */
struct files {
	char dir[64], scenario[128], recording[128], sequences[128];
};

static void files_make(struct files *f, const char *scenario)
{
	FILE *out;

	strcpy(f->dir, "/tmp/scxtwin-conform-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->scenario, sizeof(f->scenario), "%s/s.json", f->dir);
	snprintf(f->recording, sizeof(f->recording), "%s/s.fifo.jsonl", f->dir);
	snprintf(f->sequences, sizeof(f->sequences), "%s/s.fifo.seq.json", f->dir);
	out = fopen(f->scenario, "w");
	assert_non_null(out);
	fputs(scenario, out);
	assert_int_equal(fclose(out), 0);
}

static void files_remove(struct files *f)
{
	unlink(f->scenario);
	unlink(f->recording);
	unlink(f->sequences);
	rmdir(f->dir);
}

static void record(const struct files *f, const char *policy)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };

	if (scxtwin_record(f->scenario, policy, f->recording, &err))
		fail_msg("%s", err.msg);
}

static char *read_whole(const char *path)
{
	char *text = calloc(1, TEXT_MAX);
	FILE *in = fopen(path, "r");

	assert_non_null(text);
	assert_non_null(in);
	assert_true(fread(text, 1, TEXT_MAX - 1, in) < TEXT_MAX - 1);
	fclose(in);
	return text;
}

static void write_whole(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

/* Replaces the n-th occurrence, counted from 0, by a text of the same length or shorter. */
static void replace(const char *path, const char *what, const char *by, int n)
{
	char *text = read_whole(path), *at = text;
	char *out = calloc(1, TEXT_MAX);

	for (at = strstr(text, what); at && n; n--)
		at = strstr(at + 1, what);
	assert_non_null(at);
	snprintf(out, TEXT_MAX, "%.*s%s%s", (int)(at - text), text, by, at + strlen(what));
	write_whole(path, out);
	free(out);
	free(text);
}

struct told {
	char text[TEXT_MAX];
};

static void tell(const char *line, void *data)
{
	struct told *told = data;
	const size_t len = strlen(told->text);

	snprintf(told->text + len, sizeof(told->text) - len, "%s\n", line);
}

static void conform(const struct files *f, bool strict, struct scxtwin_conformity *res,
		    struct told *told)
{
	const struct scxtwin_conform_options opt = { .strict = strict, .line = tell, .line_data = told };
	struct scxtwin_error err = { .code = SCXTWIN_OK };

	memset(told, 0, sizeof(*told));
	if (scxtwin_conform(f->recording, &opt, res, &err))
		fail_msg("%s", err.msg);
}

static struct told told;

static void the_twin_is_the_same_as_its_own_recording(void **state)
{
	struct scxtwin_conformity res;
	const char *policy;
	struct files f;
	u32 n;

	(void)state;
	for (n = 0; (policy = scxtwin_record_policy_nth(n)); n++) {
		files_make(&f, wake_sleep);
		record(&f, policy);
		conform(&f, false, &res, &told);
		if (!res.same)
			fail_msg("%s: %s", policy, told.text);
		assert_string_equal(res.policy, policy);
		assert_string_equal(res.name, "wake_sleep");
		assert_string_equal(res.area, "wakeup");
		assert_string_equal(res.pace, "no time+0ms");
		assert_false(res.timing_rules);
		files_remove(&f);
	}
	assert_int_equal(n, 32);
}

static void another_flag_is_a_difference(void **state)
{
	struct scxtwin_conformity res;
	struct files f;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "fifo");
	replace(f.recording, "\"deq_flags\":\"SLEEP|NOCLOCK\"", "\"deq_flags\":\"SLEEP\"", 0);
	conform(&f, false, &res, &told);
	assert_false(res.same);
	assert_string_equal(res.first_task, "A");
	assert_int_equal(res.nr_tasks, 1);
	assert_int_equal(res.nr_same, 0);
	assert_non_null(strstr(told.text, " task A: record 6 differs"));
	assert_non_null(strstr(told.text, ">    6 {\"ev\":\"quiescent\",\"deq_flags\":\"SLEEP\""));
	assert_non_null(strstr(told.text, ">    6 {\"ev\":\"quiescent\",\"deq_flags\":\"SLEEP|NOCLOCK\""));
	files_remove(&f);
}

static void a_missing_record_is_a_difference(void **state)
{
	struct scxtwin_conformity res;
	struct files f;
	char *text, *line;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "fifo");
	text = read_whole(f.recording);
	line = strstr(text, "\"ev\":\"dequeue\"");
	assert_non_null(line);
	while (line[-1] != '\n')
		line--;
	memmove(line, strchr(line, '\n') + 1, strlen(strchr(line, '\n')));
	write_whole(f.recording, text);
	free(text);
	conform(&f, false, &res, &told);
	assert_false(res.same);
	files_remove(&f);
}

static void times_slices_and_sequence_numbers_are_no_difference(void **state)
{
	struct scxtwin_conformity res;
	struct files f;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "fifo");
	replace(f.recording, "\"slice\":20000000", "\"slice\":19999999", 3);
	replace(f.recording, "\"ops_qseq\":1", "\"ops_qseq\":7", 0);
	replace(f.recording, "\"ts\":0", "\"ts\":9", 0);
	conform(&f, false, &res, &told);
	if (!res.same)
		fail_msg("%s", told.text);
	files_remove(&f);
}

static void another_exit_kind_is_a_difference(void **state)
{
	struct scxtwin_conformity res;
	struct files f;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "fifo");
	replace(f.recording, "\"exit_kind\":0", "\"exit_kind\":1024", 0);
	conform(&f, false, &res, &told);
	assert_false(res.same);
	assert_int_equal(res.exit_kind_recorded, 1024);
	assert_int_equal(res.exit_kind_twin, 0);
	assert_non_null(strstr(told.text, "exit: recorded 1024 \"\", twin 0 \"\""));
	files_remove(&f);
}

static void another_order_on_a_cpu_is_a_difference(void **state)
{
	struct scxtwin_conformity res;
	struct files f;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "fifo");
	write_whole(f.sequences, "{\"exit_kind\":0,\"run_order\":{\"1\":[\"B\",\"A\"]},"
		    "\"run_order_stable\":true,\"tasks\":{}}");
	conform(&f, false, &res, &told);
	assert_false(res.same);
	assert_non_null(strstr(told.text, "recorded: {\"1\":[\"B\",\"A\"]}"));
	assert_non_null(strstr(told.text, "twin: {\"1\":[\"A\"]}"));
	files_remove(&f);
}

static void what_changed_between_repetitions_is_not_compared(void **state)
{
	struct scxtwin_conformity res;
	struct files f;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "fifo");
	write_whole(f.sequences, "{\"exit_kind\":0,\"run_order\":{\"1\":[\"B\"]},"
		    "\"run_order_stable\":false,\"tasks\":{\"A\":{\"stable\":false,\"seq\":[]}}}");
	conform(&f, false, &res, &told);
	if (!res.same)
		fail_msg("%s", told.text);
	assert_int_equal(res.nr_tasks, 0);
	assert_int_equal(res.nr_unstable, 1);
	files_remove(&f);
}

/* 200 ms are 8 or 9 slices of 20 ms that end with a tick; the recording says one more. */
static void one_slice_more_is_put_aside_and_told_of(void **state)
{
	struct scxtwin_conformity res;
	struct files f;
	char *text, *line, *copy;

	(void)state;
	files_make(&f, keep_running);
	record(&f, "fifo");
	text = read_whole(f.recording);
	line = strstr(text, "\"ev\":\"dispatch\",\"task\":\"A\"");
	assert_non_null(line);
	while (line[-1] != '\n')
		line--;
	copy = calloc(1, TEXT_MAX);
	snprintf(copy, TEXT_MAX, "%.*s%.*s%s", (int)(line - text), text,
		 (int)(strchr(line, '\n') + 1 - line), line, line);
	write_whole(f.recording, copy);
	free(copy);
	free(text);
	conform(&f, true, &res, &told);
	if (!res.same)
		fail_msg("%s", told.text);
	assert_true(res.timing_rules);
	assert_non_null(strstr(told.text, "put aside: kept running for another slice"));
	files_remove(&f);
}

static void what_is_no_recording_is_an_error(void **state)
{
	struct scxtwin_conformity res;
	struct scxtwin_error err;
	struct files f;

	(void)state;
	files_make(&f, wake_sleep);
	assert_int_equal(scxtwin_conform(f.recording, NULL, &res, &err), SCXTWIN_EINPUT);
	assert_int_equal(scxtwin_conform(f.scenario, NULL, &res, &err), SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, "policy"));
	write_whole(f.recording, "{\"policy\":\"fifo\"\n");
	assert_int_equal(scxtwin_conform(f.recording, NULL, &res, &err), SCXTWIN_EINPUT);
	assert_int_equal(err.line, 1);
	record(&f, "fifo");
	replace(f.recording, "\"policy\":\"fifo\"", "\"policy\":\"fofi\"", 0);
	assert_int_equal(scxtwin_conform(f.recording, NULL, &res, &err), SCXTWIN_EINPUT);
	assert_int_equal(err.line, 1);
	assert_string_equal(err.file, f.recording);
	assert_non_null(strstr(err.msg, "\"fofi\""));
	files_remove(&f);
}

static void assert_refused(const struct files *f, u32 line, const char *what)
{
	struct scxtwin_conformity res;
	struct scxtwin_error err;

	assert_int_equal(scxtwin_conform(f->recording, NULL, &res, &err), SCXTWIN_EINPUT);
	if (!strstr(err.msg, what))
		fail_msg("\"%s\" is not in \"%s\"", what, err.msg);
	assert_string_equal(err.file, f->recording);
	assert_int_equal(err.line, line);
}

static void a_damaged_recording_is_refused_with_its_line(void **state)
{
	struct files f;
	char *text;

	(void)state;
	files_make(&f, wake_sleep);
	write_whole(f.recording, "");
	assert_refused(&f, 1, "empty");
	write_whole(f.recording, "{\"policy\":\"fifo\"}\n");
	assert_refused(&f, 1, "scenario");
	record(&f, "fifo");
	replace(f.recording, "\"ev\":\"runnable\"", "\"ev\":\"runneble\"", 0);
	assert_refused(&f, 2, "no record of this name");
	record(&f, "fifo");
	replace(f.recording, "\"ops_state\":\"NONE\"", "\"ops_state\":0", 0);
	assert_refused(&f, 2, "ops_state");
	record(&f, "fifo");
	text = read_whole(f.recording);
	strchr(strchr(text, '\n') + 1, '\n')[-3] = '\0';
	write_whole(f.recording, text);
	free(text);
	assert_refused(&f, 2, "");
	files_remove(&f);
}

static void damaged_sequences_are_refused_with_their_place(void **state)
{
	struct scxtwin_conformity res;
	struct scxtwin_error err;
	struct files f;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "fifo");
	write_whole(f.sequences, "{\"run_order\":{},\"tasks\":{\"A\":{\"stable\":true}}}");
	assert_int_equal(scxtwin_conform(f.recording, NULL, &res, &err), SCXTWIN_EINPUT);
	assert_string_equal(err.file, f.sequences);
	assert_non_null(strstr(err.msg, "task A"));
	write_whole(f.sequences, "{\"run_order\":{},\"tasks\":{\"A\":{\"seq\":[{\"ev\":\"runs\"}]}}}");
	assert_int_equal(scxtwin_conform(f.recording, NULL, &res, &err), SCXTWIN_EINPUT);
	assert_non_null(strstr(err.msg, "task A, record 0"));
	write_whole(f.sequences, "[]");
	assert_int_equal(scxtwin_conform(f.recording, NULL, &res, &err), SCXTWIN_EINPUT);
	write_whole(f.sequences, "{\n\"tasks\":");
	assert_int_equal(scxtwin_conform(f.recording, NULL, &res, &err), SCXTWIN_EINPUT);
	assert_int_equal(err.line, 2);
	files_remove(&f);
}

/* What is changed in a recording, and the rules that a reader should look at. */
static void a_difference_names_its_rules(void **state)
{
	static const struct {
		const char *policy, *what, *by, *rules;
	} cases[] = {
		{ "fifo", "\"deq_flags\":\"SLEEP|NOCLOCK\"", "\"deq_flags\":\"NOCLOCK\"", "CHG-01 CUST-28" },
		{ "fifo", "\"deq_flags\":\"SLEEP|NOCLOCK\"", "\"deq_flags\":\"SLEEP|NOCLOCK|SCHED_CHANGE\"",
		  "DEQ-01" },
		{ "bpfq", "\"flags\":\"QUEUED|IN_CUSTODY|DEQD_FOR_SLEEP\"",
		  "\"flags\":\"QUEUED|DEQD_FOR_SLEEP\"", "CUST-03 CUST-06 ENQ-31" },
		{ "immed", "\"running\",\"task\":\"A\",\"pid\":2,\"flags\":\"QUEUED|DEQD_FOR_SLEEP|IMMED\"",
		  "\"running\",\"task\":\"A\",\"pid\":2,\"flags\":\"QUEUED|DEQD_FOR_SLEEP\"",
		  "IMMED-25 IMMED-35 DSQ-50" },
		{ "bpfq", "\"ops_state\":\"DISPATCHING\"", "\"ops_state\":\"QUEUED\"",
		  "OPSS-03 OPSS-11 OPSS-13" },
		{ "fifo", "\"ev\":\"dequeue\"", "\"ev\":\"quiescent\"",
		  "DEQ-05 CB-01 CB-05 CUST-06 CUST-07 CUST-14" },
	};
	struct scxtwin_conformity res;
	struct files f;
	char line[120];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		files_make(&f, wake_sleep);
		record(&f, cases[i].policy);
		replace(f.recording, cases[i].what, cases[i].by, 0);
		conform(&f, false, &res, &told);
		assert_false(res.same);
		snprintf(line, sizeof(line), "  rules: %s\n", cases[i].rules);
		if (!strstr(told.text, line))
			fail_msg("case %zu: no \"%s\" in: %s", i, cases[i].rules, told.text);
		files_remove(&f);
	}
}

static void a_recording_begins_with_what_it_was_made_of(void **state)
{
	struct files f;
	char *text;

	(void)state;
	files_make(&f, wake_sleep);
	record(&f, "immed_always");
	text = read_whole(f.recording);
	assert_memory_equal(text, "{\"kernel\":\"7.3-scxtwin\",\"cpus\":4,\"hz\":250,"
			    "\"policy\":\"immed_always\",\"ops_flags\":\"0x89\",\"slice_ns\":20000000,"
			    "\"exit_kind\":0,\"exit_msg\":\"\",\"scenario\":{\"name\":\"wake_sleep\"", 150);
	free(text);
	files_remove(&f);
}

/* Two recordings of one scenario are the same file: the twin repeats itself. */
static void recording_twice_gives_the_same_file(void **state)
{
	struct files f;
	char *first, *second;

	(void)state;
	files_make(&f, keep_running);
	record(&f, "bpfq");
	first = read_whole(f.recording);
	record(&f, "bpfq");
	second = read_whole(f.recording);
	assert_string_equal(first, second);
	free(first);
	free(second);
	files_remove(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_twin_is_the_same_as_its_own_recording),
		cmocka_unit_test(another_flag_is_a_difference),
		cmocka_unit_test(a_missing_record_is_a_difference),
		cmocka_unit_test(times_slices_and_sequence_numbers_are_no_difference),
		cmocka_unit_test(another_exit_kind_is_a_difference),
		cmocka_unit_test(another_order_on_a_cpu_is_a_difference),
		cmocka_unit_test(what_changed_between_repetitions_is_not_compared),
		cmocka_unit_test(one_slice_more_is_put_aside_and_told_of),
		cmocka_unit_test(what_is_no_recording_is_an_error),
		cmocka_unit_test(a_damaged_recording_is_refused_with_its_line),
		cmocka_unit_test(damaged_sequences_are_refused_with_their_place),
		cmocka_unit_test(a_difference_names_its_rules),
		cmocka_unit_test(a_recording_begins_with_what_it_was_made_of),
		cmocka_unit_test(recording_twice_gives_the_same_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
