/* SPDX-License-Identifier: GPL-2.0-only */
#include "api/internal.h"

#include "base/error.h"
#include "base/mem.h"
#include "machine/restore.h"
#include <stdlib.h>

#include "policy/policy.h"

struct sim_copy {
	struct scxtwin_sim s;	/* what is a result of the run; the rest does not change */
	struct machine_copy *machine;
	struct policy_copy *policy;
};

struct sim_copy *sim_save(struct scxtwin_sim *s, struct scxtwin_error *err)
{
	struct sim_copy *copy = mem_zalloc(sizeof(*copy));

	sim_enter(s);
	if (!copy) {
		error_no_memory(err);
		return NULL;
	}
	copy->s = *s;
	copy->policy = policy_save(err);
	if (copy->policy)
		copy->machine = machine_save();
	if (copy->machine)
		return copy;
	if (copy->policy)
		error_no_memory(err);
	sim_copy_free(copy);
	return NULL;
}

void sim_restore(struct scxtwin_sim *s, const struct sim_copy *copy)
{
	machine_restore(copy->machine);
	policy_restore(copy->policy);
	s->fault.code = copy->s.fault.code;
	s->end = copy->s.end;
	s->nr_warnings = copy->s.nr_warnings;
	s->finished = copy->s.finished;
}

bool sim_policy_has_changed(const struct sim_copy *copy)
{
	return policy_has_changed(copy->policy);
}

bool sim_policy_has_written(struct sim_copy *copy)
{
	return policy_has_written(copy->policy);
}

void sim_copy_free(struct sim_copy *copy)
{
	if (!copy)
		return;
	machine_copy_free(copy->machine);
	policy_copy_free(copy->policy);
	free(copy);
}
