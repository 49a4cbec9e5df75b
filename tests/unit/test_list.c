/* SPDX-License-Identifier: GPL-2.0-only */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/list.h"

#include "expect_bug.h"

struct item {
	int key;
	struct list_head node;
};

static void check_keys(const struct list_head *head, const char *keys)
{
	const struct list_head *node;

	for (node = head->next; node != head; node = node->next) {
		assert_ptr_equal(node->next->prev, node);
		assert_int_equal(list_entry(node, struct item, node)->key, *keys++);
	}
	assert_int_equal(*keys, '\0');
}

static void members_keep_the_order_of_insertion(void **state)
{
	struct item a = { .key = 'a' }, b = { .key = 'b' }, c = { .key = 'c' };
	struct list_head head;

	(void)state;
	INIT_LIST_HEAD(&head);
	assert_true(list_empty(&head));
	assert_null(list_first_entry_or_null(&head, struct item, node));
	list_add_tail(&b.node, &head);
	list_add_tail(&c.node, &head);
	list_add(&a.node, &head);
	check_keys(&head, "abc");
	assert_true(list_is_first(&a.node, &head));
	assert_false(list_is_first(&b.node, &head));
	assert_ptr_equal(list_last_entry(&head, struct item, node), &c);
	assert_ptr_equal(list_next_entry(&a, node), &b);
	assert_ptr_equal(list_prev_entry(&c, node), &b);

	list_move_tail(&a.node, &head);
	check_keys(&head, "bca");
	list_del_init(&c.node);
	assert_true(list_empty(&c.node));
	check_keys(&head, "ba");
}

static void safe_walks_allow_removal(void **state)
{
	struct item items[4], *pos, *n;
	struct list_head head;
	int i;

	(void)state;
	INIT_LIST_HEAD(&head);
	for (i = 0; i < 4; i++) {
		items[i].key = 'a' + i;
		list_add_tail(&items[i].node, &head);
	}
	list_for_each_entry_safe(pos, n, &head, node)
		if (pos->key == 'b')
			list_del_init(&pos->node);
	check_keys(&head, "acd");
	list_for_each_entry_safe_reverse(pos, n, &head, node)
		list_move_tail(&pos->node, &head);
	check_keys(&head, "dca");
	i = 0;
	list_for_each_entry(pos, &head, node)
		i++;
	assert_int_equal(i, 3);
}

static void unlinking_a_corrupt_node_is_a_bug(void **state)
{
	struct item a = { .key = 'a' };
	struct list_head head;

	(void)state;
	INIT_LIST_HEAD(&head);
	list_add(&a.node, &head);
	head.next = &head;
	expect_bug(list_del_init(&a.node), "prev->next != node");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_keep_the_order_of_insertion),
		cmocka_unit_test(safe_walks_allow_removal),
		cmocka_unit_test(unlinking_a_corrupt_node_is_a_bug),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
