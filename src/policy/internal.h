/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Shared inside the room.
 *
 *   registry.c  names to policies, opening and closing
 *   params.c    --set name=value
 *   so.c        policies in shared objects
 *   so_needs.c  what a shared object takes from its host
 *   attach.c    handing the table to the port
 *   guard.c     fatal signals and failed assertions in a policy's code
 *   segments.c  what a shared object may change; restore.c: putting it back
 *   tsan.c      run time for policies that tell of their own loads and stores
 *   steps.c     those as steps of explored mode; spin.c: loops that wait
 *   own.c       what is the policy's own memory; symbols.c: names in it
 *   the rest    one built-in policy each, see builtin.h
 */
#ifndef POLICY_INTERNAL_H
#define POLICY_INTERNAL_H

#include "policy/policy.h"

struct strbuf;

/* Appends "a, b, c", the one that wrong may be meant to be in front. */
void policy_list_names(struct strbuf *sb, const char *wrong, const char *const *names);

/* Defaults, then sets; fills pol->params_text. pol->desc and pol->state are there. */
int policy_set_params(struct policy *pol, const struct scxtwin_set *sets, u32 nr_sets,
		      struct scxtwin_error *err);

/* What a policy is told that calls this kfunc where it is not offered; NULL: it is. */
const char *policy_unmet_need(const char *kfunc, char *buf, size_t size);
/* Calls fn for each symbol that the shared object takes from its host, until fn says true; weak ones excepted. */
bool policy_so_needs(void *dl, bool (*fn)(const char *symbol, void *data), void *data);

/* Loads a private copy of the file: sets desc, dl, fd, file_hash. */
int policy_so_open(struct policy *pol, const char *path, struct scxtwin_error *err);
void policy_so_close(struct policy *pol);
uintptr_t policy_so_base(void *dl);
/* Calls fn for each page that a loaded object may write, in order; not 0 ends it. -ENOENT: not loaded. */
int policy_so_each_writable(void *dl, int (*fn)(void *at, size_t size, void *data), void *data);

#endif /* POLICY_INTERNAL_H */
