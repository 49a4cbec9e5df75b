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

#include <zlib.h>

#include <scxtwin/workload.h>

#include "base/mem.h"
#include "workload/recording.h"

#define TRACES SCXTWIN_SOURCE_DIR "/traces/"
#define CASES SCXTWIN_SOURCE_DIR "/tests/readers/"

static void no_finding(const struct scxtwin_error *e, void *data)
{
	(void)data;
	fail_msg("%s:%u: %s", e->file, e->line, e->msg);
}

static void count_finding(const struct scxtwin_error *e, void *data)
{
	assert_int_not_equal(e->code, 0);
	++*(u32 *)data;
}

static void shipped_workloads_have_no_findings(void **state)
{
	static const char *const names[] = {
		"pipeline.json", "weights.json", "fork_storm.json", "rt_interference.json",
		"affinity_churn.json", "hotplug.json", "oversubscription.json", "server.json",
		"wake.jsonl.gz",
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[512];

		snprintf(path, sizeof(path), TRACES "%s", names[i]);
		assert_int_equal(scxtwin_workload_lint(path, no_finding, NULL), 0);
	}
}

static void write_text(char *path, const char *text)
{
	FILE *f = fdopen(mkstemp(path), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void hash_of(const char *text, char *hash)
{
	char path[] = "/tmp/scxtwin-workload-XXXXXX";
	struct scxtwin_workload *w;

	write_text(path, text);
	w = scxtwin_workload_open(path, NULL);
	assert_non_null(w);
	strcpy(hash, scxtwin_workload_hash(w));
	scxtwin_workload_close(w);
	unlink(path);
}

static void only_what_decides_is_in_the_hash(void **state)
{
	char a[65], b[65], c[65];

	(void)state;
	hash_of("{\"format\":\"scxtwin-workload\",\"version\":1,\"tasks\":[{\"name\":\"a\",\"steps\":[[\"run\",5]]}]}", a);
	hash_of("{\"version\":1, \"format\":\"scxtwin-workload\",\n\"name\":\"x\",\"desc\":\"y\",\"expect\":{\"finished\":true},"
		"\"tasks\":[{\"name\":\"a\",\"steps\":[[\"run\",5]]}]}", b);
	hash_of("{\"format\":\"scxtwin-workload\",\"version\":1,\"tasks\":[{\"name\":\"a\",\"steps\":[[\"run\",6]]}]}", c);
	assert_string_equal(a, b);
	assert_string_not_equal(a, c);
	assert_int_equal(strlen(a), 64);
}

static void groups_machine_and_limit_are_those_of_the_file(void **state)
{
	struct scxtwin_workload *w = scxtwin_workload_open(TRACES "server.json", NULL);

	(void)state;
	assert_non_null(w);
	assert_string_equal(scxtwin_workload_name(w), "server");
	assert_int_equal(scxtwin_workload_machine(w)->cpus, 4);
	assert_int_equal(scxtwin_workload_seed(w), 7);
	assert_int_equal(scxtwin_workload_limit_ns(w), 3000000000ULL);
	assert_int_equal(scxtwin_workload_nr_groups(w), 3);
	assert_string_equal(scxtwin_workload_group_name(w, 1), "worker");
	assert_string_equal(scxtwin_workload_group_name(w, 3), "");
	scxtwin_workload_close(w);
}

static void a_missing_file_is_an_input_error(void **state)
{
	struct scxtwin_error err = { 0 };

	(void)state;
	assert_null(scxtwin_workload_open(TRACES "nothing.json", &err));
	assert_int_equal(err.code, SCXTWIN_EINPUT);
	assert_string_not_equal(err.file, "");
}

static void a_cut_gzip_file_is_an_input_error(void **state)
{
	char path[] = "/tmp/scxtwin-workload-XXXXXX";
	struct scxtwin_error err = { 0 };
	FILE *in = fopen(TRACES "wake.jsonl.gz", "rb"), *out = fdopen(mkstemp(path), "wb");
	static char buf[100000];

	(void)state;
	assert_non_null(in);
	assert_non_null(out);
	assert_int_equal(fread(buf, 1, sizeof(buf), in), sizeof(buf));
	fwrite(buf, 1, sizeof(buf), out);
	fclose(in);
	fclose(out);
	assert_null(scxtwin_workload_open(path, &err));
	assert_int_equal(err.code, SCXTWIN_EINPUT);
	unlink(path);
}

/* Every wake that a task gave ends exactly one sleep, else a closed loop would stop. */
static void wakes_and_sleeps_of_a_recording_match(void **state)
{
	struct recording *rec = rec_open(TRACES "wake.jsonl.gz", -1, NULL);
	struct rec_reader *rd = rec_reader_new(rec, NULL);
	u64 given[64] = { 0 }, taken[64] = { 0 }, run_ns = 0;
	struct rec_event ev;
	int ret;

	(void)state;
	assert_non_null(rd);
	assert_in_range(rec->header.nr_tasks, 1, 64);
	while ((ret = rec_reader_next(rd, &ev, NULL)) > 0) {
		if (ev.kind == REC_WAKE)
			given[ev.other]++;
		if (ev.kind == REC_SLEEP && ev.other != REC_NO_TASK)
			taken[ev.task]++;
		if (ev.kind == REC_RUN)
			run_ns += ev.ns;
	}
	assert_int_equal(ret, 0);
	assert_memory_equal(given, taken, sizeof(given));
	assert_in_range(run_ns, 1, rec->header.span_ns * rec->header.nr_cpus);
	rec_reader_free(rd);
	rec_close(rec);
}

static void what_is_written_is_read_back(void **state)
{
	static const struct rec_event events[] = {
		{ .kind = REC_TASK, .pid = 7, .tgid = 7, .comm = "a\"b", .cpu = -1, .other = REC_NO_TASK,
		  .attr = { .nice = -3 } },
		{ .at = 5, .kind = REC_TASK, .task = 1, .pid = 9, .tgid = 7, .comm = "x", .kthread = true,
		  .cpu = 1, .attr = { .policy = 1, .rt_priority = 30 } },
		{ .at = 5, .kind = REC_FORK, .task = 0, .other = 1 },
		{ .at = 6, .kind = REC_RUN, .task = 1, .ns = 11, .other = REC_NO_TASK },
		{ .at = 7, .kind = REC_SLEEP, .task = 1, .ns = 9, .other = 0 },
		{ .at = 9, .kind = REC_WAKE, .task = 0, .other = 1 },
		{ .at = 9, .kind = REC_EXIT, .task = 0, .other = REC_NO_TASK },
		{ .at = 9, .kind = REC_LEFT, .task = 1, .other = REC_NO_TASK },
	};
	char path[] = "/tmp/scxtwin-workload-XXXXXX.gz", *group = (char *)"g";
	struct rec_header h = { .origin = "test", .nr_cpus = 2, .wakeups = SCXTWIN_CLOSED_LOOP,
				.span_ns = 9, .nr_tasks = 2, .groups = { &group, 1, 1 } };
	struct rec_writer *wr;
	struct recording *rec;
	struct rec_reader *rd;
	struct rec_event ev;
	size_t i;

	(void)state;
	close(mkstemps(path, 3));
	wr = rec_writer_new(path, NULL);
	assert_non_null(wr);
	rec_writer_header(wr, &h);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		rec_writer_event(wr, &events[i]);
	assert_int_equal(rec_writer_close(wr, NULL), 0);
	rec = rec_open(path, -1, NULL);
	assert_non_null(rec);
	assert_string_equal(rec->header.origin, "test");
	assert_int_equal(rec->header.wakeups, SCXTWIN_CLOSED_LOOP);
	rd = rec_reader_new(rec, NULL);
	assert_non_null(rd);
	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		assert_int_equal(rec_reader_next(rd, &ev, NULL), 1);
		assert_int_equal(ev.kind, events[i].kind);
		assert_int_equal(ev.at, events[i].at);
		assert_int_equal(ev.task, events[i].task);
		assert_int_equal(ev.other, events[i].other);
		assert_int_equal(ev.ns, events[i].ns);
		if (ev.kind != REC_TASK)
			continue;
		assert_string_equal(ev.comm, events[i].comm);
		assert_int_equal(ev.tgid, events[i].tgid);
		assert_int_equal(ev.cpu, events[i].cpu);
		assert_int_equal(ev.kthread, events[i].kthread);
		assert_int_equal(ev.attr.policy, events[i].attr.policy);
		assert_int_equal(ev.attr.nice, events[i].attr.nice);
		assert_int_equal(ev.attr.rt_priority, events[i].attr.rt_priority);
	}
	assert_int_equal(rec_reader_next(rd, &ev, NULL), 0);
	rec_reader_free(rd);
	rec_close(rec);
	unlink(path);
}

/* Each allocation in turn fails; a reader must say so and leave nothing behind. */
static void readers_survive_that_any_allocation_fails(void **state)
{
	static const char *const paths[] = { TRACES "fork_storm.json", CASES "recording/good/input",
					     CASES "workload/many_faults/input" };
	size_t i;
	u32 findings;
	u64 n;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int ret = SCXTWIN_EINTERNAL;

		for (n = 1; n < 5000; n++) {
			findings = 0;
			mem_fail_after(n);
			ret = scxtwin_workload_lint(paths[i], count_finding, &findings);
			mem_fail_after(0);
			assert_int_equal(ret != 0, findings != 0);
			if (!ret)
				break;
		}
		assert_int_equal(ret != 0, i == 2);
	}
}

static void imports_survive_that_any_allocation_fails(void **state)
{
	char path[] = "/tmp/scxtwin-workload-XXXXXX";
	struct scxtwin_error err;
	const struct scxtwin_import_options closed_loop = { .wakeups = SCXTWIN_CLOSED_LOOP };
	int ret = SCXTWIN_EINTERNAL;
	u64 n;

	(void)state;
	close(mkstemp(path));
	for (n = 1; ret && n < 5000; n++) {
		mem_fail_after(n);
		ret = scxtwin_import_ftrace(CASES "ftrace/wakes_between_tasks/input", path,
					    &closed_loop, NULL, &err);
		mem_fail_after(0);
	}
	assert_int_equal(ret, 0);
	assert_true(n > 5);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shipped_workloads_have_no_findings),
		cmocka_unit_test(only_what_decides_is_in_the_hash),
		cmocka_unit_test(groups_machine_and_limit_are_those_of_the_file),
		cmocka_unit_test(a_missing_file_is_an_input_error),
		cmocka_unit_test(a_cut_gzip_file_is_an_input_error),
		cmocka_unit_test(wakes_and_sleeps_of_a_recording_match),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(readers_survive_that_any_allocation_fails),
		cmocka_unit_test(imports_survive_that_any_allocation_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
