/* SPDX-License-Identifier: GPL-2.0-only */
#include "base/bug.h"
#include "base/error.h"
#include "report/text.h"

/* Two decimals of value / one. */
static void put_fraction(char buf[TEXT_CELL], u64 value, u64 one, const char *unit)
{
	snprintf(buf, TEXT_CELL, "%llu.%02u%s", (unsigned long long)(value / one),
		 (u32)(value % one / (one / 100)) % 100, unit);
}

static void put_time(char buf[TEXT_CELL], u64 ns)
{
	if (ns < 1000)
		snprintf(buf, TEXT_CELL, "%lluns", (unsigned long long)ns);
	else if (ns < 1000000)
		put_fraction(buf, ns, 1000, "us");
	else if (ns < 1000000000)
		put_fraction(buf, ns, 1000000, "ms");
	else
		put_fraction(buf, ns, 1000000000, "s");
}

char *text_format(char buf[TEXT_CELL], enum text_unit unit, u64 value)
{
	switch (unit) {
	case TEXT_COUNT:
		snprintf(buf, TEXT_CELL, "%llu", (unsigned long long)value);
		break;
	case TEXT_TIME:
		put_time(buf, value);
		break;
	case TEXT_PPM:
		put_fraction(buf, value, 10000, "%");
		break;
	case TEXT_MILLI:
		put_fraction(buf, value, 1000, "");
		break;
	}
	return buf;
}

char *text_change(char buf[TEXT_CELL], u64 before, u64 value)
{
	const u64 change = value > before ? value - before : before - value;
	unsigned __int128 tenths;

	if (!change) {
		snprintf(buf, TEXT_CELL, "=");
	} else if (!before) {
		snprintf(buf, TEXT_CELL, "new");
	} else {
		tenths = (unsigned __int128)change * 1000 / before;
		if (tenths > 99999)
			snprintf(buf, TEXT_CELL, "x%llu", (unsigned long long)(value / before));
		else
			snprintf(buf, TEXT_CELL, "%c%u.%u%%", value > before ? '+' : '-',
				 (u32)tenths / 10, (u32)tenths % 10);
	}
	return buf;
}

const char *text_end(enum scxtwin_end end)
{
	switch (end) {
	case SCXTWIN_END_DONE:
		return "done";
	case SCXTWIN_END_LIMIT:
		return "limit";
	case SCXTWIN_END_STUCK:
		return "stuck";
	case SCXTWIN_END_FAILED:
		return "failed";
	}
	BUG();
}

const char *text_label(const struct scxtwin_run *run)
{
	return run->label ? run->label : run->result->policy;
}

int text_finish(FILE *out, struct scxtwin_error *err)
{
	if (fflush(out) || ferror(out))
		return error_set(err, SCXTWIN_EFAILED, "the report could not be written");
	return 0;
}
