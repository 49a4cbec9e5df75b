/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/bug.h"
#include "base/rbtree.h"

static bool is_red(const struct rb_node *node)
{
	return node && node->red;
}

/* Puts new (may be NULL) where old hangs below parent. */
static void replace_child(struct rb_root *root, struct rb_node *parent, struct rb_node *old,
			  struct rb_node *new)
{
	if (!parent)
		root->node = new;
	else if (parent->left == old)
		parent->left = new;
	else
		parent->right = new;
	if (new)
		new->parent = parent;
}

static void rotate_left(struct rb_root *root, struct rb_node *top)
{
	struct rb_node *up = top->right;

	top->right = up->left;
	if (top->right)
		top->right->parent = top;
	replace_child(root, top->parent, top, up);
	up->left = top;
	top->parent = up;
}

static void rotate_right(struct rb_root *root, struct rb_node *top)
{
	struct rb_node *up = top->left;

	top->left = up->right;
	if (top->left)
		top->left->parent = top;
	replace_child(root, top->parent, top, up);
	up->right = top;
	top->parent = up;
}

/* node is red: repair a red parent, upwards. */
static void repair_insert(struct rb_root *root, struct rb_node *node)
{
	struct rb_node *parent, *grand, *uncle;

	while (is_red(node->parent)) {
		parent = node->parent;
		grand = parent->parent;
		BUG_ON(!grand);
		uncle = parent == grand->left ? grand->right : grand->left;
		if (is_red(uncle)) {
			parent->red = false;
			uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (parent == grand->left) {
			if (node == parent->right) {
				rotate_left(root, parent);
				parent = node;
			}
			rotate_right(root, grand);
		} else {
			if (node == parent->left) {
				rotate_right(root, parent);
				parent = node;
			}
			rotate_left(root, grand);
		}
		parent->red = false;
		grand->red = true;
		break;
	}
	root->node->red = false;
}

void rb_add(struct rb_node *node, struct rb_root *root, rb_less_t less)
{
	struct rb_node *parent = NULL, **link = &root->node;

	while (*link) {
		parent = *link;
		BUG_ON(parent == node);
		link = less(node, parent) ? &parent->left : &parent->right;
	}
	*node = (struct rb_node){ .parent = parent, .red = true };
	*link = node;
	repair_insert(root, node);
}

/*
 * The subtree at node (may be NULL) below parent lacks one black node on each
 * of its paths: repair, upwards.
 */
static void repair_erase(struct rb_root *root, struct rb_node *node, struct rb_node *parent)
{
	struct rb_node *sibling;

	while (parent && !is_red(node)) {
		const bool left = node == parent->left;

		sibling = left ? parent->right : parent->left;
		BUG_ON(!sibling);
		if (sibling->red) {
			sibling->red = false;
			parent->red = true;
			if (left)
				rotate_left(root, parent);
			else
				rotate_right(root, parent);
			sibling = left ? parent->right : parent->left;
			BUG_ON(!sibling);
		}
		if (!is_red(sibling->left) && !is_red(sibling->right)) {
			sibling->red = true;
			node = parent;
			parent = node->parent;
			continue;
		}
		if (left) {
			if (!is_red(sibling->right)) {
				sibling->left->red = false;
				sibling->red = true;
				rotate_right(root, sibling);
				sibling = parent->right;
			}
			sibling->red = parent->red;
			sibling->right->red = false;
			rotate_left(root, parent);
		} else {
			if (!is_red(sibling->left)) {
				sibling->right->red = false;
				sibling->red = true;
				rotate_left(root, sibling);
				sibling = parent->left;
			}
			sibling->red = parent->red;
			sibling->left->red = false;
			rotate_right(root, parent);
		}
		parent->red = false;
		return;
	}
	if (node)
		node->red = false;
}

static struct rb_node *leftmost(struct rb_node *node)
{
	while (node && node->left)
		node = node->left;
	return node;
}

static struct rb_node *rightmost(struct rb_node *node)
{
	while (node && node->right)
		node = node->right;
	return node;
}

void rb_erase(struct rb_node *node, struct rb_root *root)
{
	struct rb_node *child, *parent;
	bool lost_black;

	BUG_ON(RB_EMPTY_NODE(node));
	BUG_ON(!node->parent && root->node != node);

	if (node->left && node->right) {
		/* The successor takes node's place and colour; the gap is where it was. */
		struct rb_node *next = leftmost(node->right);

		child = next->right;
		lost_black = !next->red;
		parent = next->parent == node ? next : next->parent;
		replace_child(root, next->parent, next, child);
		next->red = node->red;
		next->left = node->left;
		next->left->parent = next;
		next->right = node->right;
		if (next->right)
			next->right->parent = next;
		replace_child(root, node->parent, node, next);
	} else {
		child = node->left ? node->left : node->right;
		lost_black = !node->red;
		parent = node->parent;
		replace_child(root, parent, node, child);
	}
	if (lost_black)
		repair_erase(root, child, parent);
	RB_CLEAR_NODE(node);
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return leftmost(root->node);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return rightmost(root->node);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	BUG_ON(RB_EMPTY_NODE(node));
	if (node->right)
		return leftmost(node->right);
	while (node->parent && node == node->parent->right)
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	BUG_ON(RB_EMPTY_NODE(node));
	if (node->left)
		return rightmost(node->left);
	while (node->parent && node == node->parent->left)
		node = node->parent;
	return node->parent;
}
