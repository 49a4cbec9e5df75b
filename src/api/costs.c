/* SPDX-License-Identifier: GPL-2.0-only */
#include "api/costs.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

static const char *const names[NR_COSTS + 1] = {
#define X(name) #name,
	COST_TABLE(X)
#undef X
};

/* Round numbers of the order that microbenchmarks of current x86 servers show; see docs/modes.md. */
static const struct {
	const char *name;
	u64 cost_ns[NR_COSTS];
} presets[] = {
	{ "zero", { 0 } },
	{ "server", { [COST_callback] = 100, [COST_kfunc] = 50, [COST_switch] = 1000, [COST_ipi] = 500,
		      [COST_irq] = 300, [COST_lock_handover] = 100, [COST_migrate] = 200,
		      [COST_wakeup] = 300, [COST_tick] = 500 } },
	/* Fitted by tools/fit-costs to recordings of a software-emulated machine; see docs/conformance.md. */
	{ "tcg-vm", { [COST_callback] = 4000, [COST_kfunc] = 2000, [COST_switch] = 25000, [COST_ipi] = 20000,
		      [COST_irq] = 12000, [COST_lock_handover] = 4000, [COST_migrate] = 8000,
		      [COST_wakeup] = 12000, [COST_tick] = 20000 } },
};

#define NR_PRESETS (sizeof(presets) / sizeof(presets[0]))
#define COST_MAX_NS (10 * NSEC_PER_MSEC)

static int refuse(struct scxtwin_error *err, const char *item)
{
	char known[256] = "";
	size_t i, len = 0;

	if (!err)
		return SCXTWIN_EUSAGE;
	for (i = 0; i < NR_PRESETS; i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, " %s", presets[i].name);
	len += (size_t)snprintf(known + len, sizeof(known) - len, "; costs:");
	for (i = 0; i < NR_COSTS; i++)
		len += (size_t)snprintf(known + len, sizeof(known) - len, " %s", names[i]);
	err->code = SCXTWIN_EUSAGE;
	snprintf(err->msg, sizeof(err->msg),
		 "costs: \"%s\" is neither a preset nor name=duration (at most 10ms each); presets:%s", item, known);
	return SCXTWIN_EUSAGE;
}

static int parse_item(char *item, u64 *cost_ns)
{
	char *value = strchr(item, '=');
	size_t i;

	if (!value) {
		for (i = 0; i < NR_PRESETS; i++) {
			if (!strcmp(item, presets[i].name)) {
				memcpy(cost_ns, presets[i].cost_ns, sizeof(presets[i].cost_ns));
				return 0;
			}
		}
		return -1;
	}
	*value++ = '\0';
	for (i = 0; i < NR_COSTS; i++)
		if (!strcmp(item, names[i]))
			return str_parse_duration(value, COST_MAX_NS, &cost_ns[i]);
	return -1;
}

int costs_parse(const char *text, u64 *cost_ns, struct scxtwin_error *err)
{
	char copy[512], shown[512], *item, *save = NULL;

	memset(cost_ns, 0, NR_COSTS * sizeof(*cost_ns));
	if (!text)
		return 0;
	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return refuse(err, "(too long)");
	for (item = strtok_r(copy, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		snprintf(shown, sizeof(shown), "%s", item);
		if (parse_item(item, cost_ns))
			return refuse(err, shown);
	}
	return 0;
}

const char *costs_text(const u64 *cost_ns, char *buf, size_t size)
{
	size_t i, len = 0;

	buf[0] = '\0';
	for (i = 0; i < NR_COSTS && len < size; i++)
		len += (size_t)snprintf(buf + len, size - len, "%s%s=%llu", i ? "," : "", names[i],
					(unsigned long long)cost_ns[i]);
	return buf;
}
