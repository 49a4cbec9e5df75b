/* SPDX-License-Identifier: GPL-2.0-only */
/* Work conservation; definition in conservation.c. */
#ifndef REPORT_CONSERVATION_H
#define REPORT_CONSERVATION_H

#include <scxtwin/metrics.h>

struct affinity_class;

struct conservation {
	u32 nr_cpus, nr_words;
	u64 *idle;			/* CPUs that are online and idle */
	struct affinity_class **classes; /* by number; 0: every CPU; NULL: number is free */
	u32 nr_classes, class_words;	/* numbers handed out; room in words of class bits */
	u32 first_free;			/* no number below it is free */
	struct affinity_class *by_mask;	/* hash table of the restricted ones */
	u64 *member;			/* per CPU: restricted classes that contain it */
	u64 *active;			/* restricted classes with waiting tasks */
	u64 nr_violating;		/* classes with both idle CPUs and waiting tasks */
	u64 nr_pairs;			/* sum over classes of min(idle, waiting) */
	u64 last_ns;
	bool was_violated;		/* in the stretch that ended at last_ns */
	u64 stretch_ns;
	struct scxtwin_conservation result;
	bool no_memory;
};

/* 0 or -1 (no memory). All CPUs are idle at time 0. */
int conservation_init(struct conservation *c, u32 nr_cpus);
void conservation_free(struct conservation *c);
/* Accounts the stretch up to now; first of all at every transition. */
void conservation_advance(struct conservation *c, u64 now);
void conservation_cpu(struct conservation *c, u32 cpu, bool idle);
void conservation_wait(struct conservation *c, u32 affinity, bool begin);
/*
 * Number of the class of a mask (NULL: every CPU), with one more user. Falls back
 * to the class of every CPU, with no_memory set, if there is none.
 */
u32 conservation_class_get(struct conservation *c, const u64 *mask);
/* One user less; it has no waiting task in the class. */
void conservation_class_put(struct conservation *c, u32 affinity);
/* Ends the last stretch. */
void conservation_finish(struct conservation *c, u64 now);

#endif /* REPORT_CONSERVATION_H */
