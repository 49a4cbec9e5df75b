/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a difference to the numbers of the rules that speak of it. The table is
 * a signpost, not a proof: where to read first.
 */
#include <string.h>

#include <bsd/string.h>

#include "conform/conform.h"

static const struct signpost {
	const char *ev;		/* NULL: any record */
	const char *key;	/* NULL: that the record is there at all */
	const char *value;	/* a flag, or the whole text; NULL: whatever differs */
	const char *rules;
} signposts[] = {
	{ "select_cpu", NULL, NULL, "RQSEL-01 RQSEL-07 CB-03" },
	{ "select_cpu", "prev_cpu", NULL, "RQSEL-03" },
	{ "select_cpu", "wake_flags", "FORK", "RQSEL-04 CB-04" },
	{ "select_cpu", "wake_flags", NULL, "RQSEL-04" },
	{ ".selected", NULL, NULL, "SEL-37 SEL-38" },
	{ ".selected", "to_cpu", NULL, "SEL-16 SEL-20 SEL-33" },
	{ ".selected", "idle", NULL, "SEL-16 SEL-36 SEL-37" },
	{ "enqueue", NULL, NULL, "ENQ-30 RQSEL-14 PUT-05 PUT-09" },
	{ "enqueue", "enq_flags", "REENQ", "PUT-06 IMMED-53 REENQ-68" },
	{ "enqueue", "enq_flags", "LAST", "PUT-07" },
	{ "enqueue", "enq_flags", "MIGRATED", "ENQ-01 CUST-41" },
	{ "enqueue", "enq_flags", "CPU_SELECTED", "ENQ-33 RQSEL-01" },
	{ "enqueue", "enq_flags", "RESTORE", "CHG-02 CUST-29" },
	{ "enqueue", "enq_flags", NULL, "ENQ-33" },
	{ "runnable", NULL, NULL, "ENQ-11 CB-01 CB-05 CB-06" },
	{ "runnable", "enq_flags", "MIGRATED", "ENQ-01" },
	{ "runnable", "enq_flags", "_IGNORE_CAPS", "ENQ-08 ENQ-15" },
	{ "runnable", "enq_flags", "CPU_SELECTED", "RQSEL-01 ENQ-14" },
	{ "runnable", "enq_flags", NULL, "CHG-02 ENQ-05" },
	{ "dequeue", NULL, NULL, "CUST-06 CUST-07 CUST-14" },
	{ "dequeue", "deq_flags", "SCHED_CHANGE", "CUST-22" },
	{ "dequeue", "deq_flags", "NOCLOCK", "CUST-28" },
	{ "dequeue", "deq_flags", "SLEEP", "CUST-24" },
	{ "dequeue", "deq_flags", "CORE_SCHED_EXEC", "CUST-23 CUST-35" },
	{ "dequeue", "deq_flags", NULL, "CUST-26" },
	{ "quiescent", NULL, NULL, "DEQ-05 CB-01 CB-05" },
	{ "quiescent", "deq_flags", "SCHED_CHANGE", "DEQ-01" },
	{ "quiescent", "deq_flags", "CLASS", "CHG-01 CB-12" },
	{ "quiescent", "deq_flags", "SPECIAL", "CORE-07" },
	{ "quiescent", "deq_flags", NULL, "CHG-01 CUST-28" },
	{ "stopping", NULL, NULL, "PUT-03 DEQ-04 CB-07 CB-08" },
	{ "stopping", "runnable", NULL, "PUT-03 DEQ-04" },
	{ "running", NULL, NULL, "PUT-14 CB-01 CB-08" },
	{ "running", "flags", "IN_CUSTODY", "CUST-20" },
	{ "dispatch", NULL, NULL, "ONE-03 ONE-04 LOOP-05" },
	{ "yield", NULL, NULL, "YLD-01" },
	{ "set_weight", NULL, NULL, "CB-09 CB-10 CB-11" },
	{ "set_cpumask", NULL, NULL, "CB-09 CB-10 CB-11" },
	{ "enable", NULL, NULL, "CB-04 CB-11" },
	{ "disable", NULL, NULL, "CB-12 LIFE-53 LIFE-54" },
	{ "init_task", NULL, NULL, "CB-04 LIFE-22 LIFE-59" },
	{ "exit_task", NULL, NULL, "LIFE-64 LIFE-75" },
	{ "exit_task", "cancelled", NULL, "LIFE-66" },
	{ ".insert", NULL, NULL, "DSP-17 DD-04" },
	{ ".insert", "ok", NULL, "DSP-17 IMMED-06" },
	{ ".insert", "ddsp_dsq", NULL, "DD-02 DD-04" },
	{ ".insert_vtime", NULL, NULL, "DSP-18 DSQ-16" },
	{ ".move", "ok", NULL, "DSQ-90 DSQ-94 DSQ-102" },
	{ ".move", NULL, NULL, "DSQ-103 DSQ-104 DSQ-105" },
	{ ".move_vtime", "ok", NULL, "DSQ-90 DSQ-108" },
	{ ".move_vtime", NULL, NULL, "DSQ-107 DSQ-108" },
	{ ".iter", NULL, NULL, "DSQ-77 DSQ-80 DSQ-84" },
	{ ".peek", NULL, NULL, "DSQ-118 DSQ-119 DSQ-120" },
	{ ".nr_queued", NULL, NULL, "DSQ-114 DSQ-116" },
	{ ".nr_queued", "count", NULL, "DSQ-114 DSQ-116" },
	{ ".create", NULL, NULL, "DSQ-61" },
	{ ".create", "ret", NULL, "DSQ-59 DSQ-60 DSQ-61" },
	{ ".set_slice", NULL, NULL, "SLC-01 SLC-02" },
	{ ".reenq_local", "count", NULL, "REENQ-10 CPUREL-14" },
	{ ".reenq_local", NULL, NULL, "REENQ-10 CPUREL-02" },
	{ "cpu_online", NULL, NULL, "HOT-03 HOT-04" },
	{ "cpu_offline", NULL, NULL, "HOT-04 HOT-13" },
	{ "exit", NULL, NULL, "DERR-01 LIFE-77" },
	{ "exit", "kind", NULL, "DERR-01 ERR-01" },
	{ "exit", "code", NULL, "LIFE-84 LIFE-85" },
	{ NULL, "reenq_reason", NULL, "ENQ-34 IMMED-83 IMMED-84 IMMED-85" },
	{ NULL, "flags", "IN_CUSTODY", "CUST-03 CUST-06 ENQ-31" },
	{ NULL, "flags", "IMMED", "IMMED-25 IMMED-35 DSQ-50" },
	{ NULL, "flags", "RESET_RUNNABLE_AT", "RUN-03 RUN-06 RUN-07 RUN-08" },
	{ NULL, "flags", "DEQD_FOR_SLEEP", "DEQ-06" },
	{ NULL, "flags", "QUEUED", "ENQ-10 DEQ-07" },
	{ NULL, "ops_state", NULL, "OPSS-03 OPSS-11 OPSS-13" },
	{ NULL, "dsq", NULL, "DSQ-21 DSQ-52 CUST-31" },
	{ NULL, "ddsp_dsq", NULL, "DD-04 DD-12" },
	{ NULL, "state", NULL, "LIFE-01 LIFE-51" },
	{ NULL, "weight", NULL, "CB-11" },
	{ NULL, "task_cpu", NULL, "RQSEL-02 DSP-37" },
};

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = line ? json_string_value(json_object_get(line, key)) : NULL;

	return text ? text : "";
}

static bool has_token(const char *flags, const char *token)
{
	const size_t len = strlen(token);

	while (*flags) {
		const size_t n = strcspn(flags, "|");

		if (n == len && !strncmp(flags, token, len))
			return true;
		flags += n + (flags[n] == '|');
	}
	return false;
}

static void add_rules(const char *rules, char *buf, size_t size)
{
	char one[24];

	while (*rules) {
		const size_t n = strcspn(rules, " ");

		strlcpy(one, rules, n + 1 < sizeof(one) ? n + 1 : sizeof(one));
		if (!strstr(buf, one)) {
			if (*buf)
				strlcat(buf, " ", size);
			strlcat(buf, one, size);
		}
		rules += n + (rules[n] == ' ');
	}
}

static void rules_of_presence(const json_t *line, char *buf, size_t size)
{
	const struct signpost *s;

	for (s = signposts; line && s < signposts + sizeof(signposts) / sizeof(signposts[0]); s++)
		if (s->ev && !s->key && !strcmp(s->ev, text_of(line, "ev")))
			add_rules(s->rules, buf, size);
}

/* That a record has another flag says more than that a member differs, its own rule more than that of any. */
static void rules_of_member(const json_t *a, const json_t *b, const char *key, char *buf, size_t size)
{
	const char *ev = text_of(a, "ev"), *ta = text_of(a, key), *tb = text_of(b, key);
	const struct signpost *s, *end = signposts + sizeof(signposts) / sizeof(signposts[0]);
	bool flag_known = false;

	for (s = signposts; s < end; s++) {
		if (!s->key || !s->value || strcmp(s->key, key) || (s->ev && strcmp(s->ev, ev)) ||
		    has_token(ta, s->value) == has_token(tb, s->value))
			continue;
		add_rules(s->rules, buf, size);
		flag_known = true;
	}
	for (s = signposts; !flag_known && s < end; s++) {
		if (!s->key || s->value || strcmp(s->key, key) || (s->ev && strcmp(s->ev, ev)))
			continue;
		add_rules(s->rules, buf, size);
		break;
	}
}

static void rules_of_members(const json_t *a, const json_t *b, char *buf, size_t size)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)a, key, value)
		if (!json_equal(value, json_object_get(b, key)))
			rules_of_member(a, b, key, buf, size);
	json_object_foreach((json_t *)b, key, value)
		if (!json_object_get(a, key))
			rules_of_member(a, b, key, buf, size);
}

void rules_of_difference(const json_t *recorded, const json_t *twin, char *buf, size_t size)
{
	*buf = '\0';
	if (!recorded || !twin || strcmp(text_of(recorded, "ev"), text_of(twin, "ev"))) {
		rules_of_presence(recorded, buf, size);
		rules_of_presence(twin, buf, size);
		return;
	}
	rules_of_members(recorded, twin, buf, size);
}
