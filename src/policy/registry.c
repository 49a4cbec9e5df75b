/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/sim.h"
#include "base/str.h"
#include "ext/ext.h"
#include "policy/builtin.h"
#include "policy/internal.h"
#include "policy/own.h"
#include "policy/tsan.h"

static const struct scxtwin_policy *const builtins[] = {
	&policy_none, &policy_fifo_global, &policy_fifo, &policy_vtime,
	&policy_queue, &policy_local_on, &policy_central, &policy_immed, &policy_reenq,
	&policy_cookie,
};

#define NR_BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

/* Tools rather than demonstrations: found by name, listed nowhere. */
static const struct scxtwin_policy *const tools[] = { &policy_recorder };

#define NR_TOOLS (sizeof(tools) / sizeof(tools[0]))

const struct scxtwin_policy *scxtwin_policy_nth(u32 n)
{
	return n < NR_BUILTINS ? builtins[n] : NULL;
}

void *scxtwin_policy_state(void)
{
	BUG_ON(!this_sim || !this_sim->policy);
	return this_sim->policy->state;
}

void policy_list_names(struct strbuf *sb, const char *wrong, const char *const *names)
{
	const char *nearest = str_nearest(wrong, names);
	const char *separator = "";

	if (nearest) {
		strbuf_puts(sb, nearest);
		separator = ", ";
	}
	for (; *names; names++) {
		if (*names == nearest)
			continue;
		strbuf_printf(sb, "%s%s", separator, *names);
		separator = ", ";
	}
}

static int unknown_policy(const char *spec, struct scxtwin_error *err)
{
	const char *names[NR_BUILTINS + 1] = { NULL };
	struct strbuf known = { .data = NULL };
	u32 i;
	int ret;

	for (i = 0; i < NR_BUILTINS; i++)
		names[i] = builtins[i]->name;
	policy_list_names(&known, spec, names);
	ret = error_set(err, SCXTWIN_EUSAGE,
			"unknown policy \"%s\"; there are %s, and files such as ./mine.so",
			spec, strbuf_str(&known));
	strbuf_free(&known);
	return ret;
}

const char *policy_unmet_need(const char *kfunc, char *buf, size_t size)
{
	const char *feature = scx_proposed_missing(kfunc);

	if (!feature)
		return NULL;
	snprintf(buf, size, "calls %s(), which is in no kernel; the proposed feature \"%s\" has it (--proposed %s)",
		 kfunc, feature, feature);
	return buf;
}

/* What a shared object needs is read from it. */
static int check_builtin(const struct policy *pol, struct scxtwin_error *err)
{
	char text[256];

	if (pol->desc != &policy_cookie || !policy_unmet_need("scx_bpf_task_get_cookie", text, sizeof(text)))
		return 0;
	return error_set(err, SCXTWIN_EUSAGE, "policy %s %s", pol->desc->name, text);
}

static bool is_file_name(const char *spec)
{
	const size_t len = strlen(spec);

	return strchr(spec, '/') || (len > 3 && !strcmp(spec + len - 3, ".so"));
}

static int find_policy(struct policy *pol, const char *spec, struct scxtwin_error *err)
{
	u32 i;

	if (is_file_name(spec))
		return policy_so_open(pol, spec, err);
	for (i = 0; i < NR_BUILTINS; i++) {
		if (!strcmp(builtins[i]->name, spec)) {
			pol->desc = builtins[i];
			return check_builtin(pol, err);
		}
	}
	for (i = 0; i < NR_TOOLS; i++) {
		if (!strcmp(tools[i]->name, spec)) {
			pol->desc = tools[i];
			return 0;
		}
	}
	return unknown_policy(spec, err);
}

int policy_open(const char *spec, const struct scxtwin_set *sets, u32 nr_sets,
		struct scxtwin_error *err)
{
	struct policy *pol;
	int ret;

	BUG_ON(!this_sim || !this_sim->arena || this_sim->policy);
	BUG_ON(nr_sets && !sets);
	pol = arena_zalloc(this_sim->arena, sizeof(*pol));
	if (!pol)
		return error_no_memory(err);
	pol->fd = -1;
	this_sim->policy = pol;
	ret = find_policy(pol, spec ? spec : policy_none.name, err);
	if (ret)
		goto fail;
	/*
	 * Not from the arena, which writes to all it hands out: tables of a policy
	 * are sized for the worst case, and their pages come when they are used.
	 */
	pol->state = policy_state_alloc(pol->desc->state_size);
	if (!pol->state) {
		ret = error_no_memory(err);
		goto fail;
	}
	ret = policy_set_params(pol, sets, nr_sets, err);
	if (!ret && pol->dl && tsan_was_initialised())
		ret = own_memory_open(pol, err);
	if (ret)
		goto fail;
	pol->none = !pol->desc->ops;
	if (!pol->none)
		pol->ops = *pol->desc->ops;
	if (pol->desc->setup)
		pol->desc->setup(&pol->ops);
	return 0;
fail:
	policy_close();
	return ret;
}

void policy_close(void)
{
	struct policy *pol = this_sim->policy;

	if (!pol)
		return;
	this_sim->policy = NULL;
	own_memory_close(pol->own);
	if (pol->state)
		policy_state_free(pol->state, pol->desc->state_size);
	policy_so_close(pol);
}
