/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A trace for the Perfetto viewer, in its native format. The kernel's scheduling
 * events go into ftrace bundles per CPU, from which the viewer draws CPU rows,
 * thread states and wakeup arrows. sched_ext appears as tracks: for each DSQ its
 * depth and the residence of its tasks, for each event counter its sum, the
 * bypass depth, and marks for exits and warnings.
 *
 * Slices of one track must nest and residences do not, so a DSQ has as many
 * tracks of one name (lanes) as tasks at a time, up to MAX_LANES; what is beyond
 * shows in the depth only. Track ids are hashes of names: equal runs, equal files.
 */
#include <stdlib.h>
#include <string.h>

#include <scxtwin/task.h>

#include "base/bug.h"
#include "base/error.h"
#include "base/idmap.h"
#include "base/mem.h"
#include "report/out.h"
#include "report/perfetto.h"
#include "report/proto.h"

/* Field numbers of perfetto/trace, by message */
enum { TRACE_PACKET = 1 };
enum {
	PACKET_FTRACE_EVENTS = 1, PACKET_PROCESS_TREE = 2, PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10, PACKET_TRACK_EVENT = 11, PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACK_DESCRIPTOR = 60,
};
enum { BUNDLE_CPU = 1, BUNDLE_EVENT = 2 };
enum {
	FTRACE_TIMESTAMP = 1, FTRACE_PID = 2, FTRACE_SCHED_SWITCH = 4, FTRACE_SCHED_WAKING = 20,
	FTRACE_SCHED_WAKEUP_NEW = 114, FTRACE_SCHED_MIGRATE_TASK = 491,
};
enum {
	SWITCH_PREV_COMM = 1, SWITCH_PREV_PID, SWITCH_PREV_PRIO, SWITCH_PREV_STATE,
	SWITCH_NEXT_COMM, SWITCH_NEXT_PID, SWITCH_NEXT_PRIO,
};
enum { WAKING_COMM = 1, WAKING_PID, WAKING_PRIO, WAKING_SUCCESS, WAKING_TARGET_CPU };
enum { MIGRATE_COMM = 1, MIGRATE_PID, MIGRATE_PRIO, MIGRATE_ORIG_CPU, MIGRATE_DEST_CPU };
enum { TREE_PROCESSES = 1, TREE_THREADS = 2 };
enum { PROCESS_PID = 1, PROCESS_PPID = 2, PROCESS_CMDLINE = 3 };
enum { THREAD_TID = 1, THREAD_NAME = 2, THREAD_TGID = 3 };
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PARENT_UUID = 5, TRACK_COUNTER = 8 };
enum { COUNTER_UNIT = 3 };
enum { UNIT_COUNT = 2 };
enum { EVENT_TYPE = 9, EVENT_TRACK_UUID = 11, EVENT_CATEGORIES = 22, EVENT_NAME = 23, EVENT_COUNTER_VALUE = 30 };
enum { TYPE_SLICE_BEGIN = 1, TYPE_SLICE_END = 2, TYPE_INSTANT = 3, TYPE_COUNTER = 4 };

#define SEQUENCE_ID		1
#define INCREMENTAL_STATE_CLEARED 1
#define DEFAULT_PRIO		120
#define BUNDLE_BYTES		16384
#define MAX_LANES		64
#define NO_LANE			MAX_LANES

struct trace_dsq {
	char name[32];
	u64 depth;
	u64 busy_lanes;		/* bits */
	u64 known_lanes;	/* whose track is in the file */
};

struct trace_task {
	char comm[TASK_COMM_LEN + 1];
	s64 prio;
	struct trace_dsq *dsq;	/* where it is queued, NULL: nowhere */
	u32 lane;
};

struct scxtwin_perfetto {
	struct scxtwin_observer observer;
	struct out out;
	u32 nr_cpus;
	struct strbuf *bundles;	/* per CPU: events that wait for their packet */
	s32 *curr;		/* per CPU: pid */
	struct idmap tasks, dsqs;
	s64 counters[SCX_NR_EVENTS];
	bool counter_known[SCX_NR_EVENTS], bypass_known;
	struct strbuf packet;
	bool no_memory;
	char path[];
};

static const char *const counter_names[SCX_NR_EVENTS] = {
#define X(name) "SCX_EV_" #name,
	SCX_EVENTS(X)
#undef X
};

static const char root_name[] = "sched_ext";

/* Packets */

static size_t packet_begin(struct scxtwin_perfetto *p)
{
	strbuf_clear(&p->packet);
	return proto_begin(&p->packet, TRACE_PACKET);
}

static void packet_end(struct scxtwin_perfetto *p, size_t begin)
{
	proto_u64(&p->packet, PACKET_SEQUENCE_ID, SEQUENCE_ID);
	proto_end(&p->packet, begin);
	if (p->packet.error)
		p->no_memory = true;
	else
		out_write(&p->out, p->packet.data, p->packet.len);
}

static void flush_bundle(struct scxtwin_perfetto *p, u32 cpu)
{
	struct strbuf *events = &p->bundles[cpu];
	size_t packet, bundle;

	if (events->error)
		p->no_memory = true;
	if (!events->len)
		return;
	packet = packet_begin(p);
	bundle = proto_begin(&p->packet, PACKET_FTRACE_EVENTS);
	proto_u64(&p->packet, BUNDLE_CPU, cpu);
	strbuf_add(&p->packet, events->data, events->len);
	proto_end(&p->packet, bundle);
	packet_end(p, packet);
	strbuf_clear(events);
}

/* Tracks */

/* FNV-1a over name, '/', kind and number; never 0, which means "no track". */
static u64 track_uuid(const char *name, const char *kind, u64 number)
{
	u64 hash = 0xcbf29ce484222325ULL;

	for (; *name; name++)
		hash = (hash ^ (u8)*name) * 0x100000001b3ULL;
	hash = (hash ^ '/') * 0x100000001b3ULL;
	for (; *kind; kind++)
		hash = (hash ^ (u8)*kind) * 0x100000001b3ULL;
	hash = (hash ^ number) * 0x100000001b3ULL;
	return hash ? hash : 1;
}

static u64 root_uuid(void)
{
	return track_uuid(root_name, "", 0);
}

static void describe_track(struct scxtwin_perfetto *p, u64 uuid, const char *name, bool is_counter)
{
	const size_t packet = packet_begin(p);
	const size_t track = proto_begin(&p->packet, PACKET_TRACK_DESCRIPTOR);

	proto_u64(&p->packet, TRACK_UUID, uuid);
	proto_string(&p->packet, TRACK_NAME, name);
	if (uuid != root_uuid())
		proto_u64(&p->packet, TRACK_PARENT_UUID, root_uuid());
	if (is_counter) {
		const size_t counter = proto_begin(&p->packet, TRACK_COUNTER);

		proto_u64(&p->packet, COUNTER_UNIT, UNIT_COUNT);
		proto_end(&p->packet, counter);
	}
	proto_end(&p->packet, track);
	if (uuid == root_uuid())
		proto_u64(&p->packet, PACKET_SEQUENCE_FLAGS, INCREMENTAL_STATE_CLEARED);
	packet_end(p, packet);
}

/* name: of a slice that begins or an instant, else NULL; value: of a counter. */
static void put_track_event(struct scxtwin_perfetto *p, u64 time_ns, u64 uuid, u32 type,
			    const char *name, s64 value)
{
	const size_t packet = packet_begin(p);
	size_t event;

	proto_u64(&p->packet, PACKET_TIMESTAMP, time_ns);
	event = proto_begin(&p->packet, PACKET_TRACK_EVENT);
	proto_u64(&p->packet, EVENT_TYPE, type);
	proto_u64(&p->packet, EVENT_TRACK_UUID, uuid);
	if (name) {
		proto_string(&p->packet, EVENT_CATEGORIES, root_name);
		proto_string(&p->packet, EVENT_NAME, name);
	}
	if (type == TYPE_COUNTER)
		proto_s64(&p->packet, EVENT_COUNTER_VALUE, value);
	proto_end(&p->packet, event);
	packet_end(p, packet);
}

/* Tasks */

static struct trace_task *task_get(struct scxtwin_perfetto *p, s32 pid)
{
	struct trace_task *t = idmap_get(&p->tasks, (u32)pid);

	if (t)
		return t;
	t = mem_zalloc(sizeof(*t));
	if (!t || idmap_add(&p->tasks, (u32)pid, t)) {
		free(t);
		p->no_memory = true;
		return NULL;
	}
	snprintf(t->comm, sizeof(t->comm), "task-%d", pid);
	t->prio = DEFAULT_PRIO;
	t->lane = NO_LANE;
	return t;
}

static void put_comm(struct scxtwin_perfetto *p, struct strbuf *sb, u32 field, s32 pid, u32 cpu)
{
	const struct trace_task *t = pid > 0 ? task_get(p, pid) : NULL;
	char idle[TASK_COMM_LEN + 1];

	snprintf(idle, sizeof(idle), "swapper/%u", cpu);
	proto_string(sb, field, t ? t->comm : idle);
}

static s64 prio_of(struct scxtwin_perfetto *p, s32 pid)
{
	const struct trace_task *t = pid > 0 ? task_get(p, pid) : NULL;

	return t ? t->prio : DEFAULT_PRIO;
}

static void set_prio(struct scxtwin_perfetto *p, s32 pid, s64 prio)
{
	struct trace_task *t = pid > 0 ? task_get(p, pid) : NULL;

	if (t)
		t->prio = prio;
}

static void set_comm(struct trace_task *t, u64 low, u64 high)
{
	int i;

	for (i = 0; i < TASK_COMM_LEN; i++)
		t->comm[i] = (char)((i < 8 ? low : high) >> 8 * (i % 8));
}

static void on_task_new(struct scxtwin_perfetto *p, const struct scxtwin_event *ev)
{
	struct trace_task *t = task_get(p, ev->task);
	size_t packet, tree, entry;

	if (!t)
		return;
	set_comm(t, ev->a, ev->b);
	packet = packet_begin(p);
	proto_u64(&p->packet, PACKET_TIMESTAMP, ev->time_ns);
	tree = proto_begin(&p->packet, PACKET_PROCESS_TREE);
	if ((s32)ev->c == ev->task) {
		entry = proto_begin(&p->packet, TREE_PROCESSES);
		proto_s64(&p->packet, PROCESS_PID, ev->task);
		proto_s64(&p->packet, PROCESS_PPID, (s32)ev->d);
		proto_string(&p->packet, PROCESS_CMDLINE, t->comm);
		proto_end(&p->packet, entry);
	}
	entry = proto_begin(&p->packet, TREE_THREADS);
	proto_s64(&p->packet, THREAD_TID, ev->task);
	proto_string(&p->packet, THREAD_NAME, t->comm);
	proto_s64(&p->packet, THREAD_TGID, (s32)ev->c);
	proto_end(&p->packet, entry);
	proto_end(&p->packet, tree);
	packet_end(p, packet);
}

/* Events of the core scheduler, as ftrace tells them. */

static struct strbuf *ftrace_begin(struct scxtwin_perfetto *p, const struct scxtwin_event *ev,
				   u32 field, size_t *event, size_t *body)
{
	struct strbuf *sb = &p->bundles[ev->cpu];

	*event = proto_begin(sb, BUNDLE_EVENT);
	proto_u64(sb, FTRACE_TIMESTAMP, ev->time_ns);
	proto_u64(sb, FTRACE_PID, (u32)p->curr[ev->cpu]);
	*body = proto_begin(sb, field);
	return sb;
}

static void ftrace_end(struct scxtwin_perfetto *p, u32 cpu, size_t event, size_t body)
{
	struct strbuf *sb = &p->bundles[cpu];

	proto_end(sb, body);
	proto_end(sb, event);
	if (sb->len >= BUNDLE_BYTES)
		flush_bundle(p, cpu);
}

static void on_switch(struct scxtwin_perfetto *p, const struct scxtwin_event *ev)
{
	const s32 prev = (s32)ev->a;
	size_t event, body;
	struct strbuf *sb = ftrace_begin(p, ev, FTRACE_SCHED_SWITCH, &event, &body);

	put_comm(p, sb, SWITCH_PREV_COMM, prev, ev->cpu);
	proto_s64(sb, SWITCH_PREV_PID, prev);
	proto_s64(sb, SWITCH_PREV_PRIO, (s64)ev->c);
	proto_u64(sb, SWITCH_PREV_STATE, ev->b);
	put_comm(p, sb, SWITCH_NEXT_COMM, ev->task, ev->cpu);
	proto_s64(sb, SWITCH_NEXT_PID, ev->task);
	proto_s64(sb, SWITCH_NEXT_PRIO, (s64)ev->d);
	ftrace_end(p, ev->cpu, event, body);
	set_prio(p, prev, (s64)ev->c);
	set_prio(p, ev->task, (s64)ev->d);
	p->curr[ev->cpu] = ev->task;
}

static void put_wakeup(struct scxtwin_perfetto *p, const struct scxtwin_event *ev, u32 field,
		       u64 target_cpu)
{
	size_t event, body;
	struct strbuf *sb = ftrace_begin(p, ev, field, &event, &body);

	put_comm(p, sb, WAKING_COMM, ev->task, ev->cpu);
	proto_s64(sb, WAKING_PID, ev->task);
	proto_s64(sb, WAKING_PRIO, prio_of(p, ev->task));
	proto_s64(sb, WAKING_SUCCESS, 1);
	proto_s64(sb, WAKING_TARGET_CPU, (s64)target_cpu);
	ftrace_end(p, ev->cpu, event, body);
}

static void on_migrate(struct scxtwin_perfetto *p, const struct scxtwin_event *ev)
{
	size_t event, body;
	struct strbuf *sb = ftrace_begin(p, ev, FTRACE_SCHED_MIGRATE_TASK, &event, &body);

	put_comm(p, sb, MIGRATE_COMM, ev->task, ev->cpu);
	proto_s64(sb, MIGRATE_PID, ev->task);
	proto_s64(sb, MIGRATE_PRIO, prio_of(p, ev->task));
	proto_s64(sb, MIGRATE_ORIG_CPU, (s64)ev->a);
	proto_s64(sb, MIGRATE_DEST_CPU, (s64)ev->b);
	ftrace_end(p, ev->cpu, event, body);
}

/* sched_ext */

static void name_dsq(struct trace_dsq *dsq, u64 id, u64 owner)
{
	static const char *const kinds[] = { "invalid", "global", "local", "bypass" };

	if (id & SCX_DSQ_FLAG_BUILTIN)
		snprintf(dsq->name, sizeof(dsq->name), "DSQ %s %llu", kinds[id & 3],
			 (unsigned long long)owner);
	else
		snprintf(dsq->name, sizeof(dsq->name), "DSQ 0x%llx", (unsigned long long)id);
}

static struct trace_dsq *dsq_get(struct scxtwin_perfetto *p, u64 id, u64 owner)
{
	/* No user DSQ has bit 63, so that both kinds fit into one number. */
	const u64 key = id & SCX_DSQ_FLAG_BUILTIN ? id | owner << 8 : id;
	struct trace_dsq *dsq = idmap_get(&p->dsqs, key);

	if (dsq)
		return dsq;
	dsq = mem_zalloc(sizeof(*dsq));
	if (!dsq || idmap_add(&p->dsqs, key, dsq)) {
		free(dsq);
		p->no_memory = true;
		return NULL;
	}
	name_dsq(dsq, id, owner);
	describe_track(p, track_uuid(dsq->name, "depth", 0), dsq->name, true);
	return dsq;
}

static void put_depth(struct scxtwin_perfetto *p, u64 time_ns, const struct trace_dsq *dsq)
{
	put_track_event(p, time_ns, track_uuid(dsq->name, "depth", 0), TYPE_COUNTER, NULL,
			(s64)dsq->depth);
}

static void lane_begin(struct scxtwin_perfetto *p, u64 time_ns, struct trace_dsq *dsq,
		       struct trace_task *t)
{
	u64 uuid;

	t->lane = ~dsq->busy_lanes ? (u32)__builtin_ctzll(~dsq->busy_lanes) : NO_LANE;
	if (t->lane == NO_LANE)
		return;
	uuid = track_uuid(dsq->name, "lane", t->lane);
	if (!(dsq->known_lanes >> t->lane & 1))
		describe_track(p, uuid, dsq->name, false);
	dsq->known_lanes |= 1ULL << t->lane;
	dsq->busy_lanes |= 1ULL << t->lane;
	put_track_event(p, time_ns, uuid, TYPE_SLICE_BEGIN, t->comm, 0);
}

static void lane_end(struct scxtwin_perfetto *p, u64 time_ns, struct trace_task *t)
{
	if (t->lane == NO_LANE)
		return;
	put_track_event(p, time_ns, track_uuid(t->dsq->name, "lane", t->lane), TYPE_SLICE_END, NULL, 0);
	t->dsq->busy_lanes &= ~(1ULL << t->lane);
	t->lane = NO_LANE;
}

static void on_dsq_insert(struct scxtwin_perfetto *p, const struct scxtwin_event *ev)
{
	struct trace_task *t = task_get(p, ev->task);
	struct trace_dsq *dsq = dsq_get(p, ev->a, ev->b);

	if (!t || !dsq)
		return;
	BUG_ON(t->dsq);
	t->dsq = dsq;
	dsq->depth++;
	put_depth(p, ev->time_ns, dsq);
	lane_begin(p, ev->time_ns, dsq, t);
}

static void on_dsq_remove(struct scxtwin_perfetto *p, const struct scxtwin_event *ev)
{
	struct trace_task *t = task_get(p, ev->task);

	if (!t || !t->dsq)
		return;
	BUG_ON(!t->dsq->depth);
	t->dsq->depth--;
	put_depth(p, ev->time_ns, t->dsq);
	lane_end(p, ev->time_ns, t);
	t->dsq = NULL;
}

static void on_count(struct scxtwin_perfetto *p, const struct scxtwin_event *ev)
{
	u64 uuid;

	if (ev->a >= SCX_NR_EVENTS)
		return;
	uuid = track_uuid(counter_names[ev->a], "count", 0);
	if (!p->counter_known[ev->a])
		describe_track(p, uuid, counter_names[ev->a], true);
	p->counter_known[ev->a] = true;
	p->counters[ev->a] += (s64)ev->b;
	put_track_event(p, ev->time_ns, uuid, TYPE_COUNTER, NULL, p->counters[ev->a]);
}

static void on_bypass(struct scxtwin_perfetto *p, const struct scxtwin_event *ev)
{
	const u64 uuid = track_uuid("bypass depth", "count", 0);

	if (!p->bypass_known)
		describe_track(p, uuid, "bypass depth", true);
	p->bypass_known = true;
	put_track_event(p, ev->time_ns, uuid, TYPE_COUNTER, NULL, (s64)ev->a);
}

static void on_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	struct scxtwin_perfetto *p = obs->data;

	BUG_ON(ev->cpu >= p->nr_cpus);
	switch (ev->kind) {
	case SCXTWIN_EV_TASK_NEW:
		on_task_new(p, ev);
		break;
	case SCXTWIN_EV_SWITCH:
		on_switch(p, ev);
		break;
	case SCXTWIN_EV_WAKING:
		put_wakeup(p, ev, FTRACE_SCHED_WAKING, ev->b);
		break;
	case SCXTWIN_EV_WAKEUP_NEW:
		put_wakeup(p, ev, FTRACE_SCHED_WAKEUP_NEW, ev->a);
		break;
	case SCXTWIN_EV_MIGRATE:
		on_migrate(p, ev);
		break;
	case SCXTWIN_EV_DSQ_INSERT:
		on_dsq_insert(p, ev);
		break;
	case SCXTWIN_EV_DSQ_REMOVE:
		on_dsq_remove(p, ev);
		break;
	case SCXTWIN_EV_SCX_COUNT:
		on_count(p, ev);
		break;
	case SCXTWIN_EV_SCX_BYPASS:
		on_bypass(p, ev);
		break;
	case SCXTWIN_EV_SCX_STATE:
	case SCXTWIN_EV_SCX_EXIT:
	case SCXTWIN_EV_WARN:
		put_track_event(p, ev->time_ns, root_uuid(), TYPE_INSTANT,
				scxtwin_event_name(ev->kind), 0);
		break;
	}
}

static void free_values(struct idmap *map)
{
	struct idmap_iter it = idmap_iter(map);

	while (idmap_next(&it))
		free(it.value);
	idmap_free(map);
}

static void free_all(struct scxtwin_perfetto *p)
{
	u32 cpu;

	for (cpu = 0; p->bundles && cpu < p->nr_cpus; cpu++)
		strbuf_free(&p->bundles[cpu]);
	free(p->bundles);
	free(p->curr);
	free_values(&p->tasks);
	free_values(&p->dsqs);
	strbuf_free(&p->packet);
	free(p);
}

struct scxtwin_perfetto *perfetto_open(u32 nr_cpus, const char *path, struct scxtwin_error *err)
{
	const size_t size = strlen(path) + 1;
	struct scxtwin_perfetto *p = mem_zalloc(sizeof(*p) + size);

	if (!p) {
		error_no_memory(err);
		return NULL;
	}
	memcpy(p->path, path, size);
	p->observer.event = on_event;
	p->observer.data = p;
	p->nr_cpus = nr_cpus;
	p->bundles = mem_zalloc(nr_cpus * sizeof(*p->bundles));
	p->curr = mem_zalloc(nr_cpus * sizeof(*p->curr));
	if (!p->bundles || !p->curr) {
		free_all(p);
		error_no_memory(err);
		return NULL;
	}
	if (out_open(&p->out, p->path, err)) {
		free_all(p);
		return NULL;
	}
	describe_track(p, root_uuid(), root_name, false);
	return p;
}

struct scxtwin_observer *perfetto_observer(struct scxtwin_perfetto *p)
{
	return &p->observer;
}

int scxtwin_perfetto_close(struct scxtwin_perfetto *p, struct scxtwin_error *err)
{
	bool no_memory;
	u32 cpu;
	int ret;

	for (cpu = 0; cpu < p->nr_cpus; cpu++)
		flush_bundle(p, cpu);
	no_memory = p->no_memory;
	ret = out_close(&p->out, no_memory ? NULL : err);
	free_all(p);
	return no_memory ? error_no_memory(err) : ret;
}
