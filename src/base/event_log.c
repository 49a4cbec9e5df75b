/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "base/bug.h"
#include "base/event_log.h"

static const struct {
	const char *name;
	const char *arg[4];
} kinds[SCXTWIN_NR_EVENT_KINDS] = {
#define X(kind, name, a, b, c, d) [SCXTWIN_EV_##kind] = { name, { a, b, c, d } },
	SCXTWIN_EVENT_KINDS(X)
#undef X
};

static const char *const op_names[SCXTWIN_NR_OPS] = {
#define X(op) [SCXTWIN_OP_##op] = #op,
	SCXTWIN_OPS_LIST(X)
#undef X
};

static const char *const kfunc_names[SCXTWIN_NR_KFUNCS] = {
#define X(kfunc) [SCXTWIN_KF_##kfunc] = #kfunc,
	SCXTWIN_KFUNC_LIST(X)
#undef X
};

const char *scxtwin_event_name(u16 kind)
{
	return kind < SCXTWIN_NR_EVENT_KINDS ? kinds[kind].name : "?";
}

const char *scxtwin_event_arg_name(u16 kind, int arg)
{
	if (kind >= SCXTWIN_NR_EVENT_KINDS || arg < 0 || arg > 3)
		return "";
	return kinds[kind].arg[arg];
}

const char *scxtwin_op_name(u64 op)
{
	return op < SCXTWIN_NR_OPS ? op_names[op] : "?";
}

const char *scxtwin_kfunc_name(u64 kfunc)
{
	return kfunc < SCXTWIN_NR_KFUNCS ? kfunc_names[kfunc] : "?";
}

void event_log_init(struct event_log *log)
{
	memset(log, 0, sizeof(*log));
	digest_init(&log->digest);
}

void event_log_observe(struct event_log *log, struct scxtwin_observer *obs)
{
	struct scxtwin_observer **link;

	BUG_ON(!obs->event);
	for (link = &log->observers; *link; link = &(*link)->next)
		BUG_ON(*link == obs);
	obs->next = NULL;
	*link = obs;
}

void event_log_unobserve(struct event_log *log, struct scxtwin_observer *obs)
{
	struct scxtwin_observer **link;

	for (link = &log->observers; *link != obs; link = &(*link)->next)
		BUG_ON(!*link);
	*link = obs->next;
	obs->next = NULL;
}

void __event_notify(struct event_log *log, const struct scxtwin_event *ev)
{
	struct scxtwin_observer *obs, *next;

	/* An observer may take itself out while it is called. */
	for (obs = log->observers; obs; obs = next) {
		next = obs->next;
		obs->event(obs, ev);
	}
}
