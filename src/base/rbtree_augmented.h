/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Red-black tree whose nodes carry a summary of their subtree, such as the
 * least of some key in it. The caller computes the summary of one node from
 * that node and the summaries of its two children; the tree keeps all of them
 * true while nodes come and go, in O(log n).
 */
#ifndef BASE_RBTREE_AUGMENTED_H
#define BASE_RBTREE_AUGMENTED_H

#include "base/rbtree.h"

/* Sets node's summary; those of node->left and node->right are true already. */
typedef void (*rb_summarize_t)(struct rb_node *node);

/* As rb_add(): equal keys keep insertion order. */
void rb_add_augmented(struct rb_node *node, struct rb_root *root, rb_less_t less,
		      rb_summarize_t summarize);
/* As rb_erase(): leaves node as RB_CLEAR_NODE() does. */
void rb_erase_augmented(struct rb_node *node, struct rb_root *root, rb_summarize_t summarize);

#endif /* BASE_RBTREE_AUGMENTED_H */
