/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machines a recording is tried on. What differs between them is a property
 * of a machine, never of a scenario; docs/conformance.md says how each was seen
 * in recordings.
 */
#include "conform/conform.h"
#include "machine/machine.h"

#define MS		NSEC_PER_MSEC
#define SLOW_PATHS	"callback=10us,switch=15us,ipi=20us,wakeup=30us,tick=20us"
#define EACH_MS		4U	/* of a tick period of 250 Hz */

static const struct speed {
	struct pace pace;
	u32 nr_delays;
	bool skewed;	/* also with ticks apart */
} speeds[] = {
	{ { .name = "no time" }, EACH_MS, true },
	{ { .name = "slow grace periods", .grace_period_ns = 20 * MS }, EACH_MS, false },
	{ { .name = "very slow grace periods", .grace_period_ns = 80 * MS }, EACH_MS, false },
	{ { .name = "slow", .grace_period_ns = 20 * MS, .costs = SLOW_PATHS }, EACH_MS, true },
	{ { .name = "slow tasks", .grace_period_ns = 20 * MS, .costs = SLOW_PATHS, .run_ns = 2 * MS },
	  EACH_MS, false },
	{ { .name = "every other tick lost", .grace_period_ns = 20 * MS, .tick_periods = 2 }, EACH_MS, true },
	{ { .name = "late helper", .grace_period_ns = 20 * MS, .helper_delay_ns = 3 * MS }, EACH_MS, false },
	{ { .name = "kernel threads each 100 ms", .grace_period_ns = 20 * MS, .kthread_ns = 100 * MS }, 2, false },
	{ { .name = "kernel threads each 50 ms", .grace_period_ns = 20 * MS, .kthread_ns = 50 * MS }, 2, false },
	{ { .name = "kernel threads each 30 ms", .grace_period_ns = 20 * MS, .kthread_ns = 30 * MS }, 2, false },
	{ { .name = "kernel threads each 10 ms", .grace_period_ns = 20 * MS, .kthread_ns = 10 * MS }, 2, false },
};

/*
 * How far each CPU's tick is behind that of the CPU before it, in parts of a
 * period. Where two slices end in the same period this says which ends first.
 */
static const u32 tick_skews[] = { 0, 1, PACE_SKEW_PARTS - 1 };

#define NR_SPEEDS	(sizeof(speeds) / sizeof(speeds[0]))
#define NR_SKEWS	(sizeof(tick_skews) / sizeof(tick_skews[0]))

bool pace_nth(u32 n, struct pace *pace)
{
	u32 skew, i;

	for (skew = 0; skew < NR_SKEWS; skew++) {
		for (i = 0; i < NR_SPEEDS; i++) {
			const u32 nr = skew && !speeds[i].skewed ? 0 : speeds[i].nr_delays;

			if (n >= nr) {
				n -= nr;
				continue;
			}
			*pace = speeds[i].pace;
			pace->delay_ns = n * MS;
			pace->tick_skew = tick_skews[skew];
			return true;
		}
	}
	return false;
}
