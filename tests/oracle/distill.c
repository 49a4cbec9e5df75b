/* SPDX-License-Identifier: GPL-2.0-only */
/* Distilling each recording gives exactly the sequences that lie beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conform/conform.h"

#define SKIPPED 77

static glob_t recordings;

static void read_records(const char *path, struct lines_of_run *run)
{
	FILE *in = fopen(path, "r");
	char *text = NULL;
	size_t size = 0;
	u32 nr;

	assert_non_null(in);
	for (nr = 0; getline(&text, &size, in) > 0; nr++) {
		json_t *line = nr ? json_loads(text, 0, NULL) : NULL;

		assert_true(!nr || line);
		assert_true(!nr || !vec_push(&run->lines, line));
	}
	free(text);
	fclose(in);
}

static void forget_records(struct lines_of_run *run)
{
	json_t **line;

	vec_for_each(line, &run->lines)
		json_decref(*line);
	vec_free(&run->lines);
}

static void same_lines(const char *path, const struct sequence *expected, const struct sequence *got)
{
	size_t i;

	if (!got || got->lines.nr != expected->lines.nr)
		fail_msg("%s: task %s has another number of records", path, expected->task);
	for (i = 0; i < expected->lines.nr; i++)
		if (!json_equal(expected->lines.data[i], got->lines.data[i]))
			fail_msg("%s: task %s: record %zu differs", path, expected->task, i);
}

static void compare_one(const char *path)
{
	struct sequences got = { .exit_kind = 0 }, expected = { .exit_kind = 0 };
	struct lines_of_run run = { .lines = { 0 } };
	const int stem = (int)(strlen(path) - strlen(".jsonl"));
	struct scxtwin_error err;
	struct sequence *seq;
	char beside[1024];

	snprintf(beside, sizeof(beside), "%.*s.seq.json", stem, path);
	read_records(path, &run);
	assert_int_equal(distill(&run, &got), 0);
	if (sequences_load(beside, &expected, &err))
		fail_msg("%s", err.msg);
	vec_for_each(seq, &expected.tasks)
		same_lines(path, seq, sequences_find(&got, seq->task));
	vec_for_each(seq, &got.tasks)
		assert_true(!strcmp(seq->task, SEQUENCE_OF_ANSWERS) ||
			    sequences_find(&expected, seq->task));
	assert_true(json_equal(got.run_order, expected.run_order));
	sequences_free(&got);
	sequences_free(&expected);
	forget_records(&run);
}

static void distilling_a_recording_gives_its_sequences(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < recordings.gl_pathc; i++)
		compare_one(recordings.gl_pathv[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distilling_a_recording_gives_its_sequences),
	};
	const char *reference = getenv("SCXTWIN_REFERENCE");
	char pattern[1024];
	int ret;

	snprintf(pattern, sizeof(pattern), "%s/oracle/recordings/*.jsonl", reference ? reference : "");
	if (!reference || glob(pattern, 0, NULL, &recordings)) {
		printf("no recordings here (SCXTWIN_REFERENCE names no folder that has them); skipped\n");
		return SKIPPED;
	}
	ret = cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
	globfree(&recordings);
	return ret;
}
