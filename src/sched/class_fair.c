/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fair class: earliest eligible virtual deadline first, the baseline that
 * policies are compared with.
 *
 * A task's virtual time runs at 1024 / weight of the time that it has the CPU.
 * The average of all runnable tasks' virtual times, weighted, is the point V at
 * which everybody has had its share; lag is V less the own virtual time. A task
 * with lag >= 0 is eligible. It asks for FAIR_SLICE_NS at a time, and its
 * virtual deadline is where its virtual time will be once it has had that. Of
 * the eligible tasks the one with the earliest deadline runs. It keeps the CPU
 * until its request is served, which is noticed at a tick, or until somebody is
 * woken when it is not eligible any more. Lag is kept over sleep and migration,
 * up to a slice and a tick.
 *
 * Everything is a function of time, not of how often update_curr_fair() is
 * called: what a division leaves over is carried on, requests follow each other
 * without gap, and V is exact. So a tick that comes before first_tick_fair()
 * changes nothing.
 *
 * Departures from the kernel: no groups, no delayed dequeue, one slice length.
 */
#include "base/rbtree_augmented.h"
#include "sched/account.h"
#include "sched/balance.h"
#include "sched/fair.h"

#define NICE_0_WEIGHT	1024

__extension__ typedef __int128 s128;

#define entity_of(node) rb_entry((node), struct sched_entity, run_node)

static struct sched_entity *se_of(struct task_struct *p)
{
	return &core_of(p)->se;
}

static struct task_struct *task_of(struct sched_entity *se)
{
	return &container_of(se, struct task_core, se)->task;
}

static bool idle_policy(const struct task_struct *p)
{
	return p->policy == SCHED_IDLE;
}

static u32 weight_of(const struct task_struct *p)
{
	if (idle_policy(p))
		return WEIGHT_IDLEPRIO;
	BUG_ON(p->static_prio < NICE_TO_PRIO(MIN_NICE) || p->static_prio > NICE_TO_PRIO(MAX_NICE));
	return sched_prio_to_weight[PRIO_TO_NICE(p->static_prio) - MIN_NICE];
}

/* The running entity if it counts as runnable. */
static struct sched_entity *queued_curr(struct cfs_rq *cfs)
{
	return cfs->curr && se_of(cfs->curr)->on_rq ? se_of(cfs->curr) : NULL;
}

/* Virtual time may wrap: only differences mean something. */
static bool vtime_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

static u64 to_virtual(u64 ns, const struct sched_entity *se)
{
	BUG_ON(!se->weight);
	return ns * NICE_0_WEIGHT / se->weight;
}

/* Weighted distance from the reference point cfs->min_vruntime. */
static s64 weighted_key(const struct cfs_rq *cfs, const struct sched_entity *se)
{
	s64 product;

	BUG_ON(__builtin_mul_overflow((s64)(se->vruntime - cfs->min_vruntime), (s64)se->weight,
				      &product));
	return product;
}

/* Of all runnable entities, the running one included. */
struct fair_sum {
	s64 weighted_keys;
	u64 load;
};

static struct fair_sum sum_of(struct cfs_rq *cfs)
{
	const struct sched_entity *curr = queued_curr(cfs);
	struct fair_sum sum = { cfs->avg_vruntime, cfs->avg_load };

	if (curr) {
		BUG_ON(__builtin_add_overflow(sum.weighted_keys, weighted_key(cfs, curr),
					      &sum.weighted_keys));
		sum.load += curr->weight;
	}
	BUG_ON(sum.load != cfs->load);
	return sum;
}

/* Rounded down, so that the result is the same for every reference point. */
u64 avg_vruntime(struct cfs_rq *cfs)
{
	const struct fair_sum sum = sum_of(cfs);
	s64 average;

	if (!sum.load)
		return cfs->min_vruntime;
	average = sum.weighted_keys / (s64)sum.load;
	if (sum.weighted_keys < 0 && sum.weighted_keys % (s64)sum.load)
		average--;
	return cfs->min_vruntime + (u64)average;
}

s64 fair_lag(struct cfs_rq *cfs, struct task_struct *p)
{
	BUG_ON(!se_of(p)->on_rq);
	return (s64)(avg_vruntime(cfs) - se_of(p)->vruntime);
}

/* Moves the reference point to the average, to keep keys small; decides nothing. */
static void recentre(struct cfs_rq *cfs)
{
	const s64 step = (s64)(avg_vruntime(cfs) - cfs->min_vruntime);
	s64 product;

	BUG_ON(__builtin_mul_overflow(step, (s64)cfs->avg_load, &product));
	cfs->avg_vruntime -= product;
	cfs->min_vruntime += (u64)step;
}

/* vruntime <= V, without the rounding of V. */
static bool eligible(const struct cfs_rq *cfs, const struct fair_sum *sum, u64 vruntime)
{
	return (s128)(s64)(vruntime - cfs->min_vruntime) * sum->load <= sum->weighted_keys;
}

static bool deadline_less(const struct rb_node *a, const struct rb_node *b)
{
	return vtime_before(entity_of(a)->deadline, entity_of(b)->deadline);
}

static void note_min(struct sched_entity *se, const struct rb_node *child)
{
	if (child && vtime_before(entity_of(child)->min_vruntime, se->min_vruntime))
		se->min_vruntime = entity_of(child)->min_vruntime;
}

static void summarize(struct rb_node *node)
{
	struct sched_entity *se = entity_of(node);

	se->min_vruntime = se->vruntime;
	note_min(se, node->left);
	note_min(se, node->right);
}

static void insert_waiting(struct cfs_rq *cfs, struct sched_entity *se)
{
	BUG_ON(!vtime_before(se->vruntime, se->deadline));
	cfs->avg_vruntime += weighted_key(cfs, se);
	cfs->avg_load += se->weight;
	rb_add_augmented(&se->run_node, &cfs->tasks, deadline_less, summarize);
}

static void remove_waiting(struct cfs_rq *cfs, struct sched_entity *se)
{
	BUG_ON(cfs->avg_load < se->weight);
	rb_erase_augmented(&se->run_node, &cfs->tasks, summarize);
	cfs->avg_vruntime -= weighted_key(cfs, se);
	cfs->avg_load -= se->weight;
}

/*
 * The waiting entity with the earliest deadline among the eligible ones: to the
 * left wherever that side has one, else here, else to the right.
 */
static struct sched_entity *earliest_eligible(struct cfs_rq *cfs, const struct fair_sum *sum)
{
	struct rb_node *node = cfs->tasks.node;

	while (node) {
		if (node->left && eligible(cfs, sum, entity_of(node->left)->min_vruntime))
			node = node->left;
		else if (eligible(cfs, sum, entity_of(node)->vruntime))
			return entity_of(node);
		else
			node = node->right;
	}
	return NULL;
}

/* The request that se got the CPU for is not served yet. */
static bool protected(const struct sched_entity *se)
{
	return vtime_before(se->vruntime, se->protect_until);
}

static struct sched_entity *pick_eevdf(struct cfs_rq *cfs)
{
	const struct fair_sum sum = sum_of(cfs);
	struct sched_entity *curr = queued_curr(cfs), *best;

	if (curr && !eligible(cfs, &sum, curr->vruntime))
		curr = NULL;
	if (curr && protected(curr))
		return curr;
	best = earliest_eligible(cfs, &sum);
	if (!best || (curr && vtime_before(curr->deadline, best->deadline)))
		best = curr;
	/* The least of the virtual times is never above their average. */
	BUG_ON(cfs->nr_running && !best);
	return best;
}

static void charge(struct sched_entity *se, u64 delta_ns)
{
	const u64 total = delta_ns * NICE_0_WEIGHT + se->vruntime_rem;

	BUG_ON(delta_ns > UINT64_MAX / NICE_0_WEIGHT - 1);
	se->vruntime += total / se->weight;
	se->vruntime_rem = (u32)(total % se->weight);
}

/* Requests follow each other: the deadline is that of the first one not served yet. */
static void next_request(struct sched_entity *se)
{
	const u64 length = to_virtual(se->slice, se);

	BUG_ON(!length);
	if (!vtime_before(se->vruntime, se->deadline))
		se->deadline += ((se->vruntime - se->deadline) / length + 1) * length;
	BUG_ON(!vtime_before(se->vruntime, se->deadline));
}

static void update_curr_fair(struct rq *rq)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *curr;
	u64 delta_ns;

	lockdep_assert_rq_held(rq);
	if (!cfs->curr)
		return;
	delta_ns = account_exec(rq, cfs->curr);
	curr = queued_curr(cfs);
	if (!curr || !delta_ns)
		return;
	charge(curr, delta_ns);
	next_request(curr);
}

/* Lag and what is left of a request are worth the same service at the new weight. */
static void set_weight(struct sched_entity *se, u32 weight)
{
	const u32 old = se->weight;

	BUG_ON(se->on_rq || !weight);
	if (old == weight)
		return;
	se->weight = weight;
	if (!old)
		return;
	se->vlag = se->vlag * (s64)old / (s64)weight;
	se->vruntime_rem = (u32)((u64)se->vruntime_rem * weight / old);
	if (se->rel_deadline) {
		se->deadline = se->deadline * old / weight;
		if (!se->deadline)
			se->deadline = 1;
	}
}

/*
 * Joins at the lag that se left with. Its own weight pulls V towards it, so the
 * distance is made larger by as much as joining takes away.
 */
static void place_entity(struct cfs_rq *cfs, struct sched_entity *se, int flags)
{
	const u64 vslice = to_virtual(se->slice, se);
	s64 lag = 0;

	recentre(cfs);
	if (cfs->load)
		lag = (s64)((s128)se->vlag * (s64)(cfs->load + se->weight) / (s64)cfs->load);
	se->vruntime = cfs->min_vruntime - (u64)lag;
	if (se->rel_deadline) {
		se->deadline += se->vruntime;
		se->rel_deadline = false;
		return;
	}
	/* A newcomer gets half a request, to begin soon. */
	se->deadline = se->vruntime + (flags & ENQUEUE_INITIAL ? vslice / 2 : vslice);
}

/* Called with V as it is while se still counts. */
static void keep_lag(struct cfs_rq *cfs, struct sched_entity *se)
{
	const s64 limit = (s64)to_virtual(se->slice + machine()->tick_ns, se);
	const s64 lag = (s64)(cfs->min_vruntime - se->vruntime);

	se->vlag = lag > limit ? limit : lag < -limit ? -limit : lag;
}

static void set_nr_running(struct rq *rq, u32 nr)
{
	struct cfs_rq *cfs = &rq->cfs;

	if (nr == 2 && cfs->nr_running == 1)
		cfs->next_balance = rq_clock_task(rq) + FAIR_BALANCE_NS;
	WRITE_ONCE(cfs->nr_running, nr);
	fair_mark_overload(rq);
}

static void enqueue_task_fair(struct rq *rq, struct task_struct *p, int flags)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *se = se_of(p);

	lockdep_assert_rq_held(rq);
	BUG_ON(se->on_rq || cfs->curr == p);

	update_curr_fair(rq);
	se->slice = FAIR_SLICE_NS;
	set_weight(se, weight_of(p));
	place_entity(cfs, se, flags);
	se->on_rq = true;
	cfs->load += se->weight;
	insert_waiting(cfs, se);
	set_nr_running(rq, cfs->nr_running + 1);
	add_nr_running(rq, 1);
	if (cfs->curr && task_current(rq, cfs->curr))
		tick_reconsider(rq);
}

static bool dequeue_task_fair(struct rq *rq, struct task_struct *p, int flags)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *se = se_of(p);

	lockdep_assert_rq_held(rq);
	BUG_ON(!se->on_rq || !cfs->nr_running || cfs->load < se->weight);

	update_curr_fair(rq);
	recentre(cfs);
	keep_lag(cfs, se);
	if (!(flags & DEQUEUE_SLEEP)) {
		se->deadline -= se->vruntime;
		se->rel_deadline = true;
	}
	if (cfs->curr != p)
		remove_waiting(cfs, se);
	se->on_rq = false;
	cfs->load -= se->weight;
	set_nr_running(rq, cfs->nr_running - 1);
	sub_nr_running(rq, 1);
	return true;
}

/* Takes the rest of the request as served; who is behind its share just waits longer. */
static void yield_task_fair(struct rq *rq)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *se = se_of(rq->curr);
	struct fair_sum sum;

	BUG_ON(cfs->curr != rq->curr || !se->on_rq);
	update_curr_fair(rq);
	if (cfs->nr_running == 1)
		return;
	sum = sum_of(cfs);
	if (eligible(cfs, &sum, se->vruntime)) {
		se->vruntime = se->deadline;
		se->vruntime_rem = 0;
	}
	se->protect_until = se->vruntime;
	se->deadline += to_virtual(se->slice, se);
	tick_reconsider(rq);
}

static bool yield_to_task_fair(struct rq *rq, struct task_struct *p)
{
	if (!se_of(p)->on_rq)
		return false;
	yield_task_fair(rq);
	return true;
}

static void wakeup_preempt_fair(struct rq *rq, struct task_struct *p, int flags)
{
	struct cfs_rq *cfs = &rq->cfs;

	(void)flags;
	lockdep_assert_rq_held(rq);
	/* The hook of next_class is also told of higher classes: CORE-23. */
	if (p->sched_class != &fair_sched_class || !queued_curr(cfs) || cfs->curr == p ||
	    rq->curr->need_resched)
		return;
	update_curr_fair(rq);
	if (idle_policy(cfs->curr) && !idle_policy(p)) {
		se_of(cfs->curr)->protect_until = se_of(cfs->curr)->vruntime;
		resched_curr(rq);
		return;
	}
	if (idle_policy(p) || p->policy == SCHED_BATCH)
		return;
	if (pick_eevdf(cfs) == se_of(p))
		resched_curr(rq);
}

static struct task_struct *pick_task_fair(struct rq *rq)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *se;

	lockdep_assert_rq_held(rq);
	if (!cfs->nr_running)
		return NULL;
	update_curr_fair(rq);
	se = pick_eevdf(cfs);
	/* No set_next_task() follows for who runs already: CORE-09. */
	if (se == queued_curr(cfs))
		se->protect_until = se->deadline;
	return task_of(se);
}

static void put_prev_task_fair(struct rq *rq, struct task_struct *p, struct task_struct *next)
{
	struct cfs_rq *cfs = &rq->cfs;

	(void)next;
	BUG_ON(cfs->curr != p);

	update_curr_fair(rq);
	cfs->curr = NULL;
	if (se_of(p)->on_rq)
		insert_waiting(cfs, se_of(p));
}

static void set_next_task_fair(struct rq *rq, struct task_struct *p, bool first)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct sched_entity *se = se_of(p);

	(void)first;
	BUG_ON(cfs->curr);

	if (se->on_rq)
		remove_waiting(cfs, se);
	cfs->curr = p;
	account_start(rq, p);
	se->protect_until = se->deadline;
	if (task_current(rq, p))
		tick_reconsider(rq);
}

static void task_tick_fair(struct rq *rq, struct task_struct *p)
{
	struct cfs_rq *cfs = &rq->cfs;

	lockdep_assert_rq_held(rq);
	BUG_ON(cfs->curr != p);
	update_curr_fair(rq);
	if (cfs->nr_running < 2)
		return;
	if (!protected(se_of(p)))
		resched_curr(rq);
	if (rq_clock_task(rq) < cfs->next_balance)
		return;
	cfs->next_balance = rq_clock_task(rq) + FAIR_BALANCE_NS;
	fair_push(rq);
}

/* The instant at which p, running on, will have had what it got the CPU for. */
static u64 end_of_request(const struct task_struct *p)
{
	const struct sched_entity *se = &core_of(p)->se;
	u64 missing;

	if (!protected(se))
		return p->exec_start;
	missing = (se->protect_until - se->vruntime) * se->weight;
	BUG_ON(missing <= se->vruntime_rem);
	return p->exec_start + (missing - se->vruntime_rem + NICE_0_WEIGHT - 1) / NICE_0_WEIGHT;
}

/* Alone, a task ends its requests unseen and there is nothing to push away. */
static u64 first_tick_fair(struct rq *rq, struct task_struct *p)
{
	struct cfs_rq *cfs = &rq->cfs;
	u64 end;

	if (cfs->curr != p || !queued_curr(cfs) || cfs->nr_running < 2)
		return UINT64_MAX;
	end = end_of_request(p);
	return end < cfs->next_balance ? end : cfs->next_balance;
}

static void reweight_task_fair(struct rq *rq, struct task_struct *p)
{
	lockdep_assert_rq_held(rq);
	set_weight(se_of(p), weight_of(p));
}

/* Who comes back after a time in another class begins anew. */
static void switched_from_fair(struct rq *rq, struct task_struct *p)
{
	struct sched_entity *se = se_of(p);

	lockdep_assert_rq_held(rq);
	BUG_ON(se->on_rq || rq->cfs.curr == p);
	se->vlag = 0;
	se->rel_deadline = false;
}

static void prio_changed_fair(struct rq *rq, struct task_struct *p, int old_prio)
{
	lockdep_assert_rq_held(rq);
	if (!task_on_rq_queued(p) || p->prio == old_prio || rq->cfs.nr_running == 1)
		return;
	if (!task_current(rq, p))
		wakeup_preempt(rq, p, 0);
	else if (p->prio > old_prio)
		resched_curr(rq);
}

const struct sched_class fair_sched_class = {
	.name = "fair",
	.rank = 2,
	.enqueue_task = enqueue_task_fair,
	.dequeue_task = dequeue_task_fair,
	.yield_task = yield_task_fair,
	.yield_to_task = yield_to_task_fair,
	.wakeup_preempt = wakeup_preempt_fair,
	.balance = balance_fair,
	.pick_task = pick_task_fair,
	.put_prev_task = put_prev_task_fair,
	.set_next_task = set_next_task_fair,
	.select_task_rq = select_task_rq_fair,
	.task_tick = task_tick_fair,
	.update_curr = update_curr_fair,
	.switched_from = switched_from_fair,
	.reweight_task = reweight_task_fair,
	.prio_changed = prio_changed_fair,
	.first_tick = first_tick_fair,
};
