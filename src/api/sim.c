/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Assembly: the public simulation object out of machine, scheduler, port,
 * policy and workload.
 */
#include <scxtwin/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scxtwin/metrics.h>

#include "api/costs.h"
#include "api/internal.h"
#include "api/proposed.h"
#include "base/event_log.h"
#include "base/mem.h"
#include "check/check.h"
#include "ext/internal.h"
#include "policy/policy.h"
#include "sched/sched.h"

#define DEFAULT_SEED 1
#define PROGRESS_STEPS 200

static __thread struct scxtwin_sim *running_sim;

void scxtwin_options_default(struct scxtwin_options *opt)
{
	memset(opt, 0, sizeof(*opt));
}

void sim_fault(struct scxtwin_sim *s, enum scxtwin_errcode code, const char *what, const char *detail)
{
	if (s->fault.code)
		return;
	s->fault.code = code;
	snprintf(s->fault.msg, sizeof(s->fault.msg), "%.100s%.400s", what, detail);
}

static u64 text_hash(const char *text)
{
	u64 h = 0xcbf29ce484222325ULL;

	while (*text)
		h = (h ^ (u8)*text++) * 0x100000001b3ULL;
	return h;
}

static void on_bug(const struct bug_site *site, bool fatal, const char *detail)
{
	struct scxtwin_sim *s = running_sim;
	char text[400];

	snprintf(text, sizeof(text), "%s in %s() (%s:%u)%s%s at %llu ns", site->cond, site->func, site->file,
		 site->line, detail ? ": " : "", detail ? detail : "", (unsigned long long)s->sim.now);
	if (fatal) {
		sim_fault(s, SCXTWIN_EINTERNAL, "internal error: ", text);
		if (machine_running())
			machine_abort(SCXTWIN_EINTERNAL);
		if (s->landing)
			longjmp(*s->landing, 1);
		fprintf(stderr, "scxtwin: internal error: %s\n", text);
		abort();
	}
	s->nr_warnings++;
	event_emit(SCXTWIN_EV_WARN, smp_processor_id(), SCXTWIN_NO_TASK, text_hash(site->cond), 0, 0, 0);
	if (s->opt.keep_going)
		return;
	sim_fault(s, SCXTWIN_EINTERNAL, "the kernel would have warned: ", text);
	machine_stop(SCXTWIN_EINTERNAL);
}

static void on_api_error(const char *kfunc, const struct scx_callback_info *info)
{
	char text[400];

	(void)kfunc;
	snprintf(text, sizeof(text), "%s (CPU %d%s%s); the kernel would have refused the program when it was loaded",
		 scx_api_error_text(), info ? info->cpu : -1,
		 info && info->task ? ", task " : "", info && info->task ? info->task->comm : "");
	sim_fault(running_sim, SCXTWIN_EFAILED, "policy error: ", text);
	machine_abort(SCXTWIN_EFAILED);
}

static void on_printk(const char *text, void *data)
{
	const struct scxtwin_sim *s = data;

	if (s->opt.message)
		s->opt.message(s->sim.now, smp_processor_id(), text, s->opt.message_data);
}

void sim_enter(struct scxtwin_sim *s)
{
	this_sim = &s->sim;
	running_sim = s;
	bug_set_handler(on_bug);
}

static u32 pick(u32 a, u32 b, u32 dflt)
{
	return a ? a : b ? b : dflt;
}

static int make_config(struct scxtwin_sim *s, struct scxtwin_error *err)
{
	const struct scxtwin_machine *o = &s->opt.machine, *w = scxtwin_workload_machine(s->workload);
	struct machine_config *cfg = &s->cfg;

	machine_config_default(cfg);
	cfg->nr_cpus = pick(o->cpus, w->cpus, cfg->nr_cpus);
	cfg->smt = pick(o->smt, w->smt, cfg->smt);
	cfg->cores_per_llc = pick(o->cores_per_llc, w->cores_per_llc, 0);
	cfg->nr_nodes = pick(o->nodes, w->nodes, cfg->nr_nodes);
	cfg->hz = pick(o->hz, w->hz, cfg->hz);
	cfg->tick_phase_ns = o->tick_phase_ns ? o->tick_phase_ns : w->tick_phase_ns;
	cfg->mode = (enum run_mode)s->opt.mode;
	cfg->tick_elision = !s->opt.no_tick_elision;
	cfg->force_suspend = s->opt.force_suspend;
	cfg->step_limit = 0;
	return costs_parse(s->opt.costs, cfg->cost_ns, err);
}

static void header_add(struct scxtwin_sim *s, const char *key, const char *value)
{
	const size_t len = strlen(s->header);

	digest_header(&s->sim.events->digest, key, value);
	snprintf(s->header + len, sizeof(s->header) - len, "%s=%s\n", key, value);
}

static void header_add_u64(struct scxtwin_sim *s, const char *key, u64 value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	header_add(s, key, text);
}

/* Everything the log is a function of; what is not here must not change it. */
static void write_header(struct scxtwin_sim *s)
{
	const struct policy *policy = s->sim.policy;
	char costs[512], proposed[64];

	header_add_u64(s, "format", SCXTWIN_EVENT_VERSION);
	header_add(s, "kernel", scxtwin_kernel_version());
	header_add(s, "costs", costs_text(machine()->cfg.cost_ns, costs, sizeof(costs)));
	header_add_u64(s, "cpus", s->cfg.nr_cpus);
	header_add_u64(s, "smt", s->cfg.smt);
	header_add_u64(s, "cores_per_llc", s->cfg.cores_per_llc);
	header_add_u64(s, "nodes", s->cfg.nr_nodes);
	header_add_u64(s, "hz", s->cfg.hz);
	header_add_u64(s, "tick_phase_ns", s->cfg.tick_phase_ns);
	header_add_u64(s, "seed", s->sim.seed);
	header_add(s, "workload", scxtwin_workload_hash(s->workload));
	header_add(s, "departures", "none");
	header_add(s, "policy", policy->none ? "none" : policy->desc->name);
	header_add(s, "policy_file", policy->file_hash);
	header_add(s, "params", policy->params_text);
	proposed_text(s->sim.proposed, proposed, sizeof(proposed));
	header_add(s, "proposed", proposed[0] ? proposed : "none");
	header_add_u64(s, "autogroup", !s->opt.no_autogroup);
}

static int host_attach(void)
{
	int ret;

	if (this_sim->policy->none)
		return 0;
	ret = policy_attach();
	if (ret) {
		sim_fault(running_sim, SCXTWIN_EFAILED, "the policy's operations table was refused: ", scx_refusal());
		machine_stop(SCXTWIN_EFAILED);
	}
	return ret;
}

static void host_detach(void)
{
	if (scx_loaded())
		scx_disable(SCX_EXIT_UNREG);
}

static const struct workload_host workload_host = { .attach = host_attach, .detach = host_detach };

static void on_lingering(const char *text)
{
	sim_fault(running_sim, SCXTWIN_EFAILED, "", text);
	machine_stop(SCXTWIN_EFAILED);
}

static int assemble(struct scxtwin_sim *s, struct scxtwin_error *err)
{
	int ret = make_config(s, err);

	ret = ret ?: proposed_parse(s->opt.proposed, &s->sim.proposed, err);
	if (ret)
		return ret;
	s->sim.arena = arena_new(s->opt.poison);
	if (!s->sim.arena)
		return SCXTWIN_EINTERNAL;
	s->sim.restorable = s->cfg.mode == RUN_EXPLORED;
	s->sim.events = arena_zalloc(s->sim.arena, sizeof(*s->sim.events));
	if (!s->sim.events)
		return SCXTWIN_EINTERNAL;
	event_log_init(s->sim.events);
	ret = machine_init(&s->cfg, &sched_machine_hooks, err);
	if (ret)
		return ret;
	ret = sched_init(err);
	if (ret)
		return ret;
	core_sched()->autogroup = !s->opt.no_autogroup;
	if (check_install())
		return SCXTWIN_EINTERNAL;
	scx_set_api_error_handler(on_api_error);
	scx_set_printk_handler(on_printk, s);
	ret = policy_open(s->opt.policy ? s->opt.policy : "none", s->opt.sets, s->opt.nr_sets, err);
	if (ret)
		return ret;
	write_header(s);
	s->run = workload_start(s->workload, &workload_host, err);
	if (!s->run)
		return err ? err->code : SCXTWIN_EINPUT;
	if (workload_expects_immed_at_once(s->run))
		check_report_lingering(on_lingering);
	return 0;
}

struct scxtwin_sim *scxtwin_sim_new(const struct scxtwin_options *opt, struct scxtwin_workload *w,
				    struct scxtwin_error *err)
{
	struct scxtwin_sim *s = mem_zalloc(sizeof(*s));
	struct scxtwin_error local;
	int ret;

	if (!err)
		err = &local;
	memset(err, 0, sizeof(*err));
	if (!s) {
		err->code = SCXTWIN_EINTERNAL;
		snprintf(err->msg, sizeof(err->msg), "no memory for a simulation");
		return NULL;
	}
	s->opt = *opt;
	s->workload = w;
	s->sim.seed = opt->seed ? opt->seed : scxtwin_workload_seed(w) ? scxtwin_workload_seed(w) : DEFAULT_SEED;
	sim_enter(s);
	ret = assemble(s, err);
	if (!ret)
		return s;
	if (!err->code) {
		err->code = (enum scxtwin_errcode)ret;
		snprintf(err->msg, sizeof(err->msg), "no memory for the machine");
	}
	scxtwin_sim_free(s);
	return NULL;
}

void scxtwin_sim_observe(struct scxtwin_sim *s, struct scxtwin_observer *obs)
{
	event_log_observe(s->sim.events, obs);
}

u64 sim_limit(const struct scxtwin_sim *s)
{
	const u64 w = scxtwin_workload_limit_ns(s->workload);

	if (s->opt.limit_ns)
		return s->opt.limit_ns;
	return w ? w : UINT64_MAX - 1;
}

/* The slices only give progress a chance to be shown; they decide nothing. */
static enum machine_end run_to_end(struct scxtwin_sim *s, u64 limit)
{
	const bool sliced = s->opt.progress && limit != UINT64_MAX - 1;
	enum machine_end end = MACHINE_END_TIME;
	u32 step;

	if (!sliced)
		return machine_run(limit);
	for (step = 1; step <= PROGRESS_STEPS && end == MACHINE_END_TIME; step++) {
		end = machine_run(limit / PROGRESS_STEPS * step + limit % PROGRESS_STEPS * (step == PROGRESS_STEPS));
		s->opt.progress(step * 1000 / PROGRESS_STEPS, s->sim.now, s->sim.events->count, s->opt.progress_data);
	}
	return end;
}

/* Also before another failure is reported: a state that is wrong tells where that came from. */
static void audit_end(struct scxtwin_sim *s)
{
	const struct scxtwin_error before = s->fault;
	jmp_buf landing;

	s->fault.code = SCXTWIN_OK;
	s->landing = &landing;
	if (!setjmp(landing))
		check_audit();
	s->landing = NULL;
	if (!s->fault.code)
		s->fault = before;
	else if (before.code)
		snprintf(s->fault.msg + strlen(s->fault.msg), sizeof(s->fault.msg) - strlen(s->fault.msg),
			 "; and before: %.200s", before.msg);
}

static void judge_end(struct scxtwin_sim *s, enum machine_end end)
{
	const char *guard = policy_guard_text();

	if (guard[0])
		sim_fault(s, SCXTWIN_EFAILED, "policy error: ", guard);
	if (end == MACHINE_END_DEADLOCK)
		sim_fault(s, SCXTWIN_EINTERNAL, "", machine_deadlock_text());
	if (!s->fault.code && workload_error(s->run, &s->fault) && !s->fault.code)
		sim_fault(s, SCXTWIN_EINTERNAL, "the workload failed without saying why", "");
	if (!machine()->aborted)
		audit_end(s);
	if (s->fault.code)
		s->end = SCXTWIN_END_FAILED;
	else if (workload_done(s->run))
		s->end = SCXTWIN_END_DONE;
	else
		s->end = end == MACHINE_END_TIME ? SCXTWIN_END_LIMIT : SCXTWIN_END_STUCK;
	if (s->end != SCXTWIN_END_FAILED && workload_finish(s->run, &s->fault) &&
	    s->end != SCXTWIN_END_STUCK)
		s->end = SCXTWIN_END_FAILED;
}

static void judge_policy(struct scxtwin_sim *s)
{
	const struct scx_exit_info *ei = scx_last_exit();
	char text[400];

	if (s->fault.code || !ei || ei->kind < SCX_EXIT_ERROR)
		return;
	if (workload_judges_exit(s->run))
		return;
	snprintf(text, sizeof(text), "the scheduler was ejected: %s (%d)%s%.300s; its tasks went on under the fair class",
		 ei->reason ? ei->reason : "", ei->kind, ei->msg && ei->msg[0] ? ": " : "", ei->msg ? ei->msg : "");
	sim_fault(s, SCXTWIN_EFAILED, "", text);
}

int sim_judge(struct scxtwin_sim *s, enum machine_end end, struct scxtwin_error *err)
{
	judge_end(s, end);
	judge_policy(s);
	if (s->fault.code && err)
		*err = s->fault;
	return s->fault.code;
}

int scxtwin_sim_run(struct scxtwin_sim *s, struct scxtwin_error *err)
{
	enum machine_end end;

	sim_enter(s);
	BUG_ON(s->finished);
	s->finished = true;
	check_audit_every(s->opt.audit_every);
	policy_guard_install();
	end = run_to_end(s, sim_limit(s));
	policy_guard_remove();
	return sim_judge(s, end, err);
}

void scxtwin_sim_free(struct scxtwin_sim *s)
{
	if (!s)
		return;
	sim_enter(s);
	if (s->run)
		workload_stop(s->run);
	if (s->sim.policy)
		policy_close();
	if (s->sim.scx)
		scx_destroy();
	if (s->sim.sched)
		sched_destroy();
	machine_destroy();
	if (s->sim.arena)
		arena_free(s->sim.arena);
	bug_set_handler(NULL);
	this_sim = NULL;
	running_sim = NULL;
	free(s);
}

/* ---- results */

void scxtwin_sim_result(const struct scxtwin_sim *cs, struct scxtwin_result *res)
{
	struct scxtwin_sim *s = (struct scxtwin_sim *)cs;
	const struct scx_exit_info *ei;
	u32 cpu;

	sim_enter(s);
	memset(res, 0, sizeof(*res));
	ei = scx_last_exit();
	res->end = s->end;
	res->time_ns = s->sim.now;
	res->nr_events = s->sim.events->count;
	res->nr_cpus = s->cfg.nr_cpus;
	res->time_charged_cpu = -1;
	for (cpu = 0; cpu < s->cfg.nr_cpus; cpu++) {
		res->nr_switches += cpu_rq((int)cpu)->nr_switches;
		if (mcpu((int)cpu)->charged && res->time_charged_cpu < 0)
			res->time_charged_cpu = (s32)cpu;
	}
	res->nr_tasks_born = (u32)core_sched()->nr_born;
	res->nr_tasks_left = workload_nr_left(s->run);
	res->nr_warnings = s->nr_warnings;
	digest_final(&s->sim.events->digest, res->digest);
	snprintf(res->policy, sizeof(res->policy), "%s", s->sim.policy->none ? "none" : s->sim.policy->desc->name);
	proposed_text(s->sim.proposed, res->proposed, sizeof(res->proposed));
	if (ei) {
		res->exit_kind = ei->kind;
		res->exit_code = ei->exit_code;
		snprintf(res->exit_reason, sizeof(res->exit_reason), "%s", ei->reason ? ei->reason : "");
		snprintf(res->exit_msg, sizeof(res->exit_msg), "%s", ei->msg ? ei->msg : "");
		res->exit_dump = ei->dump && ei->dump[0] ? ei->dump : NULL;
	}
	scx_read_events(&res->scx_events);
}

bool scxtwin_sim_task_left(const struct scxtwin_sim *s, u32 n, char *text, size_t size)
{
	sim_enter((struct scxtwin_sim *)s);
	return workload_task_left(s->run, n, text, size);
}

u32 scxtwin_sim_cpu_core(const struct scxtwin_sim *s, u32 cpu)
{
	return s->sim.machine->topo[cpu].core;
}

u32 scxtwin_sim_cpu_llc(const struct scxtwin_sim *s, u32 cpu)
{
	return s->sim.machine->topo[cpu].llc;
}

u32 scxtwin_sim_cpu_node(const struct scxtwin_sim *s, u32 cpu)
{
	return s->sim.machine->topo[cpu].node;
}

const char *scxtwin_sim_header(const struct scxtwin_sim *s)
{
	return s->header;
}

static const struct task_core *task_of(const struct scxtwin_sim *s, s32 pid)
{
	sim_enter((struct scxtwin_sim *)s);
	return pid > 0 ? find_task_by_pid(pid) : NULL;
}

u32 scxtwin_sim_task_group(const struct scxtwin_sim *s, s32 pid)
{
	const struct task_core *t = task_of(s, pid);

	return t ? t->group : pid < 0 ? UINT32_MAX : 0;
}

const u64 *scxtwin_sim_task_cpus(const struct scxtwin_sim *s, s32 pid)
{
	const struct task_core *t = task_of(s, pid);

	return t ? t->task.cpus_ptr->bits : NULL;
}

u32 scxtwin_sim_task_weight(const struct scxtwin_sim *s, s32 pid)
{
	const struct task_core *t = task_of(s, pid);

	return t ? scx_task_weight(&t->task) : 0;
}

const char *scxtwin_version(void)
{
	return SCXTWIN_VERSION;
}

const char *scxtwin_kernel_version(void)
{
	return "7.3";
}
