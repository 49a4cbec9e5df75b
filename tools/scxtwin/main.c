/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "opts.h"

const struct verb *const verbs[] = {
	&verb_run, &verb_explore, &verb_replay, &verb_merge, &verb_lint, &verb_import, &verb_digest, &verb_conform, &verb_record,
	&verb_policies, &verb_version, NULL,
};

static const struct verb *find_verb(const char *name)
{
	u32 i;

	for (i = 0; verbs[i]; i++)
		if (!strcmp(verbs[i]->name, name))
			return verbs[i];
	return NULL;
}

static int usage_error(const char *what, const char *name)
{
	fprintf(stderr, "scxtwin: %s%s%s; see \"scxtwin --help\"\n", what, *name ? " " : "", name);
	return STATUS_USAGE;
}

static int dump_man(const char *page)
{
	const struct verb *verb = find_verb(page);

	if (!verb && strcmp(page, "scxtwin"))
		return usage_error("no man page", page);
	docs_man(verb);
	return 0;
}

static int dump_completion(const char *shell)
{
	return docs_completion(shell) ? 0 : usage_error("no completion for", shell);
}

static int global_option(int argc, char **argv)
{
	const char *name = argv[1];
	int (*dump)(const char *) = NULL;

	if (!strcmp(name, "--dump-man"))
		dump = dump_man;
	else if (!strcmp(name, "--dump-completion"))
		dump = dump_completion;
	if (dump)
		return argc == 3 ? dump(argv[2]) : usage_error("one argument belongs to", name);
	if (!strcmp(name, "--version"))
		return verb_version.run(&verb_version, argc - 1, argv + 1);
	if (strcmp(name, "--help") && strcmp(name, "-h"))
		return usage_error("unknown option", name);
	opts_help_all();
	return 0;
}

static int run(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2)
		return usage_error("a verb is missing", "");
	if (argv[1][0] == '-')
		return global_option(argc, argv);
	verb = find_verb(argv[1]);
	if (!verb)
		return usage_error("unknown verb", argv[1]);
	return verb->run(verb, argc - 1, argv + 1);
}

static int finish(int status)
{
	if (fflush(stdout) || ferror(stdout)) {
		perror("scxtwin: standard output");
		return status ? status : status_of(SCXTWIN_EFAILED);
	}
	return status;
}

/* A stream that was closed must not become the first file that is opened. */
static void occupy_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	occupy_streams();
	return finish(run(argc, argv));
}
