/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Races that were forced on a real kernel by holding a CPU at the right moment.
 * What its task B went through there must come in the same race here, in one
 * of all its orders, and by the outcome that spec 10.9 gives it.
 *
 * SCXTWIN_REFERENCE names the folder that holds oracle/recordings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "support/orders.h"
#include "support/race_orders.h"

static struct task_struct *p;
static char recorded[600];	/* callbacks of B, as lab_saw() takes them */

/* ---- the recording */

static u64 flag_of(const char *name)
{
	static const struct { const char *name; u64 flag; } flags[] = {
		{ "SAVE", DEQUEUE_SAVE }, { "RESTORE", ENQUEUE_RESTORE }, { "NOCLOCK", DEQUEUE_NOCLOCK },
		{ "SCHED_CHANGE", SCX_DEQ_SCHED_CHANGE },
	};
	size_t i;

	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (!strcmp(flags[i].name, name))
			return flags[i].flag;
	fail_msg("flag %s is not known here", name);
	return 0;
}

static u64 flags_of(const char *names)
{
	char text[200], *save = NULL, *name;
	u64 flags = 0;

	assert_true((size_t)snprintf(text, sizeof(text), "%s", names) < sizeof(text));
	for (name = strtok_r(text, "|", &save); name; name = strtok_r(NULL, "|", &save))
		flags |= flag_of(name);
	return flags;
}

static const char *string_of(const json_t *event, const char *key)
{
	return json_string_value(json_object_get(event, key));
}

static bool is_event(const json_t *event, const char *name)
{
	return !strcmp(string_of(event, "ev"), name);
}

static void add_event(const json_t *event)
{
	const char *flags = string_of(event, "deq_flags");
	const size_t len = strlen(recorded);

	if (!flags)
		flags = string_of(event, "enq_flags");
	if (string_of(event, "ev")[0] == '.')
		return;
	if (flags)
		snprintf(recorded + len, sizeof(recorded) - len, "%s%s(0x%llx)", len ? " " : "", string_of(event, "ev"),
			 (unsigned long long)flags_of(flags));
	else
		snprintf(recorded + len, sizeof(recorded) - len, "%s%s", len ? " " : "", string_of(event, "ev"));
}

/* The policy takes B for good, or B runs: the race is over. */
static bool is_over(const json_t *event, bool changed)
{
	return is_event(event, "running") ||
	       (changed && is_event(event, ".pop") && !strcmp(string_of(event, "ops_state"), "QUEUED"));
}

/* From the hand-over before the change of B's weight on; where there is none, from the last one. */
static size_t begin_of(const json_t *seq)
{
	size_t i, enqueue = 0;
	json_t *event;

	json_array_foreach(seq, i, event) {
		if (is_event(event, "set_weight") || is_event(event, "running"))
			break;
		if (is_event(event, "enqueue"))
			enqueue = i;
	}
	return enqueue + 1;
}

static void read_recording(const char *name)
{
	char path[600];
	json_error_t error;
	bool changed = false;
	json_t *root, *seq;
	size_t i;

	snprintf(path, sizeof(path), "%s/oracle/recordings/%s.seq.json", getenv("SCXTWIN_REFERENCE"), name);
	root = json_load_file(path, 0, &error);
	if (!root)
		fail_msg("%s: %s", path, error.text);
	seq = json_object_get(json_object_get(json_object_get(root, "tasks"), "B"), "seq");
	assert_true(json_is_array(seq));
	recorded[0] = '\0';
	for (i = begin_of(seq); i < json_array_size(seq); i++) {
		const json_t *event = json_array_get(seq, i);

		if (is_over(event, changed) && !is_event(event, "running"))
			break;
		add_event(event);
		if (is_over(event, changed))
			break;
		changed |= is_event(event, "set_weight");
	}
	json_decref(root);
}

/* ---- the race */

static void dispatch_to(u64 dsq)
{
	race_start(.cpus = 3);
	p = race_queued("p", RACE_SRC);
	race_will_insert(RACE_X, p, dsq);
}

static void to_global(void)
{
	read_recording("race_dispatching.race_global");
	dispatch_to(SCX_DSQ_GLOBAL);
}

static void while_holding(void)
{
	read_recording("race_holding_deq.race_holding");
	dispatch_to(SCX_DSQ_LOCAL);
}

static void while_queueing(void)
{
	read_recording("race_queueing.race_queueing");
	dispatch_to(SCX_DSQ_LOCAL);
}

static void stale(void)
{
	read_recording("race_stale.race_stale");
	dispatch_to(SCX_DSQ_LOCAL);
}

static void not_stale(void)
{
	read_recording("race_stale_none.race_stale");
	dispatch_to(SCX_DSQ_LOCAL);
}

static void change_and_dispatch(void)
{
	race_go(RACE_X);
	race_change(p);
}

static void dispatch(void)
{
	race_go(RACE_X);
}

static const char *outcome(void)
{
	static char text[160];

	if (!lab_saw(p, recorded))
		return "in another way";
	snprintf(text, sizeof(text), "as recorded: x %s, d %s", race_insert(RACE_X, p), race_dequeued(RACE_OUT, p));
	return text;
}

int main(void)
{
	const struct orders all[] = {
		{ .name = "recorded: change against DISPATCHING", .rules = "RACE-21 RACE-87",
		  .setup = to_global, .go = change_and_dispatch, .outcome = outcome, .expect = "as recorded: x dispatched, d 20 waits | "
			    "as recorded: x dispatched, d 22 loses claim | "
			    "as recorded: x dispatched, d 23 waits | as recorded: x dispatched, d finds NONE | "
			    "in another way" },
		{ .name = "recorded: change against a dance", .rules = "RACE-24",
		  .setup = while_holding, .go = change_and_dispatch, .outcome = outcome, .expect = "as recorded: x 06 dropped, d claims | as recorded: x 08 dropped, d claims | "
			    "as recorded: x 09 dropped, d claims | as recorded: x 14 dropped, d claims | "
			    "as recorded: x 18 dropped, d claims | as recorded: x 19 dropped, d claims | "
			    "as recorded: x dispatched, d 20 waits | "
			    "as recorded: x dispatched, d 22 loses claim | "
			    "as recorded: x dispatched, d finds NONE | in another way" },
		{ .name = "recorded: dispatch while queueing", .rules = "RACE-02",
		  .setup = while_queueing, .go = change_and_dispatch, .outcome = outcome, .expect = "as recorded: x 01 dispatched, d claims | as recorded: x 02 dispatched, d claims | "
			    "as recorded: x dispatched, d claims | in another way" },
		{ .name = "recorded: stale insert", .rules = "RACE-08",
		  .setup = stale, .go = change_and_dispatch, .outcome = outcome, .expect = "as recorded: x 06 dropped, d claims | as recorded: x 08 dropped, d claims | "
			    "as recorded: x 09 dropped, d claims | as recorded: x 14 dropped, d claims | "
			    "as recorded: x 18 dropped, d claims | as recorded: x 19 dropped, d claims | "
			    "as recorded: x dispatched, d 20 waits | "
			    "as recorded: x dispatched, d 22 loses claim | "
			    "as recorded: x dispatched, d finds NONE | in another way" },
		{ .name = "recorded: the same without a change",
		  .setup = not_stale, .go = dispatch, .outcome = outcome, .expect = "as recorded: x dispatched, d nothing" },
	};
	const char *reference = getenv("SCXTWIN_REFERENCE");

	if (!reference || !*reference) {
		printf("no recordings here (SCXTWIN_REFERENCE names no folder that has them); skipped\n");
		return 77;
	}
	return orders_main(all);
}
