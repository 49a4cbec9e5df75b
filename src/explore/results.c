/* SPDX-License-Identifier: GPL-2.0-only */
/* Results as lines of JSON, so that parts can run on different machines. */
#include <stdio.h>
#include <string.h>

#include <scxtwin/explore.h>

#include "base/error.h"
#include "base/json_lines.h"
#include "base/json_writer.h"

#define FORMAT	 "scxtwin-explore-result"
#define VERSION	 1
#define MAX_SHARDS 4096
#define LINE_MAX_BYTES ((size_t)64 << 10)

static const char *const verdicts[] = { "proved", "proved up to bound", "sampled", "found", NULL };

int scxtwin_explore_result_write(FILE *out, const struct scxtwin_explore_result *res)
{
	struct json_writer w;

	json_writer_init(&w, out, false);
	jsonw_object(&w);
	jsonw_member_string(&w, "format", FORMAT);
	jsonw_member_u64(&w, "version", VERSION);
	jsonw_member_string(&w, "scenario", res->scenario);
	jsonw_member_string(&w, "policy", res->policy);
	jsonw_member_string(&w, "strategy", res->strategy);
	jsonw_member_string(&w, "verdict", verdicts[res->verdict]);
	jsonw_member_u64(&w, "bound", res->bound);
	jsonw_member_u64(&w, "shard", res->shard);
	jsonw_member_u64(&w, "shards", res->nr_shards);
	jsonw_member_u64(&w, "executions", res->executions);
	jsonw_member_u64(&w, "cut", res->cut);
	jsonw_member_u64(&w, "end_states", res->end_states);
	jsonw_member_u64(&w, "max_steps", res->max_steps);
	jsonw_member_u64(&w, "limited", res->nr_limited);
	jsonw_member_u64(&w, "nanoseconds", res->nanoseconds);
	jsonw_member_string(&w, "violation", res->violation);
	jsonw_end_object(&w);
	json_writer_end_line(&w);
	return json_writer_finish(&w);
}

static int read_text(struct json_at at, char *buf, size_t size, struct scxtwin_error *err)
{
	const char *text = "";
	int ret = json_get_string(at, &text, err);

	snprintf(buf, size, "%s", text);
	return ret;
}

static int read_result(struct json_at at, struct scxtwin_explore_result *res, struct scxtwin_error *err)
{
	static const char *const formats[] = { FORMAT, NULL };
	u32 n = 0, verdict = 0;
	int ret = json_get_enum(json_need(at, "format"), formats, &n, err);

	memset(res, 0, sizeof(*res));
	ret = ret ?: json_get_u32(json_need(at, "version"), VERSION, VERSION, &n, err);
	ret = ret ?: json_only(at, err, "format", "version", "scenario", "policy", "strategy", "verdict",
			       "bound", "shard", "shards", "executions", "cut", "end_states", "max_steps", "limited",
			       "nanoseconds", "violation");
	ret = ret ?: read_text(json_need(at, "scenario"), res->scenario, sizeof(res->scenario), err);
	ret = ret ?: read_text(json_need(at, "policy"), res->policy, sizeof(res->policy), err);
	ret = ret ?: read_text(json_need(at, "strategy"), res->strategy, sizeof(res->strategy), err);
	ret = ret ?: json_get_enum(json_need(at, "verdict"), verdicts, &verdict, err);
	ret = ret ?: json_get_u32(json_need(at, "bound"), 0, UINT32_MAX, &res->bound, err);
	ret = ret ?: json_get_u32(json_need(at, "shard"), 0, MAX_SHARDS - 1, &res->shard, err);
	ret = ret ?: json_get_u32(json_need(at, "shards"), 1, MAX_SHARDS, &res->nr_shards, err);
	ret = ret ?: json_get_u64(json_need(at, "executions"), 0, INT64_MAX, &res->executions, err);
	ret = ret ?: json_get_u64(json_need(at, "cut"), 0, INT64_MAX, &res->cut, err);
	ret = ret ?: json_get_u64(json_need(at, "end_states"), 0, INT64_MAX, &res->end_states, err);
	ret = ret ?: json_get_u64(json_need(at, "max_steps"), 0, INT64_MAX, &res->max_steps, err);
	ret = ret ?: json_get_u64(json_need(at, "limited"), 0, INT64_MAX, &res->nr_limited, err);
	ret = ret ?: json_get_u64(json_need(at, "nanoseconds"), 0, INT64_MAX, &res->nanoseconds, err);
	ret = ret ?: read_text(json_need(at, "violation"), res->violation, sizeof(res->violation), err);
	res->verdict = (enum scxtwin_verdict)verdict;
	return ret;
}

static bool is_of_same_search(const struct scxtwin_explore_result *a, const struct scxtwin_explore_result *b)
{
	return !strcmp(a->scenario, b->scenario) && !strcmp(a->policy, b->policy) &&
	       !strcmp(a->strategy, b->strategy) && a->bound == b->bound && a->nr_shards == b->nr_shards;
}

struct merging {
	struct scxtwin_explore_result *sum;
	bool has_shard[MAX_SHARDS];
	u32 nr_seen;		/* different parts */
	bool any;
};

/* The weakest verdict counts, but what was found was found. */
static void add_result(struct scxtwin_explore_result *sum, const struct scxtwin_explore_result *res)
{
	if (res->verdict > sum->verdict)
		sum->verdict = res->verdict;
	sum->executions += res->executions;
	sum->cut += res->cut;
	sum->nr_limited += res->nr_limited;
	sum->nanoseconds += res->nanoseconds;
	if (res->end_states > sum->end_states)
		sum->end_states = res->end_states;
	if (res->max_steps > sum->max_steps)
		sum->max_steps = res->max_steps;
	if (!sum->violation[0])
		memcpy(sum->violation, res->violation, sizeof(sum->violation));
}

static void take_result(struct merging *m, const struct scxtwin_explore_result *res)
{
	if (m->any)
		add_result(m->sum, res);
	else
		*m->sum = *res;
	m->any = true;
	m->nr_seen += !m->has_shard[res->shard];
	m->has_shard[res->shard] = true;
}

static int merge_file(const char *path, struct merging *m, struct scxtwin_error *err)
{
	struct scxtwin_explore_result res;
	struct json_lines in;
	struct json_at at;
	int ret = json_lines_open(&in, path, LINE_MAX_BYTES, err);

	while (!ret) {
		ret = json_lines_next(&in, &at, err);
		if (ret <= 0)
			break;
		ret = read_result(at, &res, err);
		if (!ret && ((m->any && !is_of_same_search(m->sum, &res)) || res.shard >= res.nr_shards))
			ret = json_fail(at, err, "is not a part of the same exploration as those before");
		if (ret)
			break;
		take_result(m, &res);
	}
	json_lines_close(&in);
	return ret;
}

int scxtwin_explore_merge(const char *const *files, u32 nr, struct scxtwin_explore_result *res,
			  struct scxtwin_error *err)
{
	struct merging m = { .sum = res };
	int ret = 0;
	u32 i;

	memset(res, 0, sizeof(*res));
	for (i = 0; i < nr && !ret; i++)
		ret = merge_file(files[i], &m, err);
	if (!ret && !m.any)
		ret = error_set(err, SCXTWIN_EINPUT, "there is no result in these files");
	if (ret)
		return ret;
	/* Parts that are missing were not searched. */
	if (m.nr_seen < res->nr_shards && res->verdict < SCXTWIN_SAMPLED)
		res->verdict = SCXTWIN_SAMPLED;
	res->shard = 0;
	res->nr_shards = 1;
	return 0;
}
