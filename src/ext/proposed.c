/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of what no kernel has, and the kfuncs that come with it. */
#include <string.h>

#include "ext/internal.h"

static const char *const names[] = { "cookie" };

static const struct {
	const char *kfunc;
	u32 bit;
} kfuncs[] = {
	{ "scx_bpf_task_get_cookie", 0 },
	{ "scx_bpf_dsq_insert_with_cookie", 0 },
	{ "scx_bpf_dsq_insert_begin", 0 },
	{ "scx_bpf_dsq_insert_commit", 0 },
};

_Static_assert(SCX_PROPOSED_COOKIE == 1U << 0, "bits are places in names[]");

const char *scx_proposed_name(u32 bit)
{
	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

const char *scx_proposed_missing(const char *kfunc)
{
	for (size_t i = 0; i < sizeof(kfuncs) / sizeof(kfuncs[0]); i++) {
		if (!strcmp(kfuncs[i].kfunc, kfunc))
			return this_sim->proposed & 1U << kfuncs[i].bit ? NULL : names[kfuncs[i].bit];
	}
	return NULL;
}

bool scxtwin_kfunc_exists(const char *kfunc)
{
	return !scx_proposed_missing(kfunc);
}
