/* SPDX-License-Identifier: GPL-2.0-only */
/* Intrusive doubly linked list under the kernel's names. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <scxtwin/types.h>

#include "base/bug.h"

#ifndef container_of
#define container_of(ptr, type, member)							\
	((type *)((char *)(ptr) - offsetof(type, member)))
#endif

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void __list_insert(struct list_head *node, struct list_head *prev,
				 struct list_head *next)
{
	next->prev = node;
	node->next = next;
	node->prev = prev;
	prev->next = node;
}

/* Behind head: first of the list, or right after a member. */
static inline void list_add(struct list_head *node, struct list_head *head)
{
	__list_insert(node, head, head->next);
}

/* Before head: last of the list, or right before a member. */
static inline void list_add_tail(struct list_head *node, struct list_head *head)
{
	__list_insert(node, head->prev, head);
}

static inline void __list_unlink(struct list_head *node)
{
	BUG_ON(node->next->prev != node || node->prev->next != node);
	node->next->prev = node->prev;
	node->prev->next = node->next;
}

/* Afterwards list_empty(node) holds. */
static inline void list_del_init(struct list_head *node)
{
	__list_unlink(node);
	INIT_LIST_HEAD(node);
}

static inline void list_move_tail(struct list_head *node, struct list_head *head)
{
	__list_unlink(node);
	list_add_tail(node, head);
}

static inline bool list_is_first(const struct list_head *node, const struct list_head *head)
{
	return node->prev == head;
}

#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member) list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member)					\
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each_entry(pos, head, member)						\
	for (pos = list_first_entry(head, __typeof__(*pos), member);			\
	     &pos->member != (head);							\
	     pos = list_next_entry(pos, member))

#define list_for_each_entry_reverse(pos, head, member)					\
	for (pos = list_last_entry(head, __typeof__(*pos), member);			\
	     &pos->member != (head);							\
	     pos = list_prev_entry(pos, member))

#define list_for_each_entry_safe(pos, n, head, member)					\
	for (pos = list_first_entry(head, __typeof__(*pos), member),			\
	     n = list_next_entry(pos, member);						\
	     &pos->member != (head);							\
	     pos = n, n = list_next_entry(n, member))

#define list_for_each_entry_safe_reverse(pos, n, head, member)				\
	for (pos = list_last_entry(head, __typeof__(*pos), member),			\
	     n = list_prev_entry(pos, member);						\
	     &pos->member != (head);							\
	     pos = n, n = list_prev_entry(n, member))

#endif /* BASE_LIST_H */
