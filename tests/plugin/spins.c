/* SPDX-License-Identifier: GPL-2.0-only */
/* CPU 1 waits in ops.dispatch() for a word: at most so many tries, 0: for ever. Nobody writes it. */
#include "plugin.h"

u32 word; /* not static: a compiler that sees all writers knows that there is none */
static u64 tries;

static void spins_dispatch(s32 cpu, struct task_struct *prev)
{
	u64 i;

	if (cpu == 1)
		for (i = 0; (!tries || i < tries) && !__atomic_load_n(&word, __ATOMIC_RELAXED); i++)
			;
	plugin_dispatch(cpu, prev);
}

static const struct sched_ext_ops plugin_ops = {
	.name = "spins", .init = plugin_init, .enqueue = plugin_enqueue, .dispatch = spins_dispatch,
};

static const struct scxtwin_param spins_params[] = {
	{ .name = "tries", .type = SCXTWIN_PARAM_U64, .dflt = 1, .min = 0, .max = 1000000, .global = &tries,
	  .help = "looks at the word" },
	{ .name = NULL },
};

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "spins", .help = "for tests", .ops = &plugin_ops,
	.params = spins_params,
};
