/* SPDX-License-Identifier: GPL-2.0-only */
#include "lab/holds.h"

#include <string.h>

#include "ext/internal.h"

static bool is_about(const struct task_struct *p, const void *obj)
{
	const struct task_core *t = core_of(p);

	return (const u8 *)obj >= (const u8 *)t && (const u8 *)obj < (const u8 *)(t + 1);
}

bool lab_point_is(const struct lab_point *pt, const struct choice *step)
{
	if (pt->claimed && scx_opss_state((u64)pt->claimed->scx.ops_state.counter) != SCX_OPSS_DISPATCHING)
		return false;
	if (pt->about && !is_about(pt->about, step->obj))
		return false;
	return (pt->cpu == step->cpu || pt->cpu == LAB_ANY_CPU) && (!pt->obj || pt->obj == step->obj) &&
	       (!pt->kinds || pt->kinds & LAB_KIND(step->kind)) && strstr(step->label, pt->label);
}

struct lab_hold *lab_holds_add(struct lab_holds *holds, const struct lab_point *point)
{
	struct lab_hold *h = &holds->list[holds->nr];

	BUG_ON(machine()->cfg.mode != RUN_EXPLORED);
	if (holds->nr == LAB_MAX_HOLDS)
		return NULL;
	holds->nr++;
	*h = (struct lab_hold){ .point = *point, .armed = true };
	return h;
}

bool lab_holds_anybody(const struct lab_holds *holds)
{
	u32 i;

	for (i = 0; i < holds->nr; i++)
		if (holds->list[i].ctx)
			return true;
	return false;
}

static void stand(struct lab_hold *h)
{
	h->armed = false;
	h->ctx = current_ctx();
	while (h->ctx) /* an interrupt may wake us in between */
		ctx_suspend(h, "release");
}

void lab_holds_follow(struct lab_holds *holds, const struct choice *step)
{
	u32 i;

	for (i = 0; i < holds->nr; i++) {
		struct lab_hold *h = &holds->list[i];

		if (!h->armed || !lab_point_is(&h->point, step))
			continue;
		if (h->point.skip) {
			h->point.skip--;
			continue;
		}
		stand(h);
		machine()->choices[0] = *step; /* others have chosen meanwhile */
		break;
	}
}

void lab_hold_release(struct lab_hold *hold)
{
	struct ctx *ctx = hold->ctx;

	hold->armed = false;
	hold->ctx = NULL;
	if (ctx)
		ctx_wake(ctx);
}

void lab_hold_move(struct lab_hold *hold, const struct lab_point *to)
{
	lab_hold_release(hold);
	hold->point = *to;
	hold->armed = true;
}
