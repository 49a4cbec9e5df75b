/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy that was compiled to tell of its own loads and stores: which memory
 * is its own, what the words in it are called, and what was said of them.
 */
#ifndef POLICY_OWN_H
#define POLICY_OWN_H

#include "base/idmap.h"
#include "base/vec.h"

struct policy;
struct scxtwin_error;

struct own_range {
	uintptr_t start, end;
	const char *name;	/* of what has no symbol in there */
};

/* Objects of the symbol table, by address. */
struct own_symbol {
	uintptr_t start, end;
	char *name;
};

/* Bytes that the present step said it would write. */
struct own_write {
	uintptr_t start, end;
};

#define OWN_WRITES 4

#define SPIN_READS	16	/* different ones of a loop that can be told to wait */
#define SPINNERS	16	/* contexts inside the policy at once, as far as they are looked at */

struct spin_read {
	const void *addr, *pc;
	size_t size;
	u64 value;
};

/* What a context has read since it last did anything else. */
struct spin {
	struct ctx *ctx;	/* NULL: not in use */
	u32 ctx_id;
	const void *last_obj;	/* of the step that the context's last read was */
	u32 nr, at, rounds;	/* reads[at] comes next if it goes round once more */
	bool waits;
	u32 patience;		/* reads left to a loop that nobody can end, 0: it was not asked to go on */
	struct spin_read reads[SPIN_READS];
};

struct own_memory {
	VEC(struct own_range) ranges;
	VEC(struct own_symbol) symbols;
	struct idmap labels;	/* by address; they live as long as the policy */
	struct own_write writes[OWN_WRITES];
	u32 nr_writes;
	struct spin spins[SPINNERS];
	u32 nr_misjudged;	/* loops that were made to go on */
};

/* Of pol, whose shared object and state block are there. 0 or a code, with err. */
int own_memory_open(struct policy *pol, struct scxtwin_error *err);
void own_memory_close(struct own_memory *own);
/* All that belongs to an execution. */
void own_memory_forget(struct own_memory *own);
bool own_memory_has(const struct own_memory *own, const void *addr);
/* "queue+0x10": the same in every run of the same file. */
const char *own_memory_label(struct own_memory *own, const void *addr);
/* A step writes these bytes; it can tell of OWN_WRITES such. */
void own_memory_note_write(struct own_memory *own, const void *addr, size_t size);

/* Symbols that name variables in the file of a shared object loaded at base. 0 or -ENOMEM. */
int own_symbols_read(struct own_memory *own, int fd, uintptr_t base);

/* The current context reads; obj is what the step declared. Comes back when that may lead on. */
void spin_read(struct own_memory *own, const void *addr, size_t size, const void *pc, const void *obj);
/* It is about to write: no loop that waits, and those of others that wait for it go on. */
void spin_write(struct own_memory *own, const void *addr, size_t size);
/* Before any access: what the context did since its last one was more than reading. */
void spin_passes_by(struct own_memory *own);
/* It is in a loop that was let go on: no step of others comes in between. */
bool spin_is_patient(struct own_memory *own);
/* A loop that nobody else can end goes on without other CPUs stepping in. */
bool spin_insists(struct own_memory *own);

#endif /* POLICY_OWN_H */
