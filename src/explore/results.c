/* SPDX-License-Identifier: GPL-2.0-only */
/* Results as lines of JSON, so that parts can run on different machines. */
#include <stdio.h>
#include <string.h>

#include <scxtwin/explore.h>

#include "base/error.h"
#include "base/json_lines.h"
#include "base/json_writer.h"
#include "base/vec.h"

#define FORMAT	 "scxtwin-explore-result"
#define VERSION	 2
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
	if (res->proposed[0])
		jsonw_member_string(&w, "proposed", res->proposed);
	jsonw_member_string(&w, "strategy", res->strategy);
	jsonw_member_string(&w, "verdict", verdicts[res->verdict]);
	jsonw_member_u64(&w, "bound", res->bound);
	jsonw_member_u64(&w, "shard", res->shard);
	jsonw_member_u64(&w, "shards", res->nr_shards);
	jsonw_member_u64(&w, "suite_part", res->suite_part);
	jsonw_member_u64(&w, "suite_parts", res->nr_suite_parts);
	jsonw_member_u64(&w, "executions", res->executions);
	jsonw_member_u64(&w, "cut", res->cut);
	jsonw_member_u64(&w, "end_states", res->end_states);
	jsonw_member_u64(&w, "max_steps", res->max_steps);
	jsonw_member_u64(&w, "limited", res->nr_limited);
	jsonw_member_string(&w, "policy_steps", scxtwin_policy_steps_text(res));
	jsonw_member_u64(&w, "misjudged", res->nr_misjudged);
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
	static const char *const steps[] = { "kfunc calls", "kfunc calls and its own loads and stores", NULL };
	u32 n = 0, verdict = 0, accesses = 0;
	int ret = json_get_enum(json_need(at, "format"), formats, &n, err);

	memset(res, 0, sizeof(*res));
	ret = ret ?: json_get_u32(json_need(at, "version"), VERSION, VERSION, &n, err);
	ret = ret ?: json_only(at, err, "format", "version", "scenario", "policy", "proposed", "strategy", "verdict",
			       "bound", "shard", "shards", "suite_part", "suite_parts", "executions", "cut", "end_states",
			       "max_steps", "limited", "policy_steps", "misjudged", "nanoseconds", "violation");
	ret = ret ?: read_text(json_need(at, "scenario"), res->scenario, sizeof(res->scenario), err);
	ret = ret ?: read_text(json_need(at, "policy"), res->policy, sizeof(res->policy), err);
	ret = ret ?: read_text(json_may(at, "proposed"), res->proposed, sizeof(res->proposed), err);
	ret = ret ?: read_text(json_need(at, "strategy"), res->strategy, sizeof(res->strategy), err);
	ret = ret ?: json_get_enum(json_need(at, "verdict"), verdicts, &verdict, err);
	ret = ret ?: json_get_u32(json_need(at, "bound"), 0, UINT32_MAX, &res->bound, err);
	ret = ret ?: json_get_u32(json_need(at, "shard"), 0, MAX_SHARDS - 1, &res->shard, err);
	ret = ret ?: json_get_u32(json_need(at, "shards"), 1, MAX_SHARDS, &res->nr_shards, err);
	ret = ret ?: json_get_u32(json_need(at, "suite_part"), 0, MAX_SHARDS - 1, &res->suite_part, err);
	ret = ret ?: json_get_u32(json_need(at, "suite_parts"), 1, MAX_SHARDS, &res->nr_suite_parts, err);
	ret = ret ?: json_get_u64(json_need(at, "executions"), 0, INT64_MAX, &res->executions, err);
	ret = ret ?: json_get_u64(json_need(at, "cut"), 0, INT64_MAX, &res->cut, err);
	ret = ret ?: json_get_u64(json_need(at, "end_states"), 0, INT64_MAX, &res->end_states, err);
	ret = ret ?: json_get_u64(json_need(at, "max_steps"), 0, INT64_MAX, &res->max_steps, err);
	ret = ret ?: json_get_u64(json_need(at, "limited"), 0, INT64_MAX, &res->nr_limited, err);
	ret = ret ?: json_get_enum(json_need(at, "policy_steps"), steps, &accesses, err);
	ret = ret ?: json_get_u64(json_need(at, "misjudged"), 0, INT64_MAX, &res->nr_misjudged, err);
	ret = ret ?: json_get_u64(json_need(at, "nanoseconds"), 0, INT64_MAX, &res->nanoseconds, err);
	ret = ret ?: read_text(json_need(at, "violation"), res->violation, sizeof(res->violation), err);
	res->verdict = (enum scxtwin_verdict)verdict;
	res->policy_accesses = accesses;
	return ret;
}

static bool is_of_same_search(const struct scxtwin_explore_result *a, const struct scxtwin_explore_result *b)
{
	return !strcmp(a->scenario, b->scenario) && !strcmp(a->policy, b->policy) &&
	       !strcmp(a->proposed, b->proposed) && !strcmp(a->strategy, b->strategy) && a->bound == b->bound &&
	       a->nr_shards == b->nr_shards && a->policy_accesses == b->policy_accesses;
}

struct parts {
	bool has[MAX_SHARDS];
	u32 nr_seen;		/* different ones */
};

struct merged {
	struct scxtwin_explore_result sum;
	struct parts shards;
};

struct merging {
	VEC(struct merged) searches;	/* in the order of their first parts */
	struct parts suite;
	u32 nr_suite_parts;		/* 0: nothing was read yet */
};

static void see_part(struct parts *parts, u32 part)
{
	parts->nr_seen += !parts->has[part];
	parts->has[part] = true;
}

/* The weakest verdict counts, but what was found was found. */
static void add_result(struct scxtwin_explore_result *sum, const struct scxtwin_explore_result *res)
{
	if (res->verdict > sum->verdict)
		sum->verdict = res->verdict;
	sum->executions += res->executions;
	sum->cut += res->cut;
	sum->nr_limited += res->nr_limited;
	sum->nr_misjudged += res->nr_misjudged;
	sum->nanoseconds += res->nanoseconds;
	if (res->end_states > sum->end_states)
		sum->end_states = res->end_states;
	if (res->max_steps > sum->max_steps)
		sum->max_steps = res->max_steps;
	if (!sum->violation[0])
		memcpy(sum->violation, res->violation, sizeof(sum->violation));
}

static struct merged *search_of(struct merging *m, const struct scxtwin_explore_result *res)
{
	size_t i;

	for (i = 0; i < m->searches.nr; i++)
		if (is_of_same_search(&m->searches.data[i].sum, res))
			return &m->searches.data[i];
	return NULL;
}

/* 0 or -ENOMEM. */
static int take_result(struct merging *m, const struct scxtwin_explore_result *res)
{
	struct merged *search = search_of(m, res);

	if (search) {
		add_result(&search->sum, res);
	} else {
		if (vec_push(&m->searches, ((struct merged){ .sum = *res })))
			return -ENOMEM;
		search = vec_last(&m->searches);
	}
	see_part(&search->shards, res->shard);
	see_part(&m->suite, res->suite_part);
	m->nr_suite_parts = res->nr_suite_parts;
	return 0;
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
		if (!ret && (res.shard >= res.nr_shards || res.suite_part >= res.nr_suite_parts))
			ret = json_fail(at, err, "names a part that is not one of the whole");
		if (!ret && m->nr_suite_parts && res.nr_suite_parts != m->nr_suite_parts)
			ret = json_fail(at, err, "is not a part of the same suite as those before");
		if (!ret && take_result(m, &res))
			ret = error_no_memory(err);
	}
	json_lines_close(&in);
	return ret;
}

static int check_suite(const struct merging *m, struct scxtwin_error *err)
{
	u32 i;

	if (!m->nr_suite_parts)
		return error_set(err, SCXTWIN_EINPUT, "there is no result in these files");
	for (i = 0; i < m->nr_suite_parts; i++)
		if (!m->suite.has[i])
			return error_set(err, SCXTWIN_EINPUT, "part %u/%u of the suite is missing", i,
					 m->nr_suite_parts);
	return 0;
}

static void tell(struct merged *search, scxtwin_explore_result_fn each, void *data)
{
	struct scxtwin_explore_result *sum = &search->sum;

	/* Parts that are missing were not searched. */
	if (search->shards.nr_seen < sum->nr_shards && sum->verdict < SCXTWIN_SAMPLED)
		sum->verdict = SCXTWIN_SAMPLED;
	sum->shard = sum->suite_part = 0;
	sum->nr_shards = sum->nr_suite_parts = 1;
	each(sum, data);
}

int scxtwin_explore_merge(const char *const *files, u32 nr, scxtwin_explore_result_fn each, void *data,
			  struct scxtwin_error *err)
{
	struct merging *m = mem_zalloc(sizeof(*m));
	int ret = m ? 0 : error_no_memory(err);
	size_t i;

	for (i = 0; i < nr && !ret; i++)
		ret = merge_file(files[i], m, err);
	if (!ret)
		ret = check_suite(m, err);
	for (i = 0; !ret && i < m->searches.nr; i++)
		tell(&m->searches.data[i], each, data);
	if (m)
		vec_free(&m->searches);
	free(m);
	return ret;
}
