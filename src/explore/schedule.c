/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/schedule.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json_writer.h"
#include "workload/run.h"

#define FORMAT		"scxtwin-schedule"
#define VERSION		1
#define MAX_DEPARTURES	1000000U
#define MAX_SETS	64U
#define DURATION_MAX	(1ULL << 60)

static const char *keep_label(struct scxtwin_schedule *s, const char *label)
{
	char **known, *copy;

	vec_for_each(known, &s->labels)
		if (!strcmp(*known, label))
			return *known;
	copy = mem_strdup(label);
	if (copy && !vec_push(&s->labels, copy))
		return copy;
	free(copy);
	return NULL;
}

static int add_departure(struct scxtwin_schedule *s, const struct departure *from)
{
	struct departure dep = *from;

	dep.at = keep_label(s, from->at);
	dep.to = keep_label(s, from->to);
	return dep.at && dep.to ? vec_push(&s->departures.list, dep) : -ENOMEM;
}

static int add_set(struct scxtwin_schedule *s, const char *name, const char *value)
{
	struct scxtwin_set set = { .name = mem_strdup(name), .value = mem_strdup(value) };

	if (set.name && set.value && !vec_push(&s->sets, set))
		return 0;
	free((char *)set.name);
	free((char *)set.value);
	return -ENOMEM;
}

struct scxtwin_schedule *schedule_new(const struct scxtwin_explore_options *opt, const char *scenario,
				      const char *hash, const struct departures *deps,
				      const char *violation)
{
	struct scxtwin_schedule *s = mem_zalloc(sizeof(*s));
	const struct departure *dep;
	int ret = 0;
	u32 i;

	if (!s)
		return NULL;
	s->machine = opt->sim.machine;
	s->seed = opt->sim.seed;
	s->limit_ns = opt->sim.limit_ns;
	s->no_autogroup = opt->sim.no_autogroup;
	s->from_ns = opt->from_ns;
	s->step_limit = opt->step_limit;
	s->audit_steps = opt->audit_steps;
	s->strategy_seed = opt->seed ? opt->seed : 1;
	s->scenario = mem_strdup(scenario);
	s->scenario_hash = mem_strdup(hash);
	s->policy = mem_strdup(opt->sim.policy ? opt->sim.policy : "none");
	if (opt->sim.proposed) {
		s->proposed = mem_strdup(opt->sim.proposed);
		ret = s->proposed ? 0 : -ENOMEM;
	}
	s->strategy = mem_strdup(opt->strategy ? opt->strategy : "pos");
	s->violation = mem_strdup(violation);
	for (i = 0; i < opt->sim.nr_sets; i++)
		ret = ret ?: add_set(s, opt->sim.sets[i].name, opt->sim.sets[i].value);
	vec_for_each(dep, &deps->list)
		ret = ret ?: add_departure(s, dep);
	if (!ret && s->scenario && s->scenario_hash && s->policy && s->strategy && s->violation)
		return s;
	scxtwin_schedule_close(s);
	return NULL;
}

void scxtwin_schedule_close(struct scxtwin_schedule *s)
{
	struct scxtwin_set *set;
	char **label;

	if (!s)
		return;
	vec_for_each(set, &s->sets) {
		free((char *)set->name);
		free((char *)set->value);
	}
	vec_for_each(label, &s->labels)
		free(*label);
	vec_free(&s->sets);
	vec_free(&s->labels);
	vec_free(&s->departures.list);
	free(s->scenario);
	free(s->scenario_text);
	free(s->scenario_hash);
	free(s->policy);
	free(s->proposed);
	free(s->strategy);
	free(s->violation);
	free(s);
}

int schedule_own_scenario(struct scxtwin_schedule *s, char *text, const char *hash)
{
	free(s->scenario_text);
	free(s->scenario_hash);
	s->scenario_text = text;
	s->scenario_hash = mem_strdup(hash);
	return s->scenario_hash ? 0 : -ENOMEM;
}

void schedule_options(const struct scxtwin_schedule *s, struct scxtwin_explore_options *opt)
{
	scxtwin_explore_options_default(opt);
	opt->sim.policy = s->policy;
	opt->sim.sets = s->sets.data;
	opt->sim.nr_sets = (u32)s->sets.nr;
	opt->sim.proposed = s->proposed;
	opt->sim.machine = s->machine;
	opt->sim.seed = s->seed;
	opt->sim.limit_ns = s->limit_ns;
	opt->sim.no_autogroup = s->no_autogroup;
	opt->from_ns = s->from_ns;
	opt->step_limit = s->step_limit;
	opt->audit_steps = s->audit_steps;
}

const char *scxtwin_schedule_scenario(const struct scxtwin_schedule *s)
{
	return s->scenario;
}

const char *scxtwin_schedule_violation(const struct scxtwin_schedule *s)
{
	return s->violation;
}

bool scxtwin_schedule_is_stale(const struct scxtwin_schedule *s, const struct scxtwin_workload *w)
{
	return strcmp(s->scenario_hash, scxtwin_workload_hash(w));
}

/* ---- paths: in the file they are relative to the file */

static size_t dir_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static bool is_path(const char *name)
{
	return strchr(name, '/') || (strlen(name) > 3 && !strcmp(name + strlen(name) - 3, ".so"));
}

/* From the directory of file to target, both as seen from here; absolute if nothing else helps. */
static char *relative_path(const char *file, const char *target, char *buf, size_t size)
{
	char real_target[PATH_MAX], dir[PATH_MAX], real_dir[PATH_MAX];
	size_t common = 0, i, len = 0;

	snprintf(dir, sizeof(dir), "%.*s.", (int)dir_length(file), file);
	if (!realpath(target, real_target) || !realpath(dir, real_dir)) {
		snprintf(buf, size, "%s", target);
		return buf;
	}
	if (strlen(real_dir) + 1 < sizeof(real_dir))
		strcat(real_dir, "/");
	for (i = 0; real_dir[i] && real_dir[i] == real_target[i]; i++)
		if (real_dir[i] == '/')
			common = i + 1;
	buf[0] = '\0';
	for (i = common; real_dir[i]; i++)
		if (real_dir[i] == '/')
			len += (size_t)snprintf(buf + len, len < size ? size - len : 0, "../");
	if (len < size)
		snprintf(buf + len, size - len, "%s%s", is_path(real_target + common) || len ? "" : "",
			 real_target + common);
	return buf;
}

static char *path_beside(const char *file, const char *name)
{
	const size_t dir = name[0] == '/' ? 0 : dir_length(file);
	char *path = mem_alloc(dir + strlen(name) + 1);

	if (path) {
		memcpy(path, file, dir);
		strcpy(path + dir, name);
	}
	return path;
}

/* ---- writing */

static void write_machine(struct json_writer *w, const struct scxtwin_machine *m)
{
	jsonw_member_object(w, "machine");
	if (m->cpus)
		jsonw_member_u64(w, "cpus", m->cpus);
	if (m->smt)
		jsonw_member_u64(w, "smt", m->smt);
	if (m->cores_per_llc)
		jsonw_member_u64(w, "cores_per_llc", m->cores_per_llc);
	if (m->nodes)
		jsonw_member_u64(w, "nodes", m->nodes);
	if (m->hz)
		jsonw_member_u64(w, "hz", m->hz);
	if (m->tick_phase_ns)
		jsonw_member_u64(w, "tick_phase", m->tick_phase_ns);
	jsonw_end_object(w);
}

static void write_sets(struct json_writer *w, const struct scxtwin_schedule *s)
{
	const struct scxtwin_set *set;

	jsonw_member_object(w, "set");
	vec_for_each(set, &s->sets)
		jsonw_member_string(w, set->name, set->value);
	jsonw_end_object(w);
}

static void write_departures(struct json_writer *w, const struct departures *deps)
{
	const struct departure *dep;

	jsonw_member_array(w, "departures");
	vec_for_each(dep, &deps->list) {
		jsonw_object(w);
		jsonw_member_u64(w, "cpu", dep->cpu);
		jsonw_member_u64(w, "op", dep->op);
		jsonw_member_string(w, "at", dep->at);
		jsonw_member_object(w, "choose");
		jsonw_member_u64(w, "cpu", dep->to_cpu);
		jsonw_member_string(w, "label", dep->to);
		if (dep->to_nth)
			jsonw_member_u64(w, "nth", dep->to_nth);
		jsonw_end_object(w);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static int fail_to_write(const char *path, struct scxtwin_error *err)
{
	return error_set_at(err, SCXTWIN_EINPUT, &(struct error_place){ .file = path },
			    "cannot be written: %s", strerror(errno));
}

/* The own scenario goes beside the schedule; name: as the schedule calls it. */
static int write_scenario(const struct scxtwin_schedule *s, const char *path, char *name, size_t size,
			  struct scxtwin_error *err)
{
	const size_t dir = dir_length(path), len = strlen(path);
	const size_t stem = len > 5 && !strcmp(path + len - 5, ".json") ? len - 5 : len;
	char full[PATH_MAX];
	FILE *file;

	snprintf(full, sizeof(full), "%.*s.scenario.json", (int)stem, path);
	snprintf(name, size, "%s", full + dir);
	file = fopen(full, "w");
	if (!file)
		return fail_to_write(full, err);
	fprintf(file, "%s\n", s->scenario_text);
	return fclose(file) ? fail_to_write(full, err) : 0;
}

int scxtwin_schedule_write(const struct scxtwin_schedule *s, const char *path, struct scxtwin_error *err)
{
	FILE *file = fopen(path, "w");
	char scenario[PATH_MAX], policy[PATH_MAX];
	struct json_writer w;
	int ret = 0;

	if (!file)
		return fail_to_write(path, err);
	if (s->scenario_text)
		ret = write_scenario(s, path, scenario, sizeof(scenario), err);
	else
		relative_path(path, s->scenario, scenario, sizeof(scenario));
	if (ret) {
		fclose(file);
		return ret;
	}
	json_writer_init(&w, file, true);
	jsonw_object(&w);
	jsonw_member_string(&w, "format", FORMAT);
	jsonw_member_u64(&w, "version", VERSION);
	jsonw_member_string(&w, "scxtwin", scxtwin_version());
	jsonw_member_string(&w, "kernel", scxtwin_kernel_version());
	jsonw_member_string(&w, "scenario", scenario);
	jsonw_member_string(&w, "scenario_sha256", s->scenario_hash);
	jsonw_member_string(&w, "policy", is_path(s->policy) ?
			    relative_path(path, s->policy, policy, sizeof(policy)) : s->policy);
	if (s->proposed)
		jsonw_member_string(&w, "proposed", s->proposed);
	write_sets(&w, s);
	write_machine(&w, &s->machine);
	if (s->seed)
		jsonw_member_u64(&w, "seed", s->seed);
	if (s->limit_ns)
		jsonw_member_u64(&w, "limit", s->limit_ns);
	jsonw_member_u64(&w, "from", s->from_ns);
	if (s->step_limit)
		jsonw_member_u64(&w, "step_limit", s->step_limit);
	if (s->no_autogroup)
		jsonw_member_bool(&w, "no_autogroup", true);
	if (s->audit_steps)
		jsonw_member_bool(&w, "audit_steps", true);
	jsonw_member_string(&w, "strategy", s->strategy);
	jsonw_member_u64(&w, "strategy_seed", s->strategy_seed);
	jsonw_member_string(&w, "default", "current, ready, events");
	write_departures(&w, &s->departures);
	jsonw_member_string(&w, "violation", s->violation);
	jsonw_end_object(&w);
	json_writer_end_line(&w);
	ret = json_writer_finish(&w);
	if (fclose(file))
		ret = -EIO;
	return ret ? error_set_at(err, SCXTWIN_EINPUT, &(struct error_place){ .file = path },
				  "could not be written to its end") : 0;
}

/* ---- reading */

static int read_string(struct json_at at, char **text, struct scxtwin_error *err)
{
	const char *s = "";
	int ret = json_get_string(at, &s, err);

	if (ret)
		return ret;
	*text = mem_strdup(s);
	return *text ? 0 : error_no_memory(err);
}

static int read_path(struct json_at at, const char *file, bool always, char **path, struct scxtwin_error *err)
{
	const char *s = "";
	int ret = json_get_string(at, &s, err);

	if (ret)
		return ret;
	*path = always || is_path(s) ? path_beside(file, s) : mem_strdup(s);
	return *path ? 0 : error_no_memory(err);
}

static int read_proposed(struct json_at at, struct scxtwin_schedule *s, struct scxtwin_error *err)
{
	return json_is_there(at) ? read_string(at, &s->proposed, err) : 0;
}

static int read_machine(struct json_at at, struct scxtwin_machine *m, struct scxtwin_error *err)
{
	int ret = json_only(at, err, "cpus", "smt", "cores_per_llc", "nodes", "hz", "tick_phase");

	ret = ret ?: json_get_u32(json_may(at, "cpus"), 1, 4096, &m->cpus, err);
	ret = ret ?: json_get_u32(json_may(at, "smt"), 1, 4096, &m->smt, err);
	ret = ret ?: json_get_u32(json_may(at, "cores_per_llc"), 1, 4096, &m->cores_per_llc, err);
	ret = ret ?: json_get_u32(json_may(at, "nodes"), 1, 4096, &m->nodes, err);
	ret = ret ?: json_get_u32(json_may(at, "hz"), 1, 10000, &m->hz, err);
	return ret ?: json_get_duration(json_may(at, "tick_phase"), DURATION_MAX, &m->tick_phase_ns, err);
}

static int read_sets(struct json_at at, struct scxtwin_schedule *s, struct scxtwin_error *err)
{
	struct json_member_iter it;
	const char *value = "";
	int ret = json_get_object(at, NULL, err);

	it = json_members(at);
	while (!ret && json_next_member(&it)) {
		ret = json_get_string(it.at, &value, err);
		if (!ret && s->sets.nr == MAX_SETS)
			ret = json_fail(it.at, err, "more than %u parameters", MAX_SETS);
		if (!ret && add_set(s, it.key, value))
			ret = error_no_memory(err);
	}
	return ret;
}

static int read_departure(struct json_at at, struct scxtwin_schedule *s, struct scxtwin_error *err)
{
	struct json_at choose = json_need(at, "choose");
	struct departure dep = { .op = 0 };
	u32 cpu = 0, to_cpu = 0;
	int ret = json_only(at, err, "cpu", "op", "at", "choose");

	ret = ret ?: json_only(choose, err, "cpu", "label", "nth");
	ret = ret ?: json_get_u32(json_need(at, "cpu"), 0, 4095, &cpu, err);
	ret = ret ?: json_get_u32(json_need(at, "op"), 0, UINT32_MAX - 1, &dep.op, err);
	ret = ret ?: json_get_string(json_need(at, "at"), &dep.at, err);
	ret = ret ?: json_get_u32(json_need(choose, "cpu"), 0, 4095, &to_cpu, err);
	ret = ret ?: json_get_string(json_need(choose, "label"), &dep.to, err);
	ret = ret ?: json_get_u32(json_may(choose, "nth"), 1, 65535, &dep.to_nth, err);
	if (ret)
		return ret;
	dep.cpu = (u16)cpu;
	dep.to_cpu = (u16)to_cpu;
	return add_departure(s, &dep) ? error_no_memory(err) : 0;
}

static int read_departures(struct json_at at, struct scxtwin_schedule *s, struct scxtwin_error *err)
{
	u32 nr = 0, i;
	int ret = json_get_array(at, 0, MAX_DEPARTURES, &nr, err);

	for (i = 0; i < nr && !ret; i++)
		ret = read_departure(json_element(at, i), s, err);
	return ret;
}

static int read_head(struct json_at root, struct scxtwin_error *err)
{
	static const char *const formats[] = { FORMAT, NULL };
	u32 n = 0;
	int ret = json_get_enum(json_need(root, "format"), formats, &n, err);

	ret = ret ?: json_get_u32(json_need(root, "version"), VERSION, VERSION, &n, err);
	return ret ?: json_only(root, err, "format", "version", "scxtwin", "kernel", "scenario",
				"scenario_sha256", "policy", "proposed", "set", "machine", "seed", "limit", "from",
				"step_limit", "no_autogroup", "audit_steps", "strategy", "strategy_seed",
				"default", "departures", "violation", "note");
}

static int read_schedule(struct json_at root, const char *path, struct scxtwin_schedule *s,
			 struct scxtwin_error *err)
{
	int ret = read_head(root, err);

	ret = ret ?: read_path(json_need(root, "scenario"), path, true, &s->scenario, err);
	ret = ret ?: read_string(json_need(root, "scenario_sha256"), &s->scenario_hash, err);
	ret = ret ?: read_path(json_need(root, "policy"), path, false, &s->policy, err);
	ret = ret ?: read_proposed(json_may(root, "proposed"), s, err);
	ret = ret ?: read_sets(json_need(root, "set"), s, err);
	ret = ret ?: read_machine(json_need(root, "machine"), &s->machine, err);
	ret = ret ?: json_get_u64(json_may(root, "seed"), 1, INT64_MAX, &s->seed, err);
	ret = ret ?: json_get_duration(json_may(root, "limit"), DURATION_MAX, &s->limit_ns, err);
	ret = ret ?: json_get_duration(json_need(root, "from"), DURATION_MAX, &s->from_ns, err);
	ret = ret ?: json_get_u64(json_may(root, "step_limit"), 1, INT64_MAX, &s->step_limit, err);
	ret = ret ?: json_get_bool(json_may(root, "no_autogroup"), &s->no_autogroup, err);
	ret = ret ?: json_get_bool(json_may(root, "audit_steps"), &s->audit_steps, err);
	ret = ret ?: read_string(json_need(root, "strategy"), &s->strategy, err);
	ret = ret ?: json_get_u64(json_may(root, "strategy_seed"), 1, INT64_MAX, &s->strategy_seed, err);
	ret = ret ?: read_departures(json_need(root, "departures"), s, err);
	return ret ?: read_string(json_need(root, "violation"), &s->violation, err);
}

struct scxtwin_schedule *scxtwin_schedule_open(const char *path, struct scxtwin_error *err)
{
	struct scxtwin_schedule *s = mem_zalloc(sizeof(*s));
	struct json_doc doc = { .file = NULL };
	int ret;

	if (!s) {
		error_no_memory(err);
		return NULL;
	}
	ret = json_doc_load_file(&doc, path, err);
	ret = ret ?: read_schedule(json_doc_root(&doc), path, s, err);
	json_doc_free(&doc);
	if (!ret)
		return s;
	scxtwin_schedule_close(s);
	return NULL;
}
