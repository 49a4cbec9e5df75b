/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integer types, intrusive links and CPU masks shared by the core and by
 * policies. Names are those of the Linux kernel.
 */
#ifndef SCXTWIN_TYPES_H
#define SCXTWIN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* Doubly linked circular list; a head and a member look the same. */
struct list_head {
	struct list_head *next, *prev;
};

/* Red-black tree node and root. */
struct rb_node {
	struct rb_node *parent, *right, *left;
	bool red;
};

struct rb_root {
	struct rb_node *node;
};

/* A word that several contexts access without a common lock. 64 bits on every host. */
typedef struct {
	s64 counter;
} atomic_long_t;

/*
 * CPU mask as wide as the simulated machine. Allocated by the core only; the
 * number of words is a property of the simulation (see cpumask.h), so a mask
 * can be passed around by pointer but never declared or copied by value.
 */
struct cpumask {
	u64 bits[1];
};

#endif /* SCXTWIN_TYPES_H */
