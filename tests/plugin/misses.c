/* SPDX-License-Identifier: GPL-2.0-only */
/* Counts twice, in a way that no two CPUs may do at once, and compares: in words, and in copies of a block. */
#include <string.h>

#include "plugin.h"

struct counters {
	u64 calls, pad[4];
};

static u64 calls;
static struct counters block;
static u64 exact;
static bool copies;

static void count(void)
{
	struct counters copy;

	__atomic_fetch_add(&exact, 1, __ATOMIC_RELAXED);
	if (!copies) {
		calls++;
		return;
	}
	memcpy(&copy, &block, sizeof(copy));
	copy.calls++;
	memcpy(&block, &copy, sizeof(copy));
}

static void misses_dispatch(s32 cpu, struct task_struct *prev)
{
	count();
	plugin_dispatch(cpu, prev);
}

/* The task whose name begins with "c" comes when all others are done. */
static void misses_enqueue(struct task_struct *p, u64 enq_flags)
{
	if (p->comm[0] == 'c' && (copies ? block.calls : calls) != exact)
		scx_bpf_error("counted %llu of %llu calls", (unsigned long long)(copies ? block.calls : calls),
			      (unsigned long long)exact);
	plugin_enqueue(p, enq_flags);
}

static const struct sched_ext_ops plugin_ops = {
	.name = "misses", .init = plugin_init, .enqueue = misses_enqueue, .dispatch = misses_dispatch,
};

static const struct scxtwin_param misses_params[] = {
	{ .name = "copies", .type = SCXTWIN_PARAM_BOOL, .min = 0, .max = 1, .global = &copies,
	  .help = "count in a copy of the block" },
	{ .name = NULL },
};

const struct scxtwin_policy scxtwin_policy = {
	.abi = SCXTWIN_POLICY_ABI, .name = "misses", .help = "for tests", .ops = &plugin_ops,
	.params = misses_params,
};
