/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies for the rooms above: find by name or file, set parameters, hand the
 * operations table to the port.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include <scxtwin/policy.h>
#include <scxtwin/sim.h>

/* this_sim->policy */
struct policy {
	const struct scxtwin_policy *desc;
	struct sched_ext_ops ops;	/* private copy, after setup() */
	void *state;			/* state_size bytes, zeroed, freed by policy_close() */
	void *dl;			/* handle of a shared object, NULL for built-ins */
	int fd;				/* the private copy that dl was loaded from, -1 for built-ins */
	bool none;			/* no sched_ext: the fair class */
	char params_text[1024];		/* "name=value,..." in table order, for the digest's header */
	struct own_memory *own;		/* of an object compiled to tell of its loads and stores, else NULL */
	char file_hash[65];		/* shared objects: SHA-256 of the file, else "" */
};

/*
 * Finds, copies, sets and sets up; this_sim->arena must exist. Errors say what
 * names or parameters there are. Does not load it into the port.
 */
int policy_open(const char *spec, const struct scxtwin_set *sets, u32 nr_sets,
		struct scxtwin_error *err);
void policy_close(void);
/*
 * The policy's own bytes, to be put back any number of times: its state block
 * and, of a shared object, its writable data. The simulation must be restorable.
 */
struct policy_copy;
struct policy_copy *policy_save(struct scxtwin_error *err);
void policy_restore(const struct policy_copy *copy);
/* The policy's own bytes differ from those saved; large state blocks: always true. */
bool policy_has_changed(const struct policy_copy *copy);
/*
 * The same, from those at the last call or restore. Of a policy that tells of its
 * loads and stores: only what it did not tell of, large state blocks left out.
 */
bool policy_has_written(struct policy_copy *copy);
void policy_copy_free(struct policy_copy *copy);
/* The state block of a policy: zeroed; NULL if no memory. */
void *policy_state_alloc(size_t size);
void policy_state_free(void *state, size_t size);

/* The policy tells of its own loads and stores: they are steps of explored mode. */
static inline bool policy_tells_of_steps(const struct policy *pol)
{
	return pol->own;
}

/* obj is a word of a policy that tells of its steps. */
bool policy_has_told_of(const void *obj);

/*
 * A loop of the policy that reads the same again and again waits until somebody
 * writes that. Nobody is left who could: lets one such loop go on, which ends it or
 * is the policy's failure. False: none waits.
 */
bool policy_insist(void);
/* Loops that waited so and then ended by themselves, since the last restore. */
u32 policy_nr_misjudged(void);

/* Load into the port; service context only. 0 or the negative errno of scx_enable(). */
int policy_attach(void);

/*
 * Fatal signals inside a policy's code become the policy's failure. Installed
 * for the calling thread around machine_run(); the text says callback, task, CPU.
 */
void policy_guard_install(void);
void policy_guard_remove(void);
/* What the guard caught, "" if nothing. */
const char *policy_guard_text(void);
void policy_guard_forget(void);
/* Ends the run: a callback of the policy has failed by itself. The text goes on "in ops.enqueue(), ...". */
void policy_fail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif /* POLICY_POLICY_H */
