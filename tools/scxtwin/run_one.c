/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "run.h"

#define PROGRESS_INTERVAL_MS	100
#define MAX_TASKS_LISTED	10
#define SECOND_POISON		0xa5

static const char verb[] = "run";
static bool progress_shown;

void progress_clear(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

static u64 real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

static void show_progress(u32 permille, u64 time_ns, u64 nr_events, void *data)
{
	static u64 shown_at;
	const struct run_policy *policy = data;
	const u64 now = real_ms();

	if (now - shown_at < PROGRESS_INTERVAL_MS)
		return;
	shown_at = now;
	progress_shown = true;
	fprintf(stderr, "\r%s: %3u.%u %%, %" PRIu64 ".%03" PRIu64 " s simulated, %" PRIu64 " events\033[K",
		policy->label, permille / 10, permille % 10, time_ns / 1000000000,
		time_ns / 1000000 % 1000, nr_events);
}

static void show_message(u64 time_ns, int cpu, const char *text, void *data)
{
	const size_t len = strlen(text);

	(void)data;
	progress_clear();
	fprintf(stderr, "[%5" PRIu64 ".%09" PRIu64 "] CPU %d: %.*s\n", time_ns / 1000000000,
		time_ns % 1000000000, cpu, (int)(len && text[len - 1] == '\n' ? len - 1 : len), text);
}

/* poison 0: the default. */
static struct scxtwin_sim *new_sim(const struct run_settings *s, const struct run_policy *policy,
				   struct scxtwin_workload *w, u8 poison, struct scxtwin_error *err)
{
	struct scxtwin_options opt;

	scxtwin_options_default(&opt);
	opt.policy = policy->spec;
	opt.sets = policy->sets;
	opt.nr_sets = policy->nr_sets;
	opt.mode = (enum scxtwin_mode)s->mode;
	opt.costs = s->costs;
	opt.proposed = s->proposed;
	opt.machine = s->machine;
	opt.seed = s->seed;
	opt.limit_ns = s->limit_ns;
	opt.audit_every = s->audit_every;
	opt.no_tick_elision = s->no_tick_elision;
	opt.force_suspend = s->force_suspend;
	opt.keep_going = s->keep_going;
	if (poison)
		opt.poison = poison;
	if (!s->quiet)
		opt.message = show_message;
	if (!s->quiet && isatty(STDERR_FILENO)) {
		opt.progress = show_progress;
		opt.progress_data = (void *)policy;
	}
	return scxtwin_sim_new(&opt, w, err);
}

static const char *exit_kind_name(enum scx_exit_kind kind)
{
	static const struct {
		enum scx_exit_kind kind;
		const char *name;
	} names[] = {
		{ SCX_EXIT_NONE, "SCX_EXIT_NONE" },
		{ SCX_EXIT_DONE, "SCX_EXIT_DONE" },
		{ SCX_EXIT_UNREG, "SCX_EXIT_UNREG" },
		{ SCX_EXIT_UNREG_BPF, "SCX_EXIT_UNREG_BPF" },
		{ SCX_EXIT_UNREG_KERN, "SCX_EXIT_UNREG_KERN" },
		{ SCX_EXIT_SYSRQ, "SCX_EXIT_SYSRQ" },
		{ SCX_EXIT_ERROR, "SCX_EXIT_ERROR" },
		{ SCX_EXIT_ERROR_BPF, "SCX_EXIT_ERROR_BPF" },
		{ SCX_EXIT_ERROR_STALL, "SCX_EXIT_ERROR_STALL" },
		{ SCX_EXIT_ERROR_REENQ, "SCX_EXIT_ERROR_REENQ" },
	};
	u32 i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].kind == kind)
			return names[i].name;
	return "unknown kind";
}

static void tell_exit(const struct run_settings *s, const struct run_policy *policy,
		      const struct scxtwin_result *r)
{
	if (r->exit_kind == SCX_EXIT_NONE)
		return;
	say(verb, "policy %s was ejected: %s (%d), %s%s%s", policy->label,
	    exit_kind_name(r->exit_kind), (int)r->exit_kind, r->exit_reason,
	    r->exit_msg[0] ? ": " : "", r->exit_msg);
	if (r->exit_code)
		say(verb, "exit code 0x%" PRIx64, (u64)r->exit_code);
	say(verb, "the tasks went on under the fair class");
	if (s->dump && r->exit_dump)
		fprintf(stderr, "%s\n", r->exit_dump);
}

static void tell_end(const struct scxtwin_sim *sim, const struct scxtwin_result *r)
{
	char text[256];
	u32 i;

	if (r->time_charged_cpu >= 0)
		say(verb, "CPU %d scheduled more than 1000 times at one instant (a kick, a yield or a preemption without end?); "
		    "each further pass was charged 1us", r->time_charged_cpu);
	if (!r->nr_tasks_left || r->end == SCXTWIN_END_DONE)
		return;
	if (r->end == SCXTWIN_END_LIMIT)
		say(verb, "the limit was reached with %u tasks left", r->nr_tasks_left);
	else if (r->end == SCXTWIN_END_STUCK)
		say(verb, "nothing can happen any more, and %u tasks are left:", r->nr_tasks_left);
	else
		return;
	for (i = 0; r->end == SCXTWIN_END_STUCK && i < MAX_TASKS_LISTED; i++)
		if (scxtwin_sim_task_left(sim, i, text, sizeof(text)))
			fprintf(stderr, "  %s\n", text);
}

/* The error of a run that failed by the ejection only says again what tell_exit() says. */
static bool repeats_exit(const struct scxtwin_error *err, const struct scxtwin_result *r)
{
	return r->exit_kind >= SCX_EXIT_ERROR && r->exit_msg[0] && strstr(err->msg, r->exit_msg);
}

static void worsen(int *status, int other)
{
	if (other > *status)
		*status = other;
}

/* What is attached to a run besides the metrics. */
struct writers {
	struct scxtwin_log *log;
	struct scxtwin_perfetto *perfetto;
};

static int open_writers(const struct run_settings *s, struct scxtwin_sim *sim, struct writers *wr,
			struct scxtwin_error *err)
{
	if (s->log) {
		wr->log = scxtwin_log_open(sim, s->log, err);
		if (!wr->log)
			return err->code;
	}
	if (s->perfetto) {
		wr->perfetto = scxtwin_perfetto_open(sim, s->perfetto, err);
		if (!wr->perfetto)
			return err->code;
	}
	return 0;
}

static int close_writers(struct writers *wr, const struct scxtwin_result *r)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	int status = 0;

	if (wr->log && scxtwin_log_close(wr->log, r, &err)) {
		say_error(verb, &err);
		worsen(&status, status_of(err.code));
	}
	if (wr->perfetto && scxtwin_perfetto_close(wr->perfetto, &err)) {
		say_error(verb, &err);
		worsen(&status, status_of(err.code));
	}
	return status;
}

void run_one(const struct run_settings *s, const struct run_policy *policy,
	     struct scxtwin_workload *w, struct run_outcome *out)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct writers wr = { .log = NULL };
	struct scxtwin_sim *sim;
	int ret = 0;

	*out = (struct run_outcome){ .status = 0 };
	sim = new_sim(s, policy, w, 0, &err);
	if (!sim) {
		say_error(verb, &err);
		out->status = status_of(err.code);
		return;
	}
	if (!s->digest) {
		out->metrics = scxtwin_metrics_new(sim, w, &err);
		if (!out->metrics)
			ret = err.code;
	}
	if (!ret)
		ret = open_writers(s, sim, &wr, &err);
	if (!ret) {
		out->ran = true;
		ret = scxtwin_sim_run(sim, &err);
		progress_clear();
	}
	scxtwin_sim_result(sim, &out->result);
	if (ret && !repeats_exit(&err, &out->result))
		say_error(verb, &err);
	out->status = status_of(ret);
	worsen(&out->status, close_writers(&wr, &out->result));
	if (out->ran) {
		tell_exit(s, policy, &out->result);
		tell_end(sim, &out->result);
	}
	if (out->ran && out->metrics) {
		out->report = scxtwin_metrics_finish(out->metrics, out->result.time_ns, &err);
		if (!out->report) {
			say_error(verb, &err);
			worsen(&out->status, status_of(err.code));
		}
	}
	out->result.exit_dump = NULL;
	scxtwin_sim_free(sim);
}

/* One more run that only tracks its events, and its digest. 0 or an exit status. */
static int run_tracked(const struct run_settings *s, const struct run_policy *policy,
		       struct scxtwin_workload *w, u8 poison, struct track *t, char *digest)
{
	struct scxtwin_error err = { .code = SCXTWIN_OK };
	struct scxtwin_result result;
	struct scxtwin_sim *sim = new_sim(s, policy, w, poison, &err);

	if (!sim) {
		say_error(verb, &err);
		return status_of(err.code);
	}
	scxtwin_sim_observe(sim, &t->observer);
	/* What goes wrong in it went wrong before, and was said then. */
	scxtwin_sim_run(sim, NULL);
	progress_clear();
	scxtwin_sim_result(sim, &result);
	memcpy(digest, result.digest, sizeof(result.digest));
	scxtwin_sim_free(sim);
	return 0;
}

/* Both runs, keeping events from keep_from on. */
static int run_pair(const struct run_settings *s, const struct run_policy *policy,
		    struct scxtwin_workload *w, u64 keep_from, struct track *t,
		    char digest[2][65])
{
	int status;

	track_begin(&t[0], keep_from);
	track_begin(&t[1], keep_from);
	status = run_tracked(s, policy, w, 0, &t[0], digest[0]);
	if (!status)
		status = run_tracked(s, policy, w, SECOND_POISON, &t[1], digest[1]);
	if (!status && (t[0].no_memory || t[1].no_memory)) {
		say(verb, "no memory to compare the two runs");
		status = status_of(SCXTWIN_EINTERNAL);
	}
	return status;
}

static void free_pair(struct track *t)
{
	track_free(&t[0]);
	track_free(&t[1]);
}

int run_check_determinism(const struct run_settings *s, const struct run_policy *policy,
			  struct scxtwin_workload *w)
{
	struct track t[2];
	char digest[2][65], text[1000];
	u64 batch;
	int status = run_pair(s, policy, w, UINT64_MAX, t, digest);

	if (status || (track_same(&t[0], &t[1]) && !strcmp(digest[0], digest[1])))
		goto out;
	status = status_of(SCXTWIN_EINTERNAL);
	if (track_same(&t[0], &t[1])) {
		say(verb, "policy %s: the events are the same, the digests %s and %s are not",
		    policy->label, digest[0], digest[1]);
		goto out;
	}
	batch = track_first_different_batch(&t[0], &t[1]);
	free_pair(t);
	if (run_pair(s, policy, w, batch, t, digest))
		goto out;
	if (!track_describe_difference(&t[0], &t[1], text, sizeof(text)))
		snprintf(text, sizeof(text),
			 "an event from %" PRIu64 " on, and not the same ones each time", batch);
	say(verb, "policy %s: two runs differ: %s", policy->label, text);
out:
	free_pair(t);
	return status;
}
