/* SPDX-License-Identifier: GPL-2.0-only */
#include "support/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "check/check.h"
#include "machine/chooser.h"
#include "machine/restore.h"

#define FOREVER_NS	(1000000 * NSEC_PER_SEC)
#define MAX_EXPECTED	8
#define MAX_HOLDS	16
#define MAX_TEXT	16384
#define SERVICE_PATIENCE 1000	/* microseconds that an outside call may take */

struct lab_hold {
	struct lab_point point;
	bool armed;
	struct ctx *ctx;	/* who stands there */
};

struct expected {
	const char *text;
	bool fatal, came;
};

struct record {
	struct scxtwin_event ev;
	bool seen;
};

struct lab {
	struct sim sim;
	struct event_log log;
	struct scxtwin_observer obs;
	struct chooser chooser;
	struct mevent clock;		/* a run goes on to its time though nothing happens */
	int from;
	struct record *rec;
	u32 nr_rec, rec_size;
	struct scx_event_stats base;	/* counters at lab_forget() */
	struct expected expected[MAX_EXPECTED];
	u32 nr_expected;
	struct lab_hold holds[MAX_HOLDS];
	u32 nr_holds;
	const struct scx_exit_info *accepted_exit;
	u32 nr_outside;			/* calls that have not ended */
	bool pending;			/* things only begin: lab_begin() */
	char names[1024];		/* lab_queue() */
};

static struct lab *lab;

#define FAIL(...) proves_fail(__FILE__, __LINE__, __VA_ARGS__)

/* ---- what must not come */

static void on_bug(const struct bug_site *site, bool fatal, const char *detail)
{
	u32 i;

	for (i = 0; i < lab->nr_expected; i++) {
		struct expected *e = &lab->expected[i];

		if (e->fatal == fatal && (strstr(site->cond, e->text) || strstr(detail, e->text))) {
			e->came = true;
			break;
		}
	}
	if (i == lab->nr_expected)
		FAIL("%s in %s() (%s:%u): %s %s", fatal ? "BUG" : "WARN", site->func, site->file,
		     (unsigned int)site->line, site->cond, detail);
	if (!fatal)
		return;
	if (machine_running())
		machine_abort(SCXTWIN_EINTERNAL);
	abort();
}

static void expect(const char *text, bool fatal)
{
	BUG_ON(lab->nr_expected == MAX_EXPECTED);
	lab->expected[lab->nr_expected++] = (struct expected){ .text = text, .fatal = fatal };
}

void lab_expect_warn(const char *text)
{
	expect(text, false);
}

void lab_expect_bug(const char *text)
{
	expect(text, true);
}

static void on_api_error(const char *kfunc, const struct scx_callback_info *info)
{
	FAIL("%s() must not be called from ops.%s()", kfunc, info ? info->op : "(none)");
	machine_abort(SCXTWIN_EFAILED);
}

bool lab_exited(enum scx_exit_kind kind, const char *text)
{
	const struct scx_exit_info *ei = scx_last_exit();

	if (!ei || ei->kind != kind || !strstr(ei->msg, text)) {
		print_error("expected exit %d \"%s\", got %d \"%s\"\n", kind, text,
			    ei ? (int)ei->kind : -1, ei ? ei->msg : "");
		return false;
	}
	lab->accepted_exit = ei;
	return true;
}

/* ---- the machine */

static void note_event(struct scxtwin_observer *obs, const struct scxtwin_event *ev)
{
	(void)obs;
	if (ev->kind != SCXTWIN_EV_OPS && ev->kind != SCXTWIN_EV_SCX_COUNT && ev->kind != SCXTWIN_EV_KFUNC)
		return;
	if (lab->nr_rec == lab->rec_size) {
		lab->rec_size = lab->rec_size ? 2 * lab->rec_size : 1024;
		lab->rec = realloc(lab->rec, lab->rec_size * sizeof(*lab->rec));
		BUG_ON(!lab->rec);
	}
	lab->rec[lab->nr_rec++] = (struct record){ .ev = *ev };
}

static void tear_down(void)
{
	if (this_sim && this_sim->scx)
		scx_destroy();
	if (this_sim && this_sim->sched)
		sched_destroy();
	machine_destroy();
	arena_free(lab->sim.arena);
	this_sim = NULL;
	bug_set_handler(NULL);
	free(lab->rec);
	free(lab);
	lab = NULL;
}

static void clock_strikes(struct mevent *ev)
{
	(void)ev;
}

static u32 follow_holds(struct chooser *c, const struct choice *choices, u32 nr);

static void chooser_nothing(struct chooser *c)
{
	(void)c;
}

void __lab_start(const struct lab_cfg *cfg)
{
	struct machine_config m;

	if (lab)
		tear_down(); /* a lab_stop() that failed left it behind */
	lab = calloc(1, sizeof(*lab));
	assert_non_null(lab);
	machine_config_default(&m);
	m.nr_cpus = cfg->cpus ? cfg->cpus : 2;
	m.smt = cfg->smt ? cfg->smt : m.smt;
	m.nr_nodes = cfg->nodes ? cfg->nodes : m.nr_nodes;
	m.cores_per_llc = cfg->cores_per_llc;
	m.hz = cfg->hz ? cfg->hz : m.hz;
	m.mode = cfg->mode;
	m.force_suspend = cfg->force_suspend;
	m.step_limit = 0;

	bug_set_handler(on_bug);
	this_sim = &lab->sim;
	this_sim->arena = arena_new(0xa5);
	assert_non_null(this_sim->arena);
	this_sim->restorable = cfg->mode == RUN_EXPLORED;
	event_log_init(&lab->log);
	this_sim->events = &lab->log;
	lab->obs.event = note_event;
	event_log_observe(&lab->log, &lab->obs);
	assert_int_equal(machine_init(&m, &sched_machine_hooks, NULL), 0);
	assert_int_equal(sched_init(NULL), 0);
	core_sched()->autogroup = cfg->autogroup;
	scx_set_api_error_handler(on_api_error);
	lab->chooser = (struct chooser){ .choose = follow_holds, .begin = chooser_nothing,
					 .end = chooser_nothing, .asks_always = true };
	machine()->chooser = &lab->chooser;
	mevent_init(&lab->clock, RANK_WAKE, 0, clock_strikes, "clock");
	if (cfg->ops)
		lab_load(cfg->ops);
}

const char *lab_wrong(void)
{
	static char text[1200];
	const struct scx_exit_info *ei = scx_last_exit();
	u32 i;

	for (i = 0; i < lab->nr_expected; i++) {
		if (!lab->expected[i].came) {
			snprintf(text, sizeof(text), "did not come: %s \"%s\"",
				 lab->expected[i].fatal ? "BUG" : "WARN", lab->expected[i].text);
			return text;
		}
	}
	if (ei && ei != lab->accepted_exit && ei->kind >= SCX_EXIT_ERROR) {
		snprintf(text, sizeof(text), "the policy was ejected (%d): %s", (int)ei->kind, ei->msg);
		return text;
	}
	return NULL;
}

static bool anybody_held(void)
{
	u32 i;

	for (i = 0; i < lab->nr_holds; i++)
		if (lab->holds[i].ctx)
			return true;
	return false;
}

int lab_stop(void **state)
{
	const char *left;

	(void)state;
	if (!lab)
		return 0;
	left = proves_failure();
	if (!left)
		left = lab_wrong();
	if (!machine()->aborted && !machine()->stop && !anybody_held())
		check_audit();
	if (left)
		print_error("%s\n", left);
	tear_down();
	return left ? -1 : 0;
}

static void run_until(u64 until)
{
	enum machine_end end;

	if (machine()->aborted)
		FAIL("the simulation ended with a BUG");
	end = machine_run(until);
	proves_settle();
	if (end != MACHINE_END_DEADLOCK)
		return;
	/* Somebody who waits for a held one is what holds are for. */
	if (!anybody_held())
		FAIL("%s", machine_deadlock_text());
	machine()->deadlock[0] = '\0';
}

void lab_run(u64 ns)
{
	const u64 until = this_sim->now + ns;

	BUG_ON(lab->pending);
	mevent_arm(&lab->clock, until);
	run_until(until);
	mevent_disarm(&lab->clock);
}

void lab_settle(void)
{
	if (!lab->pending)
		run_until(this_sim->now);
}

void lab_begin(void)
{
	lab->pending = true;
}

void lab_began(void)
{
	lab->pending = false;
}

/* ---- the outside */

struct outside {
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

static void run_outside(void *arg)
{
	struct outside *o = arg;

	o->fn(o->arg);
	o->done = true;
	lab->nr_outside--;
}

void lab_from(int cpu)
{
	lab->from = cpu;
}

/* arg must live as long as the call, so small ones are kept in the arena. */
static void *keep(const void *what, size_t size)
{
	void *kept = arena_zalloc(this_sim->arena, size);

	BUG_ON(!kept);
	memcpy(kept, what, size);
	return kept;
}

void lab_outside(void (*fn)(void *arg), void *arg)
{
	const struct outside call = { .fn = fn, .arg = arg };
	struct outside *o = keep(&call, sizeof(call));
	u32 i;

	lab->nr_outside++;
	ctx_spawn_service(lab->from, "outside", run_outside, o);
	lab_settle();
	/* It may wait for something that takes time. */
	for (i = 0; !o->done && !anybody_held() && !lab->pending; i++) {
		if (i == SERVICE_PATIENCE)
			FAIL("a call from outside did not end");
		lab_run(NSEC_PER_USEC);
	}
}

struct request {
	struct task_struct *p;
	s64 value;
	u32 policy;
};

#define OUTSIDE(fn, ...)								\
	do {										\
		const struct request __req = { __VA_ARGS__ };				\
		lab_outside((fn), keep(&__req, sizeof(__req)));				\
	} while (0)

static void do_wake(void *arg)
{
	const struct request *req = arg;

	try_to_wake_up(req->p, TASK_NORMAL, (int)req->value);
}

void lab_wake_flags(struct task_struct *p, int wake_flags)
{
	OUTSIDE(do_wake, .p = p, .value = wake_flags);
}

void lab_wake(struct task_struct *p)
{
	lab_wake_flags(p, 0);
}

static void do_set_nice(void *arg)
{
	const struct request *req = arg;

	set_user_nice(req->p, (int)req->value);
}

void lab_set_nice(struct task_struct *p, int nice)
{
	OUTSIDE(do_set_nice, .p = p, .value = nice);
}

static const struct cpumask *mask_of(u64 cpus)
{
	struct cpumask *m = cpumask_alloc_array(1);

	BUG_ON(!m || nr_cpu_ids() > 64);
	m->bits[0] = cpus;
	return cpumask_intern(m);
}

static void do_set_cpus(void *arg)
{
	const struct request *req = arg;

	set_cpus_allowed(req->p, mask_of((u64)req->value));
}

void lab_set_cpus(struct task_struct *p, u64 cpus)
{
	OUTSIDE(do_set_cpus, .p = p, .value = (s64)cpus);
}

static bool policy_is_rt(u32 policy)
{
	return policy == SCHED_FIFO || policy == SCHED_RR;
}

static void do_set_policy(void *arg)
{
	const struct request *req = arg;
	const struct sched_attr attr = {
		.policy = req->policy,
		.nice = PRIO_TO_NICE(req->p->static_prio),
		.rt_priority = policy_is_rt(req->policy) ? (u32)req->value : 0,
	};

	if (sched_setscheduler(req->p, &attr))
		FAIL("policy %u was refused for %s", req->policy, req->p->comm);
}

void lab_set_policy(struct task_struct *p, u32 policy, int rt_priority)
{
	OUTSIDE(do_set_policy, .p = p, .value = rt_priority, .policy = policy);
}

static void do_kick(void *arg)
{
	const struct request *req = arg;

	scx_bpf_kick_cpu((s32)req->policy, (u64)req->value);
}

void lab_kick(int cpu, u64 flags)
{
	OUTSIDE(do_kick, .policy = (u32)cpu, .value = (s64)flags);
}

static void do_offline(void *arg)
{
	const struct request *req = arg;

	if (sched_cpu_down((int)req->value))
		FAIL("CPU %d did not go down", (int)req->value);
}

void lab_offline(int cpu)
{
	OUTSIDE(do_offline, .value = cpu);
}

static void do_online(void *arg)
{
	const struct request *req = arg;

	if (sched_cpu_up((int)req->value))
		FAIL("CPU %d did not come up", (int)req->value);
}

void lab_online(int cpu)
{
	OUTSIDE(do_online, .value = cpu);
}

static void do_bypass(void *arg)
{
	const struct request *req = arg;

	scx_bypass(scx_root, req->value);
}

void lab_bypass(bool on)
{
	OUTSIDE(do_bypass, .value = on);
}

struct locked_call {
	struct task_struct *p;
	void (*fn)(struct rq *rq, struct task_struct *p);
};

static void do_locked(void *arg)
{
	const struct locked_call *call = arg;
	struct rq_flags rf;
	struct rq *rq = task_rq_lock(call->p, &rf);

	update_rq_clock(rq);
	call->fn(rq, call->p);
	task_rq_unlock(rq, call->p, &rf);
}

void lab_locked(struct task_struct *p, void (*fn)(struct rq *rq, struct task_struct *p))
{
	const struct locked_call call = { .p = p, .fn = fn };

	lab_outside(do_locked, keep(&call, sizeof(call)));
}

/* ---- the policy */

struct load {
	const struct sched_ext_ops *ops;
	int ret;
};

static void do_load(void *arg)
{
	struct load *load = arg;

	load->ret = scx_enable(load->ops);
}

int lab_try_load(const struct sched_ext_ops *ops)
{
	const struct load init = { .ops = ops, .ret = -1 };
	struct load *load = keep(&init, sizeof(init));

	lab_outside(do_load, load);
	return load->ret;
}

void lab_load(const struct sched_ext_ops *ops)
{
	const int ret = lab_try_load(ops);

	if (ret)
		FAIL("scx_enable() returned %d", ret);
	lab_forget();
}

static void do_unload(void *arg)
{
	(void)arg;
	scx_disable(SCX_EXIT_UNREG);
}

void lab_unload(void)
{
	lab_outside(do_unload, NULL);
}

/* ---- tasks */

struct program {
	struct lab_step steps[LAB_MAX_STEPS];
	u32 nr, at;
	bool repeat;
	struct lab_step orders[LAB_MAX_STEPS];	/* come before the steps */
	u32 nr_orders, orders_done;
};

static const struct lab_step *next_step(struct program *prog)
{
	static const struct lab_step run_on = RUN(FOREVER_NS);

	if (prog->orders_done < prog->nr_orders)
		return &prog->orders[prog->orders_done++];
	prog->nr_orders = prog->orders_done = 0;
	if (prog->at == prog->nr) {
		if (!prog->repeat || !prog->nr)
			return &run_on;
		prog->at = 0;
	}
	return &prog->steps[prog->at++];
}

static void call_step(struct task_core *t, void *arg)
{
	const struct lab_step *step = arg;

	(void)t;
	step->fn(step->arg);
}

static enum user_action user_next(struct task_core *t)
{
	const struct lab_step *step = next_step(t->program);

	switch (step->kind) {
	case LAB_RUN:
		t->burst_ns = step->ns;
		return USER_RUN;
	case LAB_BLOCK:
		WRITE_ONCE(t->task.__state, TASK_INTERRUPTIBLE);
		return USER_BLOCK;
	case LAB_YIELD:
		return USER_YIELD;
	case LAB_EXIT:
		return USER_EXIT;
	case LAB_DO:
		step->fn(step->arg);
		return USER_AGAIN;
	case LAB_CALL:
		t->call = call_step;
		t->call_arg = (void *)step;
		return USER_CALL;
	case LAB_END:
		break;
	}
	BUG();
}

static const struct user_ops user_ops = { .next = user_next };

static void add_order(struct program *prog, struct lab_step step)
{
	BUG_ON(prog->nr_orders == LAB_MAX_STEPS);
	prog->orders[prog->nr_orders++] = step;
}

/* Its burst ends now, so that the next thing it does is the order. */
static void order(struct task_struct *p, struct lab_step step)
{
	struct task_core *t = core_of(p);
	struct rq *rq = task_rq(p);

	add_order(t->program, step);
	if (rq->curr == p && rq->burst_running) {
		t->burst_ns = this_sim->now - rq->burst_since;
		mevent_arm(&rq->burst, this_sim->now);
	} else {
		t->burst_ns = 0;
	}
	lab_settle();
}

void lab_block(struct task_struct *p)
{
	order(p, (struct lab_step)BLOCK);
}

void lab_yield(struct task_struct *p)
{
	order(p, (struct lab_step)YIELD);
}

void lab_exit(struct task_struct *p)
{
	order(p, (struct lab_step)EXIT);
}

void lab_do(struct task_struct *p, void (*fn)(void *arg), void *arg)
{
	order(p, (struct lab_step)DO(fn, arg));
}

void lab_call(struct task_struct *p, void (*fn)(void *arg), void *arg)
{
	order(p, (struct lab_step)CALL(fn, arg));
}

bool lab_gone(const struct task_struct *p)
{
	const struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		if (&t->task == p)
			return false;
	return true;
}

struct task_struct *lab_find(const char *name)
{
	struct task_core *t;

	list_for_each_entry(t, &core_sched()->tasks, all_node)
		if (strcmp(t->task.comm, name) == 0)
			return &t->task;
	return NULL;
}

struct birth {
	struct task_birth birth;
	struct sched_attr attr;
	struct task_core *task;
};

static void give_birth(void *arg)
{
	struct birth *b = arg;
	int err;

	b->birth.attr = &b->attr;
	b->task = sched_fork_and_wake(&b->birth, &err);
}

static struct program *make_program(const struct lab_task_cfg *cfg)
{
	struct program *prog = arena_zalloc(this_sim->arena, sizeof(*prog));
	const struct lab_step *step;

	BUG_ON(!prog);
	prog->repeat = cfg->repeat;
	for (step = cfg->steps; step && step->kind != LAB_END; step++) {
		BUG_ON(prog->nr == LAB_MAX_STEPS);
		prog->steps[prog->nr++] = *step;
	}
	if (!cfg->awake)
		add_order(prog, (struct lab_step)BLOCK);
	return prog;
}

struct task_struct *__lab_task(const char *name, const struct lab_task_cfg *cfg)
{
	const struct birth init = {
		.birth = { .comm = name, .flags = cfg->flags, .uops = &user_ops,
			   .program = make_program(cfg) },
		.attr = { .policy = cfg->policy, .nice = cfg->nice,
			  .rt_priority = !policy_is_rt(cfg->policy) ? 0 :
					 cfg->rt_priority ? cfg->rt_priority : 50 },
	};
	struct birth *b = keep(&init, sizeof(init));
	const int from = lab->from;

	if (!cfg->awake)
		b->birth.cpus = cpumask_of(cfg->cpu);
	else if (cfg->cpus)
		b->birth.cpus = mask_of(cfg->cpus);
	else
		b->birth.cpus = cpu_possible_mask();
	lab->from = cfg->cpu;
	lab_outside(give_birth, b);
	lab->from = from;
	if (cfg->awake)
		return b->task ? &b->task->task : NULL;
	if (!b->task || b->task->task.on_rq || b->task->task.cpu != cfg->cpu)
		FAIL("%s did not come to sleep on CPU %d: load the policy after making its tasks", name, cfg->cpu);
	if (cfg->cpus != 1ULL << cfg->cpu)
		lab_set_cpus(&b->task->task, cfg->cpus ? cfg->cpus : cpu_possible_mask()->bits[0]);
	lab_forget();
	return &b->task->task;
}

/* ---- the record */

static const char *name_of(s32 pid)
{
	const struct task_core *t = pid > 0 ? find_task_by_pid(pid) : NULL;

	return t ? t->task.comm : pid > 0 ? "gone" : "-";
}

/* How the numbers of an op are written: x hexadecimal, d decimal, t a task. */
static const char *const op_format[SCXTWIN_NR_OPS] = {
	[SCXTWIN_OP_select_cpu] = "dx", [SCXTWIN_OP_enqueue] = "x", [SCXTWIN_OP_dequeue] = "x",
	[SCXTWIN_OP_dispatch] = "dt", [SCXTWIN_OP_runnable] = "x", [SCXTWIN_OP_stopping] = "d",
	[SCXTWIN_OP_quiescent] = "x", [SCXTWIN_OP_yield] = "t", [SCXTWIN_OP_set_weight] = "d",
	[SCXTWIN_OP_set_cpumask] = "d", [SCXTWIN_OP_update_idle] = "dd", [SCXTWIN_OP_cpu_acquire] = "d",
	[SCXTWIN_OP_cpu_release] = "dd", [SCXTWIN_OP_init_task] = "d", [SCXTWIN_OP_exit_task] = "d",
	[SCXTWIN_OP_cpu_online] = "d", [SCXTWIN_OP_cpu_offline] = "d", [SCXTWIN_OP_exit] = "dd",
};

static const char *const counter_names[SCX_NR_EVENTS] = {
#define X(name) [SCX_EV_##name] = #name,
	SCX_EVENTS(X)
#undef X
};

struct text {
	char s[MAX_TEXT];
	size_t len;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->len += (size_t)vsnprintf(t->s + t->len, sizeof(t->s) - t->len, fmt, args);
	va_end(args);
	BUG_ON(t->len >= sizeof(t->s));
}

static void add_numbers(struct text *t, const struct scxtwin_event *ev)
{
	const u64 args[] = { ev->b, ev->c, ev->d };
	const char *f = op_format[ev->a];
	size_t i;

	if (!f)
		return;
	for (i = 0; f[i]; i++) {
		add(t, "%s", i ? "," : "(");
		if (f[i] == 'x')
			add(t, "0x%llx", (unsigned long long)args[i]);
		else if (f[i] == 'd')
			add(t, "%lld", (long long)args[i]);
		else
			add(t, "%s", name_of((s32)args[i]));
	}
	add(t, ")");
}

/* "p:enqueue(0x9)@1"; the name only if asked for. */
static void add_event(struct text *t, const struct scxtwin_event *ev, bool with_name)
{
	if (with_name && ev->task != SCXTWIN_NO_TASK)
		add(t, "%s:", name_of(ev->task));
	if (ev->kind == SCXTWIN_EV_SCX_COUNT) {
		add(t, "+%s", counter_names[ev->a]);
	} else if (ev->kind == SCXTWIN_EV_KFUNC) {
		add(t, ".%s", scxtwin_kfunc_name(ev->a));
	} else {
		add(t, "%s", scxtwin_op_name(ev->a));
		add_numbers(t, ev);
	}
	add(t, "@%u", ev->cpu);
}

/* A word of the expectation may leave out numbers, CPU, or both. */
static bool word_matches(const char *word, const char *event)
{
	const size_t name = strcspn(event, "(@"), numbers = strcspn(event, "@");

	if (strcspn(word, "(@") != name || strncmp(word, event, name))
		return false;
	word += name;
	if (*word == '(') {
		if (strcspn(word, "@") != numbers - name || strncmp(word, event + name, numbers - name))
			return false;
		word += numbers - name;
	}
	return !*word || strcmp(word, event + numbers) == 0;
}

static bool words_match(char *const *words, u32 nr_words, char *const *events, u32 nr_events)
{
	u32 i;

	if (!nr_words)
		return !nr_events;
	if (strcmp(words[0], "...") == 0) {
		for (i = 0; i <= nr_events; i++)
			if (words_match(words + 1, nr_words - 1, events + i, nr_events - i))
				return true;
		return false;
	}
	return nr_events && word_matches(words[0], events[0]) &&
	       words_match(words + 1, nr_words - 1, events + 1, nr_events - 1);
}

static u32 split(char *text, char **words, u32 max)
{
	char *save = NULL, *word;
	u32 nr = 0;

	for (word = strtok_r(text, " \n\t", &save); word; word = strtok_r(NULL, " \n\t", &save)) {
		BUG_ON(nr == max);
		words[nr++] = word;
	}
	return nr;
}

static void say_difference(const struct task_struct *p, const char *expected, const char *got)
{
	const char *name = p ? p->comm : "", *space = p ? " " : "";

	print_error("%s%sexpected: %s\n%s%s     got: %s\n", name, space, expected, name, space, got);
}

/* Those of the record that were not asked for before; with forget never again. */
static bool compare(struct task_struct *p, const char *expected, bool all_kinds, bool forget)
{
	static struct text got, want, shown;
	static char *words[1024], *events[1024];
	u32 i, nr_words, nr_events;

	got.len = want.len = 0;
	got.s[0] = want.s[0] = '\0';
	for (i = 0; i < lab->nr_rec; i++) {
		struct record *r = &lab->rec[i];

		if (r->seen || (p && r->ev.task != p->pid) || (!all_kinds && r->ev.kind != SCXTWIN_EV_OPS))
			continue;
		r->seen = forget;
		add_event(&got, &r->ev, !p);
		add(&got, " ");
	}
	shown = got;
	add(&want, "%s", expected);
	nr_words = split(want.s, words, 1024);
	nr_events = split(got.s, events, 1024);
	if (words_match(words, nr_words, events, nr_events))
		return true;
	if (forget)
		say_difference(p, expected, shown.s);
	return false;
}

bool lab_called(struct task_struct *p, const char *expected)
{
	return compare(p, expected, false, true);
}

bool lab_happened(struct task_struct *p, const char *expected)
{
	return compare(p, expected, true, true);
}

bool lab_saw(struct task_struct *p, const char *expected)
{
	return compare(p, expected, false, false);
}

void lab_forget(void)
{
	lab->nr_rec = 0;
	scx_read_events(&lab->base);
}

s64 lab_count(enum scx_event_id id)
{
	struct scx_event_stats now;

	scx_read_events(&now);
	return now.count[id] - lab->base.count[id];
}

/* ---- copies */

struct lab_copy {
	struct lab lab;
	struct machine_copy *machine;
};

struct lab_copy *lab_save(void)
{
	struct lab_copy *copy = calloc(1, sizeof(*copy));

	BUG_ON(!copy);
	copy->machine = machine_save();
	BUG_ON(!copy->machine);
	copy->lab = *lab;
	return copy;
}

void lab_restore(const struct lab_copy *copy)
{
	struct record *rec = lab->rec;
	const u32 rec_size = lab->rec_size;

	machine_restore(copy->machine);
	*lab = copy->lab;
	lab->rec = rec; /* what was added since lies behind nr_rec */
	lab->rec_size = rec_size;
}

void lab_copy_free(struct lab_copy *copy)
{
	if (!copy)
		return;
	machine_copy_free(copy->machine);
	free(copy);
}

/* ---- holds */

bool lab_point_is(const struct lab_point *pt, const struct choice *step)
{
	return (pt->cpu == step->cpu || pt->cpu == LAB_ANY_CPU) && (!pt->obj || pt->obj == step->obj) &&
	       (!pt->kinds || pt->kinds & LAB_KIND(step->kind)) && strstr(step->label, pt->label);
}

static void stand(struct lab_hold *h)
{
	h->armed = false;
	h->ctx = current_ctx();
	while (h->ctx) /* an interrupt may wake us in between */
		ctx_suspend(h, "release");
}

static u32 follow_holds(struct chooser *c, const struct choice *choices, u32 nr)
{
	static const char *const kinds[] = { "read", "write", "rmw", "lock", "trylock", "unlock",
					     "await", "call", "irq" };
	const struct choice step = choices[0];
	u32 i;

	(void)c;
	BUG_ON(!nr);
	if (!step.current)
		return 0;
	if (getenv("LAB_TRACE"))
		print_message("  cpu %u %-8s %-7s %s\n", step.cpu, step.context->name, kinds[step.kind], step.label);
	for (i = 0; i < lab->nr_holds; i++) {
		struct lab_hold *h = &lab->holds[i];

		if (!h->armed || !lab_point_is(&h->point, &step))
			continue;
		if (h->point.skip) {
			h->point.skip--;
			continue;
		}
		stand(h);
		machine()->choices[0] = step; /* others have chosen meanwhile */
		break;
	}
	return 0;
}

struct lab_hold *__lab_hold(const struct lab_point *point)
{
	struct lab_hold *h = &lab->holds[lab->nr_holds++];

	BUG_ON(lab->nr_holds > MAX_HOLDS || machine()->cfg.mode != RUN_EXPLORED);
	*h = (struct lab_hold){ .point = *point, .armed = true };
	return h;
}

bool lab_held(const struct lab_hold *hold)
{
	return hold->ctx;
}

void lab_release(struct lab_hold *hold)
{
	struct ctx *ctx = hold->ctx;

	hold->armed = false;
	hold->ctx = NULL;
	if (ctx)
		ctx_wake(ctx);
	lab_settle();
}

bool lab_waits(int cpu, const char *label)
{
	const struct ctx *ctx;

	list_for_each_entry(ctx, &machine()->waiters, node)
		if (ctx->cpu == cpu && strstr(ctx->wait_label, label))
			return true;
	return false;
}

/* ---- small looks */

const char *lab_queue(struct scx_dispatch_q *dsq)
{
	const struct scx_dsq_list_node *lnode;
	size_t len = 0;

	lab->names[0] = '\0';
	list_for_each_entry(lnode, &dsq->list, node) {
		if (lnode->flags & SCX_DSQ_LNODE_ITER_CURSOR)
			continue;
		len += (size_t)snprintf(lab->names + len, sizeof(lab->names) - len, "%s%s", len ? " " : "",
					container_of(lnode, struct task_struct, scx.dsq_list)->comm);
	}
	return lab->names;
}

struct scx_dispatch_q *lab_user_dsq(u64 id)
{
	return find_user_dsq(scx_root, id);
}
