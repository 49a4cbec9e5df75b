/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/bug.h"
#include "base/rbtree_augmented.h"

/*
 * The repairs of rbtree.c rotate only along the path from the place of change
 * to the root, and a rotation pushes a node of that path down by one level. So
 * every node whose subtree changed is on the path or a child of a node on it.
 */
static void summarize_path(struct rb_node *node, rb_summarize_t summarize)
{
	for (; node; node = node->parent) {
		if (node->left)
			summarize(node->left);
		if (node->right)
			summarize(node->right);
		summarize(node);
	}
}

void rb_add_augmented(struct rb_node *node, struct rb_root *root, rb_less_t less,
		      rb_summarize_t summarize)
{
	rb_add(node, root, less);
	summarize_path(node, summarize);
}

/* Lowest node that has another subtree once node is gone; NULL if there is none. */
static struct rb_node *place_of_change(struct rb_node *node)
{
	struct rb_node *next;

	if (!node->left || !node->right)
		return node->parent;
	/* The successor takes node's place, so its own place is the one that changes. */
	next = rb_next(node);
	return next->parent == node ? next : next->parent;
}

void rb_erase_augmented(struct rb_node *node, struct rb_root *root, rb_summarize_t summarize)
{
	struct rb_node *place;

	BUG_ON(RB_EMPTY_NODE(node));
	place = place_of_change(node);
	rb_erase(node, root);
	summarize_path(place, summarize);
}
