/* SPDX-License-Identifier: GPL-2.0-only */
/* scxtwin_replay(): a schedule once more, with or without its story. */
#include <stdio.h>

#include "base/error.h"
#include "explore/explorer.h"
#include "explore/replay.h"
#include "explore/schedule.h"
#include "explore/story.h"

static int repeat(struct explorer *x, const struct scxtwin_schedule *s, bool lenient,
		  enum scxtwin_view view, FILE *out, struct execution *e, struct scxtwin_error *err)
{
	struct strategy *strategy;
	struct story story;
	struct driver d;
	int ret = 0;

	sim_enter(x->sim);
	strategy = replay_new(&s->departures, lenient);
	if (!strategy || explorer_driver(x, &d, strategy)) {
		strategy_free(strategy);
		return error_no_memory(err);
	}
	if (view != SCXTWIN_VIEW_NONE) {
		story_begin(&story, out, view);
		d.step = story_step;
		d.step_data = &story;
		x->callbacks.also = &story.observer;
	}
	explorer_run(x, &d, 0, e);
	x->callbacks.also = NULL;
	if (view != SCXTWIN_VIEW_NONE)
		story_end(&story);
	if (replay_mismatch(strategy)[0])
		ret = error_set(err, SCXTWIN_EINPUT, "the schedule cannot be followed: %s",
				replay_mismatch(strategy));
	driver_free(&d);
	strategy_free(strategy);
	return ret;
}

int scxtwin_replay(const struct scxtwin_schedule *s, struct scxtwin_workload *w, bool lenient,
		   enum scxtwin_view view, FILE *out, bool *fails, char *text, size_t size,
		   struct scxtwin_error *err)
{
	struct scxtwin_explore_options opt;
	struct execution e = { .failed = false };
	struct scxtwin_error local;
	struct explorer x;
	int ret;

	err = err ? err : &local;
	schedule_options(s, &opt);
	ret = explorer_open(&x, &opt, w, err);
	if (ret)
		return ret;
	ret = repeat(&x, s, lenient, view, out, &e, err);
	explorer_close(&x);
	*fails = e.failed;
	snprintf(text, size, "%s", e.violation);
	return ret;
}
