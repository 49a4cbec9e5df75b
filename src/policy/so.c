/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies in shared objects. Each simulation loads a copy of the file of its
 * own, in memory that only has a descriptor: the dynamic loader then gives it
 * globals of its own, where the same file twice would be one object.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "policy/internal.h"
#include "policy/tsan.h"

#define SO_SIZE_MAX	((size_t)256 << 20)
#define NEED_TEXT	256

static int so_error(struct scxtwin_error *err, const char *path, const char *what)
{
	return error_set_at(err, SCXTWIN_EINPUT, &(struct error_place){ .file = path }, "%s", what);
}

static int write_all(int fd, const char *data, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The loader speaks of the copy; the user knows the file. */
static int load_error(struct scxtwin_error *err, const char *path)
{
	static const char undefined[] = "undefined symbol: ";
	const char *why = dlerror();
	const char *symbol = why ? strstr(why, undefined) : NULL;
	const char *colon = why && why[0] == '/' ? strstr(why, ": ") : NULL;
	char text[400];

	if (symbol) {
		snprintf(text, sizeof(text), "uses %s, which this scxtwin does not offer",
			 symbol + strlen(undefined));
		return so_error(err, path, text);
	}
	if (why && strstr(why, "libtsan"))
		return so_error(err, path, "is linked with libtsan: -fsanitize=thread is for compiling alone, scxtwin is the run time");
	snprintf(text, sizeof(text), "cannot be loaded: %s", colon ? colon + 2 : why ? why : "?");
	return so_error(err, path, text);
}

/* data: where the text goes. */
static bool is_unmet(const char *symbol, void *data)
{
	char *text = data;

	return policy_unmet_need(symbol, text, NEED_TEXT);
}

static int check_needs(void *dl, const char *path, struct scxtwin_error *err)
{
	char text[NEED_TEXT];

	return policy_so_needs(dl, is_unmet, text) ? so_error(err, path, text) : 0;
}

static int check_desc(const struct scxtwin_policy *desc, const char *path,
		      struct scxtwin_error *err)
{
	const struct scxtwin_param *param;
	char text[128];

	if (!desc)
		return so_error(err, path, "does not define the symbol scxtwin_policy");
	if (desc->abi != SCXTWIN_POLICY_ABI) {
		snprintf(text, sizeof(text), "was built for policy ABI %u, this scxtwin has %d: build it again",
			 desc->abi, SCXTWIN_POLICY_ABI);
		return so_error(err, path, text);
	}
	if (!desc->name || !desc->name[0])
		return so_error(err, path, "scxtwin_policy has no name");
	if (!desc->ops)
		return so_error(err, path, "scxtwin_policy has no operations table");
	for (param = desc->params; param && param->name; param++) {
		const size_t size = param->type == SCXTWIN_PARAM_BOOL ? sizeof(bool) : sizeof(u64);

		if (param->type < SCXTWIN_PARAM_U64 || param->type > SCXTWIN_PARAM_DURATION ||
		    (!param->global && (param->state_offset > desc->state_size ||
					desc->state_size - param->state_offset < size))) {
			snprintf(text, sizeof(text),
				 "parameter %s has no known type or lies outside the state block",
				 param->name);
			return so_error(err, path, text);
		}
	}
	return 0;
}

int policy_so_open(struct policy *pol, const char *path, struct scxtwin_error *err)
{
	struct strbuf file = { .limit = SO_SIZE_MAX };
	char copy[64];
	int ret;

	ret = file_read(path, &file, err);
	if (ret)
		goto out;
	digest_bytes(strbuf_str(&file), file.len, pol->file_hash);
	pol->fd = memfd_create("scxtwin-policy", MFD_CLOEXEC);
	if (pol->fd < 0 || write_all(pol->fd, strbuf_str(&file), file.len)) {
		ret = error_set(err, SCXTWIN_EINTERNAL, "no memory for a copy of %s: %s", path,
				strerror(errno));
		goto out;
	}
	/* The number stays in use as long as the object: the loader tells objects apart by name. */
	snprintf(copy, sizeof(copy), "/proc/self/fd/%d", pol->fd);
	tsan_expect_init();
	pol->dl = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
	if (!pol->dl) {
		ret = load_error(err, path);
		goto out;
	}
	pol->desc = dlsym(pol->dl, "scxtwin_policy");
	ret = check_desc(pol->desc, path, err);
	ret = ret ?: check_needs(pol->dl, path, err);
out:
	strbuf_free(&file);
	return ret;
}

void policy_so_close(struct policy *pol)
{
	if (pol->dl)
		dlclose(pol->dl);
	if (pol->fd >= 0)
		close(pol->fd);
	pol->dl = NULL;
	pol->fd = -1;
}
