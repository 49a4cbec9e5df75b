/* SPDX-License-Identifier: GPL-2.0-only */
/* Reader of program files; the grammar is traces/schema/workload.schema.json. */
#ifndef WORKLOAD_JSON_H
#define WORKLOAD_JSON_H

#include "workload/program.h"

#define PROGRAM_FORMAT	"scxtwin-workload"
#define PROGRAM_VERSION	1

typedef void (*json_report_t)(const struct scxtwin_error *err, void *data);

/* Reports every finding; NULL if there was one. file is for messages. */
struct program *program_read(const char *file, const char *text, size_t len, json_report_t report,
			     void *data, u32 *nr_errors);

#endif /* WORKLOAD_JSON_H */
