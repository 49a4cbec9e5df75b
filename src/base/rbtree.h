/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Red-black tree, intrusive, under the kernel's names. The caller gives the
 * order by a less() function; equal keys keep insertion order.
 */
#ifndef BASE_RBTREE_H
#define BASE_RBTREE_H

#include <scxtwin/types.h>

#define RB_ROOT ((struct rb_root){ NULL })
#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline bool RB_EMPTY_ROOT(const struct rb_root *root)
{
	return !root->node;
}

/* A node that is in no tree has itself as parent. */
static inline void RB_CLEAR_NODE(struct rb_node *node)
{
	node->parent = node;
}

static inline bool RB_EMPTY_NODE(const struct rb_node *node)
{
	return node->parent == node;
}

typedef bool (*rb_less_t)(const struct rb_node *a, const struct rb_node *b);

void rb_add(struct rb_node *node, struct rb_root *root, rb_less_t less);
/* Leaves node as RB_CLEAR_NODE() does. */
void rb_erase(struct rb_node *node, struct rb_root *root);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#endif /* BASE_RBTREE_H */
