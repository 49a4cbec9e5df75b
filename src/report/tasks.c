/* SPDX-License-Identifier: GPL-2.0-only */
/* Records by pid: pages of a growing table, so that a look-up is two loads. */
#include <stdlib.h>
#include <string.h>

#include "base/bug.h"
#include "base/mem.h"
#include "report/account.h"

static int grow_table(struct scxtwin_metrics *m, u32 want)
{
	const u32 nr = want < 2 * m->nr_pages ? 2 * m->nr_pages : want;
	struct account_task **pages = mem_realloc_array(m->pages, nr, sizeof(*pages));

	if (!pages)
		return -1;
	memset(pages + m->nr_pages, 0, (nr - m->nr_pages) * sizeof(*pages));
	m->pages = pages;
	m->nr_pages = nr;
	return 0;
}

/* pid 0 of a page that no task was seen of marks an unused record. */
static struct account_task *page_get(struct scxtwin_metrics *m, u32 nr)
{
	if (nr >= m->nr_pages && grow_table(m, nr + 1))
		return NULL;
	if (!m->pages[nr])
		m->pages[nr] = mem_zalloc(ACCOUNT_PAGE * sizeof(*m->pages[nr]));
	return m->pages[nr];
}

static void meet(struct scxtwin_metrics *m, struct account_task *t, s32 pid)
{
	const struct scxtwin_facts *f = &m->facts;
	const u32 group = f->task_group(f->data, pid);

	t->pid = pid;
	t->group = group < f->nr_groups ? group : f->nr_groups;
	t->last_cpu = -1;
	t->since = m->now;
	t->affinity = conservation_class_get(&m->conservation, f->task_cpus(f->data, pid));
	fairness_set_weight(m, t);
}

struct account_task *account_task(struct scxtwin_metrics *m, s32 pid)
{
	struct account_task *page, *t;

	if (pid <= 0)
		return NULL;
	page = page_get(m, (u32)pid / ACCOUNT_PAGE);
	if (!page) {
		m->no_memory = true;
		return NULL;
	}
	t = &page[(u32)pid % ACCOUNT_PAGE];
	if (unlikely(!t->pid))
		meet(m, t, pid);
	return t;
}

void account_for_each(struct scxtwin_metrics *m,
		      void (*fn)(struct scxtwin_metrics *m, struct account_task *t))
{
	u32 page, i;

	for (page = 0; page < m->nr_pages; page++) {
		for (i = 0; m->pages[page] && i < ACCOUNT_PAGE; i++) {
			if (m->pages[page][i].pid)
				fn(m, &m->pages[page][i]);
		}
	}
}

void account_free_tasks(struct scxtwin_metrics *m)
{
	u32 page;

	for (page = 0; page < m->nr_pages; page++)
		free(m->pages[page]);
	free(m->pages);
}
