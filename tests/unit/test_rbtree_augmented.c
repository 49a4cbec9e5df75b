/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/rbtree_augmented.h"
#include "base/rng.h"

struct item {
	struct rb_node node;
	u64 key, value;
	u64 least;	/* value in the subtree */
};

static struct item *item_of(struct rb_node *node)
{
	return rb_entry(node, struct item, node);
}

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, node)->key < rb_entry(b, struct item, node)->key;
}

static void summarize(struct rb_node *node)
{
	struct item *item = item_of(node);

	item->least = item->value;
	if (node->left && item_of(node->left)->least < item->least)
		item->least = item_of(node->left)->least;
	if (node->right && item_of(node->right)->least < item->least)
		item->least = item_of(node->right)->least;
}

static u64 check_subtree(struct rb_node *node)
{
	u64 least, below;

	if (!node)
		return UINT64_MAX;
	least = item_of(node)->value;
	below = check_subtree(node->left);
	least = below < least ? below : least;
	below = check_subtree(node->right);
	least = below < least ? below : least;
	assert_int_equal(item_of(node)->least, least);
	return least;
}

#define NR_ITEMS 200

static void summaries_stay_true_under_random_work(void **state)
{
	struct item items[NR_ITEMS];
	struct rb_root root = RB_ROOT;
	struct rng rng;

	(void)state;
	rng_init(&rng, 3, "test", 0);
	for (int i = 0; i < NR_ITEMS; i++)
		RB_CLEAR_NODE(&items[i].node);
	for (int step = 0; step < 20000; step++) {
		struct item *item = &items[rng_below(&rng, NR_ITEMS)];

		if (RB_EMPTY_NODE(&item->node)) {
			item->key = rng_below(&rng, 100);
			item->value = rng_below(&rng, 1000000);
			rb_add_augmented(&item->node, &root, item_less, summarize);
		} else {
			rb_erase_augmented(&item->node, &root, summarize);
		}
		check_subtree(root.node);
	}
	while (!RB_EMPTY_ROOT(&root)) {
		rb_erase_augmented(root.node, &root, summarize);
		check_subtree(root.node);
	}
}

static void last_node_leaves_an_empty_tree(void **state)
{
	struct item item = { .key = 1, .value = 2 };
	struct rb_root root = RB_ROOT;

	(void)state;
	rb_add_augmented(&item.node, &root, item_less, summarize);
	assert_int_equal(item.least, 2);
	rb_erase_augmented(&item.node, &root, summarize);
	assert_true(RB_EMPTY_ROOT(&root));
	assert_true(RB_EMPTY_NODE(&item.node));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summaries_stay_true_under_random_work),
		cmocka_unit_test(last_node_leaves_an_empty_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
