/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MACHINE_MASKS_H
#define MACHINE_MASKS_H

/* Makes the machine's own masks and the table of interned ones; -1 if no memory. */
int masks_init(void);

#endif /* MACHINE_MASKS_H */
