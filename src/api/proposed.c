/* SPDX-License-Identifier: GPL-2.0-only */
#include "api/proposed.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "ext/ext.h"

static int refuse(const char *name, size_t len, struct scxtwin_error *err)
{
	const char *known;
	char text[256] = "";
	size_t used = 0;
	u32 bit;

	for (bit = 0; (known = scx_proposed_name(bit)) && used < sizeof(text); bit++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", bit ? ", " : "", known);
	return error_set(err, SCXTWIN_EUSAGE, "unknown proposed feature \"%.*s\"; there is: %s",
			 (int)(len < 64 ? len : 64), name, text);
}

static int parse_name(const char *name, size_t len, u32 *bits, struct scxtwin_error *err)
{
	const char *known;
	u32 bit;

	for (bit = 0; (known = scx_proposed_name(bit)); bit++) {
		if (strlen(known) == len && !strncmp(known, name, len)) {
			*bits |= 1U << bit;
			return 0;
		}
	}
	return refuse(name, len, err);
}

int proposed_parse(const char *text, u32 *bits, struct scxtwin_error *err)
{
	size_t len;
	int ret = 0;

	*bits = 0;
	for (; text && *text && !ret; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		ret = parse_name(text, len, bits, err);
	}
	return ret;
}

const char *proposed_text(u32 bits, char *buf, size_t size)
{
	const char *name;
	size_t len = 0;
	u32 bit;

	buf[0] = '\0';
	for (bit = 0; (name = scx_proposed_name(bit)) && len < size; bit++)
		if (bits & 1U << bit)
			len += (size_t)snprintf(buf + len, size - len, "%s%s", len ? "," : "", name);
	if (len && len < size)
		snprintf(buf + len, size - len, " (not in any kernel)");
	return buf;
}
