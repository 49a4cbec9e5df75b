/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opts.h"

#define MAX_OPTS	64
#define HELP_COLUMN	28
#define HELP_WIDTH	80

void say(const char *verb, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "scxtwin %s: ", verb);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void say_error(const char *verb, const struct scxtwin_error *err)
{
	char text[1200];

	say(verb, "%s", scxtwin_error_format(err, text, sizeof(text)));
}

int status_of(int code)
{
	return -code;
}

/* Digits only, in full; behind them *end. */
static bool parse_digits(const char *text, u64 *value, const char **end)
{
	char *stop;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*value = strtoull(text, &stop, 10);
	*end = stop;
	return !errno;
}

static bool in_range(const struct opt *o, u64 value)
{
	return value >= o->min && (!o->max || value <= o->max);
}

static bool parse_number(const struct opt *o, const char *text, u64 *value)
{
	const char *end;

	return parse_digits(text, value, &end) && !*end && in_range(o, *value);
}

static bool parse_duration(const struct opt *o, const char *text, u64 *ns)
{
	static const struct {
		const char *name;
		u64 ns;
	} units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
	};
	const char *end;
	u64 value;
	u32 i;

	if (!parse_digits(text, &value, &end))
		return false;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(end, units[i].name) || (!*end && !i))
			return !__builtin_mul_overflow(value, units[i].ns, ns) && in_range(o, *ns);
	return false;
}

static const char *expected(const struct opt *o, char *buf, size_t size)
{
	size_t len;
	u32 i;

	if (o->kind == OPT_CHOICE) {
		len = (size_t)snprintf(buf, size, "one of");
		for (i = 0; o->choices[i] && len < size; i++)
			len += (size_t)snprintf(buf + len, size - len, "%s %s", i ? "," : "",
						o->choices[i]);
	} else if (o->kind == OPT_DURATION) {
		snprintf(buf, size, "a duration such as 500us, 2ms or 1s");
	} else if (o->max) {
		snprintf(buf, size, "an integer from %" PRIu64 " to %" PRIu64, o->min, o->max);
	} else {
		snprintf(buf, size, "an integer of at least %" PRIu64, o->min);
	}
	return buf;
}

static bool store(const struct opt *o, char *place, const char *value)
{
	u64 number = 0;
	u32 i;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)place = true;
		return true;
	case OPT_STRING:
		*(const char **)place = value;
		return true;
	case OPT_CHOICE:
		for (i = 0; o->choices[i]; i++) {
			if (!strcmp(o->choices[i], value)) {
				*(u32 *)place = i;
				return true;
			}
		}
		return false;
	case OPT_U32:
		if (!parse_number(o, value, &number) || number > UINT32_MAX)
			return false;
		*(u32 *)place = (u32)number;
		return true;
	case OPT_U64:
		return parse_number(o, value, (u64 *)place);
	case OPT_DURATION:
		return parse_duration(o, value, (u64 *)place);
	case OPT_END:
	case OPT_CALL:
		break;
	}
	return false;
}

static bool set_opt(const struct verb *verb, const struct opt *o, void *settings, const char *value)
{
	char buf[200];
	const char *wrong;

	if (o->kind == OPT_CALL) {
		wrong = o->set(settings, value);
		if (wrong)
			say(verb->name, "--%s %s: %s", o->name, value ? value : "", wrong);
		return !wrong;
	}
	if (store(o, (char *)settings + o->offset, value))
		return true;
	say(verb->name, "--%s %s: %s is needed", o->name, value,
	    expected(o, buf, sizeof(buf)));
	return false;
}

/* getopt's tables: longs[i] and letters are those of opts[i], --help comes last. */
static u32 getopt_tables(const struct verb *verb, struct option *longs, char *letters)
{
	u32 nr = 0;

	*letters++ = '+';
	*letters++ = ':';
	for (; verb->opts[nr].kind != OPT_END && nr < MAX_OPTS; nr++) {
		const struct opt *o = &verb->opts[nr];

		longs[nr] = (struct option){
			.name = o->name, .has_arg = o->arg ? required_argument : no_argument,
		};
		if (!o->letter)
			continue;
		*letters++ = o->letter;
		if (o->arg)
			*letters++ = ':';
	}
	longs[nr] = (struct option){ .name = "help", .has_arg = no_argument };
	longs[nr + 1] = (struct option){ .name = NULL };
	*letters++ = 'h';
	*letters = '\0';
	return nr;
}

/* getopt would take any beginning of a name that only one option has. */
static bool is_known_long(const struct option *longs, const char *token)
{
	const size_t len = strcspn(token, "=");

	for (; longs->name; longs++)
		if (strlen(longs->name) == len && !strncmp(longs->name, token, len))
			return true;
	return false;
}

static enum opts_result wrong_option(const struct verb *verb, const char *what, const char *token)
{
	say(verb->name, "%s %s; see \"scxtwin %s --help\"", what, token, verb->name);
	return OPTS_WRONG;
}

/* One option at argv[optind]. */
static enum opts_result parse_one(const struct verb *verb, int argc, char **argv, void *settings)
{
	struct option longs[MAX_OPTS + 2];
	char letters[2 * MAX_OPTS + 4];
	const u32 nr = getopt_tables(verb, longs, letters);
	char *token = argv[optind];
	int c, index = -1;
	u32 i;

	if (!strncmp(token, "--", 2) && !is_known_long(longs, token + 2))
		return wrong_option(verb, "unknown option", token);
	c = getopt_long(argc, argv, letters, longs, &index);
	if (c == ':')
		return wrong_option(verb, "an argument is missing behind", token);
	if (c == '?')
		return wrong_option(verb, token[1] == '-' ? "no argument belongs to" :
				    "unknown option in", token);
	if (c == 'h' || (c == 0 && index == (int)nr)) {
		opts_help(verb);
		return OPTS_HELP_GIVEN;
	}
	for (i = 0; c && i < nr; i++)
		if (verb->opts[i].letter == c)
			index = (int)i;
	return set_opt(verb, &verb->opts[index], settings, optarg) ? OPTS_GO_ON : OPTS_WRONG;
}

enum opts_result opts_parse(const struct verb *verb, int argc, char **argv, void *settings,
			    u32 *nr_args)
{
	enum opts_result res;
	bool only_args = false;

	*nr_args = 0;
	opterr = 0;
	for (optind = 1; optind < argc;) {
		char *token = argv[optind];

		if (!only_args && !strcmp(token, "--")) {
			only_args = true;
			optind++;
		} else if (only_args || token[0] != '-' || !token[1]) {
			argv[(*nr_args)++] = token;
			optind++;
		} else {
			res = parse_one(verb, argc, argv, settings);
			if (res != OPTS_GO_ON)
				return res;
		}
	}
	if (*nr_args < verb->min_args)
		return wrong_option(verb, "missing:", verb->args);
	if (*nr_args && (verb->no_args || (verb->max_args && *nr_args > verb->max_args)))
		return wrong_option(verb, "one argument too many:", argv[*nr_args - 1]);
	return OPTS_GO_ON;
}

int opts_status(enum opts_result res)
{
	return res == OPTS_HELP_GIVEN ? 0 : STATUS_USAGE;
}

/* Text from the present column to the right edge, going on at column indent. */
static void print_wrapped(const char *text, u32 column, u32 indent)
{
	while (*text) {
		const size_t len = strcspn(text, " \n");

		if (column > indent && column + 1 + len > HELP_WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)len, text);
		column += (u32)len;
		text += len;
		if (!strncmp(text, "\n\n", 2)) {
			printf("\n\n%*s", (int)indent, "");
			column = indent;
		}
		text += strspn(text, " \n");
	}
	putchar('\n');
}

static void print_opt(const char *name, char letter, const char *arg, const char *help)
{
	char left[80], form[8] = "    ";

	if (letter)
		snprintf(form, sizeof(form), "-%c, ", letter);
	snprintf(left, sizeof(left), "  %s--%s%s%s", form, name, arg ? " " : "", arg ? arg : "");
	if (strlen(left) >= HELP_COLUMN)
		printf("%s\n%*s", left, HELP_COLUMN, "");
	else
		printf("%-*s", HELP_COLUMN, left);
	print_wrapped(help, HELP_COLUMN, HELP_COLUMN);
}

void opts_help(const struct verb *verb)
{
	const struct opt *o;
	u32 i;

	printf("usage: scxtwin %s%s%s%s\n\n", verb->name,
	       verb->opts[0].kind == OPT_END ? "" : " [options]", verb->args[0] ? " " : "",
	       verb->args);
	print_wrapped(verb->description, 0, 0);
	printf("\nOptions:\n");
	for (o = verb->opts; o->kind != OPT_END; o++)
		print_opt(o->name, o->letter, o->arg, o->help);
	print_opt("help", 'h', NULL, "this text");
	for (i = 0; verb->examples && verb->examples[i]; i++)
		printf("%s  %s\n", i ? "" : "\nExamples:\n", verb->examples[i]);
}

void opts_help_all(void)
{
	u32 i;

	printf("usage: scxtwin VERB [options] [arguments]\n\n"
	       "A deterministic user-space twin of the Linux sched_ext core.\n\nVerbs:\n");
	for (i = 0; verbs[i]; i++)
		printf("  %-10s %s\n", verbs[i]->name, verbs[i]->summary);
	printf("\n\"scxtwin VERB --help\" says more about one.\n\nOptions:\n");
	print_opt("help", 'h', NULL, "this text");
	print_opt("version", 0, NULL, "the same as the verb");
	print_opt("dump-man", 0, "PAGE", "man page of a verb, or of scxtwin, as mdoc source");
	print_opt("dump-completion", 0, "SHELL", "completion for bash or zsh");
	printf("\nExit status: 0 fine; 1 the policy, the scenario or an expectation failed;\n"
	       "2 wrong arguments; 3 unreadable or invalid input; 4 an internal error;\n"
	       "124 a time limit that was given.\n");
}
