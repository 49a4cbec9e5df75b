/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/list.h"
#include "base/rbtree.h"
#include "base/rng.h"

#include "expect_bug.h"

struct item {
	struct rb_node node;
	u64 key;
	u32 serial;
};

static bool item_less(const struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct item, node)->key < rb_entry(b, struct item, node)->key;
}

/* Black height; fails on a red node with a red child or on a wrong parent. */
static int check_subtree(const struct rb_node *node, const struct rb_node *parent)
{
	int left, right;

	if (!node)
		return 1;
	assert_ptr_equal(node->parent, parent);
	if (node->red) {
		assert_false(node->left && node->left->red);
		assert_false(node->right && node->right->red);
	}
	left = check_subtree(node->left, node);
	right = check_subtree(node->right, node);
	assert_int_equal(left, right);
	return left + !node->red;
}

/* Shape, order by (key, serial), and both directions of walking. */
static void check_tree(const struct rb_root *root, u32 nr)
{
	const struct rb_node *node, *prev = NULL;
	u32 seen = 0;

	assert_false(root->node && root->node->red);
	check_subtree(root->node, NULL);
	for (node = rb_first(root); node; prev = node, node = rb_next(node)) {
		const struct item *item = rb_entry(node, struct item, node);

		assert_ptr_equal(rb_prev(node), prev);
		if (prev) {
			const struct item *before = rb_entry(prev, struct item, node);

			assert_true(before->key < item->key ||
				    (before->key == item->key && before->serial < item->serial));
		}
		seen++;
	}
	assert_ptr_equal(rb_last(root), prev);
	assert_int_equal(seen, nr);
}

static void empty_tree_has_no_nodes(void **state)
{
	struct rb_root root = RB_ROOT;

	(void)state;
	assert_true(RB_EMPTY_ROOT(&root));
	assert_null(rb_first(&root));
	assert_null(rb_last(&root));
}

static void equal_keys_keep_insertion_order(void **state)
{
	struct item items[64];
	struct rb_root root = RB_ROOT;
	u32 i;

	(void)state;
	for (i = 0; i < 64; i++) {
		items[i].key = i % 3;
		items[i].serial = i;
		rb_add(&items[i].node, &root, item_less);
		check_tree(&root, i + 1);
	}
	assert_ptr_equal(rb_first(&root), &items[0].node);
	assert_ptr_equal(rb_last(&root), &items[62].node);
}

static void erased_node_is_in_no_tree(void **state)
{
	struct rb_root root = RB_ROOT;
	struct item item = { .key = 1 };

	(void)state;
	rb_add(&item.node, &root, item_less);
	assert_false(RB_EMPTY_NODE(&item.node));
	rb_erase(&item.node, &root);
	assert_true(RB_EMPTY_NODE(&item.node));
	assert_true(RB_EMPTY_ROOT(&root));
	expect_bug(rb_erase(&item.node, &root), "RB_EMPTY_NODE");
	expect_bug(rb_next(&item.node), "RB_EMPTY_NODE");
	rb_add(&item.node, &root, item_less);
	expect_bug(rb_add(&item.node, &root, item_less), "parent == node");
	rb_erase(&item.node, &root);
}

/* All insertion and erasure orders of six keys reach every case of the repair. */
static void every_small_order_keeps_the_shape(void **state)
{
	enum { NR = 6, NR_ORDERS = 720 };
	int in, out, i;

	(void)state;
	for (in = 0; in < NR_ORDERS; in++) {
		for (out = 0; out < NR_ORDERS; out += 7) {
			struct item items[NR];
			struct rb_root root = RB_ROOT;
			int left[2][NR] = { { 0, 1, 2, 3, 4, 5 }, { 0, 1, 2, 3, 4, 5 } };
			int code[2] = { in, out };

			for (i = 0; i < 2 * NR; i++) {
				const int phase = i / NR, nr_left = NR - i % NR;
				const int pick = code[phase] % nr_left, key = left[phase][pick];

				code[phase] /= nr_left;
				left[phase][pick] = left[phase][nr_left - 1];
				if (phase == 0) {
					items[key].key = (u64)key;
					items[key].serial = 0;
					rb_add(&items[key].node, &root, item_less);
					check_tree(&root, (u32)(NR - nr_left + 1));
				} else {
					rb_erase(&items[key].node, &root);
					check_tree(&root, (u32)(nr_left - 1));
				}
			}
		}
	}
}

static void random_work_keeps_shape_and_order(void **state)
{
	enum { NR = 500, NR_STEPS = 20000 };
	struct item *items = calloc(NR, sizeof(*items));
	struct rb_root root = RB_ROOT;
	struct rng rng;
	u32 i, nr = 0, serial = 0;

	(void)state;
	rng_init(&rng, 1, "rbtree", 0);
	for (i = 0; i < NR; i++)
		RB_CLEAR_NODE(&items[i].node);
	for (i = 0; i < NR_STEPS; i++) {
		struct item *item = &items[rng_below(&rng, NR)];

		if (RB_EMPTY_NODE(&item->node)) {
			item->key = rng_below(&rng, 50);
			item->serial = serial++;
			rb_add(&item->node, &root, item_less);
			nr++;
		} else {
			rb_erase(&item->node, &root);
			nr--;
		}
		if (i % 37 == 0)
			check_tree(&root, nr);
	}
	while (!RB_EMPTY_ROOT(&root)) {
		rb_erase(rb_first(&root), &root);
		check_tree(&root, --nr);
	}
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_tree_has_no_nodes),
		cmocka_unit_test(equal_keys_keep_insertion_order),
		cmocka_unit_test(erased_node_is_in_no_tree),
		cmocka_unit_test(every_small_order_keeps_the_shape),
		cmocka_unit_test(random_work_keeps_shape_and_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
