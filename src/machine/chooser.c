/* SPDX-License-Identifier: GPL-2.0-only */
#include "machine/chooser.h"

static u32 first_choose(struct chooser *c, const struct choice *choices, u32 nr)
{
	(void)c;
	(void)choices;
	BUG_ON(!nr);
	return 0;
}

static void first_nothing(struct chooser *c)
{
	(void)c;
}

struct chooser chooser_first = {
	.choose = first_choose,
	.begin = first_nothing,
	.end = first_nothing,
};
