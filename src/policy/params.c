/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "policy/internal.h"

static bool is_end(const struct scxtwin_param *param)
{
	return !param || !param->name;
}

static size_t param_size(const struct scxtwin_param *param)
{
	return param->type == SCXTWIN_PARAM_BOOL ? sizeof(bool) : sizeof(u64);
}

static void *param_place(const struct policy *pol, const struct scxtwin_param *param)
{
	if (param->global)
		return param->global;
	BUG_ON(param->state_offset + param_size(param) > pol->desc->state_size);
	return (char *)pol->state + param->state_offset;
}

static void store(const struct policy *pol, const struct scxtwin_param *param, u64 value)
{
	const bool flag = value;

	if (param->type == SCXTWIN_PARAM_BOOL)
		memcpy(param_place(pol, param), &flag, sizeof(flag));
	else
		memcpy(param_place(pol, param), &value, sizeof(value));
}

static u64 load(const struct policy *pol, const struct scxtwin_param *param)
{
	bool flag;
	u64 value;

	if (param->type == SCXTWIN_PARAM_BOOL) {
		memcpy(&flag, param_place(pol, param), sizeof(flag));
		return flag;
	}
	memcpy(&value, param_place(pol, param), sizeof(value));
	return value;
}

static int parse_bool(const char *text, u64 *value)
{
	static const char *const words[2][4] = {
		{ "0", "false", "no", "off" }, { "1", "true", "yes", "on" },
	};
	u32 i, k;

	for (i = 0; i < 2; i++) {
		for (k = 0; k < 4; k++) {
			if (!strcmp(text, words[i][k])) {
				*value = i;
				return 0;
			}
		}
	}
	return -EINVAL;
}

/* 0, -EINVAL: malformed, -ERANGE */
static int parse_value(const struct scxtwin_param *param, const char *text, u64 *value)
{
	s64 number = 0;
	int ret;

	switch (param->type) {
	case SCXTWIN_PARAM_U64:
		return str_parse_u64(text, param->min, param->max, value);
	case SCXTWIN_PARAM_S64:
		ret = str_parse_s64(text, (s64)param->min, (s64)param->max, &number);
		*value = (u64)number;
		return ret;
	case SCXTWIN_PARAM_BOOL:
		return parse_bool(text, value);
	case SCXTWIN_PARAM_DURATION:
		ret = str_parse_duration(text, param->max, value);
		return ret ? ret : *value < param->min ? -ERANGE : 0;
	}
	BUG();
}

static int bad_value(const struct scxtwin_param *param, const char *text, struct scxtwin_error *err)
{
	switch (param->type) {
	case SCXTWIN_PARAM_S64:
		return error_set(err, SCXTWIN_EUSAGE,
				 "%s=%s: an integer from %" PRId64 " to %" PRId64 " is needed",
				 param->name, text, (s64)param->min, (s64)param->max);
	case SCXTWIN_PARAM_BOOL:
		return error_set(err, SCXTWIN_EUSAGE, "%s=%s: 0 or 1 is needed", param->name, text);
	case SCXTWIN_PARAM_DURATION:
		return error_set(err, SCXTWIN_EUSAGE,
				 "%s=%s: a duration from %" PRIu64 "ns to %" PRIu64
				 "ns is needed, such as 500us or 2ms",
				 param->name, text, param->min, param->max);
	case SCXTWIN_PARAM_U64:
		break;
	}
	return error_set(err, SCXTWIN_EUSAGE,
			 "%s=%s: an integer from %" PRIu64 " to %" PRIu64 " is needed",
			 param->name, text, param->min, param->max);
}

static int unknown_param(const struct policy *pol, const char *name, struct scxtwin_error *err)
{
	const struct scxtwin_param *param;
	struct strbuf known = { .data = NULL };
	const char **names;
	u32 nr = 0;
	int ret;

	for (param = pol->desc->params; !is_end(param); param++)
		nr++;
	if (!nr)
		return error_set(err, SCXTWIN_EUSAGE, "policy %s has no parameters, so none \"%s\"",
				 pol->desc->name, name);
	names = mem_zalloc((nr + 1) * sizeof(*names));
	if (!names)
		return error_no_memory(err);
	for (nr = 0, param = pol->desc->params; !is_end(param); param++)
		names[nr++] = param->name;
	policy_list_names(&known, name, names);
	ret = error_set(err, SCXTWIN_EUSAGE, "policy %s has no parameter \"%s\"; it has %s",
			pol->desc->name, name, strbuf_str(&known));
	strbuf_free(&known);
	free(names);
	return ret;
}

static int set_param(struct policy *pol, const struct scxtwin_set *set, struct scxtwin_error *err)
{
	const struct scxtwin_param *param;
	u64 value = 0;

	for (param = pol->desc->params; !is_end(param); param++) {
		if (strcmp(param->name, set->name))
			continue;
		if (parse_value(param, set->value, &value))
			return bad_value(param, set->value, err);
		store(pol, param, value);
		return 0;
	}
	return unknown_param(pol, set->name, err);
}

/* The values in force, written in one way however they were given. */
static int describe_params(struct policy *pol, struct scxtwin_error *err)
{
	const struct scxtwin_param *param;
	size_t len = 0;
	int n;

	for (param = pol->desc->params; !is_end(param); param++) {
		const u64 value = load(pol, param);
		const char *separator = len ? "," : "";
		char *end = pol->params_text + len;
		const size_t room = sizeof(pol->params_text) - len;

		if (param->type == SCXTWIN_PARAM_S64)
			n = snprintf(end, room, "%s%s=%" PRId64, separator, param->name, (s64)value);
		else
			n = snprintf(end, room, "%s%s=%" PRIu64, separator, param->name, value);
		if (n < 0 || (size_t)n >= room)
			return error_set(err, SCXTWIN_EINPUT,
					 "the parameters of policy %s take more than %zu characters",
					 pol->desc->name, sizeof(pol->params_text) - 1);
		len += (size_t)n;
	}
	return 0;
}

int policy_set_params(struct policy *pol, const struct scxtwin_set *sets, u32 nr_sets,
		      struct scxtwin_error *err)
{
	const struct scxtwin_param *param;
	u32 i;
	int ret;

	BUG_ON(!pol->desc || !pol->state);
	for (param = pol->desc->params; !is_end(param); param++)
		store(pol, param, param->dflt);
	for (i = 0; i < nr_sets; i++) {
		ret = set_param(pol, &sets[i], err);
		if (ret)
			return ret;
	}
	return describe_params(pol, err);
}
