/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One table of options per verb. Parsing, --help, the man page and the shell
 * completions are all made from it, so none of them can drift away.
 *
 *   main.c     the verb table
 *   cmd_*.c    one verb each
 *   opts.c     parsing and --help
 *   docs.c     man pages and completions
 *   check.c    run --check-determinism
 */
#ifndef OPTS_H
#define OPTS_H

#include <scxtwin/scxtwin.h>

enum opt_kind {
	OPT_END,
	OPT_FLAG,	/* bool */
	OPT_STRING,	/* const char * */
	OPT_CHOICE,	/* u32, index into choices */
	OPT_U32,
	OPT_U64,
	OPT_DURATION,	/* u64 ns */
	OPT_CALL,	/* set() is called */
};

enum completion { COMPLETE_NOTHING, COMPLETE_FILE, COMPLETE_POLICY };

struct opt {
	enum opt_kind kind;
	const char *name;
	char letter;			/* 0: no short form */
	const char *arg;		/* name of the argument in help texts, NULL: none */
	const char *help;
	size_t offset;			/* in the verb's settings */
	u64 min, max;			/* numbers and durations; max 0: no upper limit */
	const char *const *choices;	/* NULL at the end */
	/* 0, or the text that says what is wrong with value. */
	const char *(*set)(void *settings, const char *value);
	enum completion completion;
};

struct verb {
	const char *name;
	const char *args;		/* in the synopsis, "" if there are none */
	const char *summary;		/* half a sentence */
	const char *description;	/* paragraphs, separated by an empty line */
	const char *const *examples;	/* command lines, NULL at the end */
	const struct opt *opts;
	u32 min_args, max_args;		/* arguments that are not options; max 0: no upper limit */
	bool no_args;
	enum completion completion;	/* of the arguments */
	/* argv[0] is the verb; returns the status to exit with. */
	int (*run)(const struct verb *verb, int argc, char **argv);
};

extern const struct verb verb_explore, verb_replay, verb_merge;
extern const struct verb verb_run, verb_lint, verb_import, verb_digest, verb_conform,
	verb_record, verb_policies, verb_version;
/* In the order of help texts, NULL at the end. */
extern const struct verb *const verbs[];

enum opts_result { OPTS_GO_ON, OPTS_HELP_GIVEN, OPTS_WRONG };

/*
 * Fills settings from argv[1] on, and moves what is no option to the front of
 * argv: argv[0] is then the first argument. What is wrong was said when it
 * returns OPTS_WRONG.
 */
enum opts_result opts_parse(const struct verb *verb, int argc, char **argv, void *settings,
			    u32 *nr_args);
void opts_help(const struct verb *verb);
void opts_help_all(void);
/* Exit status of what opts_parse() returned when it was not OPTS_GO_ON. */
int opts_status(enum opts_result res);

/* verb NULL: the page of the command itself. */
void docs_man(const struct verb *verb);
/* False: no such shell. */
bool docs_completion(const char *shell);

/* Messages go to stderr as "scxtwin VERB: text". */
void say(const char *verb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_error(const char *verb, const struct scxtwin_error *err);
/* Exit status of an enum scxtwin_errcode. */
int status_of(int code);

#define STATUS_USAGE 2

#endif /* OPTS_H */
