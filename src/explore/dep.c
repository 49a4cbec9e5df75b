/* SPDX-License-Identifier: GPL-2.0-only */
#include "explore/dep.h"

#include <string.h>

void footprint_add(struct footprint *f, const void *obj, bool writes)
{
	u32 i;

	for (i = 0; i < f->nr; i++) {
		if (f->list[i].obj == obj) {
			f->list[i].writes |= writes;
			return;
		}
	}
	if (f->nr == FOOTPRINT_MAX)
		f->everything = true;
	else
		f->list[f->nr++] = (struct access){ .obj = obj, .writes = writes };
}

/* Entering a kfunc reaches nothing: what the kfunc does has points of its own. */
static bool is_kfunc(const struct choice *c)
{
	return c->label && !strncmp(c->label, "scx_bpf_", 8);
}

static bool declares(const struct choice *c, struct access *a)
{
	*a = (struct access){ .obj = c->obj, .writes = true };
	switch ((enum yield_kind)c->kind) {
	case YIELD_READ:
	case YIELD_AWAIT:
		a->writes = false;
		break;
	case YIELD_CALL:
		if (is_kfunc(c))
			return false;
		break;
	case YIELD_IRQ:
		if (!c->event)
			return false;
		break;
	default:
		break;
	}
	return a->obj;
}

static struct access cpu_access(const struct choice *c)
{
	return (struct access){
		.obj = mcpu(c->cpu), .writes = c->event || c->context->kind == CTX_CPU,
	};
}

void footprint_of_choice(struct footprint *f, const struct choice *c)
{
	const struct access cpu = cpu_access(c);
	struct access a;

	f->nr = 0;
	f->everything = false;
	footprint_add(f, cpu.obj, cpu.writes);
	if (declares(c, &a))
		footprint_add(f, a.obj, a.writes);
}

bool footprints_depend(const struct footprint *a, const struct footprint *b)
{
	u32 i, j;

	if (a->everything || b->everything)
		return true;
	for (i = 0; i < a->nr; i++)
		for (j = 0; j < b->nr; j++)
			if (a->list[i].obj == b->list[j].obj)
				if (a->list[i].writes || b->list[j].writes)
					return true;
	return false;
}

static bool accesses_depend(const struct access *a, const struct access *b)
{
	return a->obj == b->obj && (a->writes || b->writes);
}

bool choices_depend(const struct choice *a, const struct choice *b)
{
	const struct access cpu_a = cpu_access(a), cpu_b = cpu_access(b);
	struct access da, db;

	if (accesses_depend(&cpu_a, &cpu_b))
		return true;
	return declares(a, &da) && declares(b, &db) && accesses_depend(&da, &db);
}
