/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "opts.h"

#define MAN_DATE "November 21, 2026"

/* Text as mdoc wants it: no line begins with a control character, a sentence begins a line. */
static void man_text(const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (!strncmp(text, "\n\n", 2)) {
			printf("\n.Pp\n");
			line_start = true;
			text++;
			continue;
		}
		if (line_start && (*text == '.' || *text == '\''))
			printf("\\&");
		if (*text == '\\')
			printf("\\e");
		else if (*text == '-')
			printf("\\-");
		else
			putchar(*text);
		line_start = *text == '\n';
		if (*text == '.' && text[1] == ' ' && text[2] >= 'A' && text[2] <= 'Z') {
			putchar('\n');
			line_start = true;
			text++;
		}
	}
	putchar('\n');
}

static void man_option(const char *name, char letter, const char *arg, const char *help)
{
	printf(".It ");
	if (letter)
		printf("Fl %c , ", letter);
	printf("Fl \\-%s", name);
	if (arg)
		printf(" Ar %s", arg);
	putchar('\n');
	man_text(help);
}

static void man_exit_status(void)
{
	static const struct {
		const char *status, *text;
	} table[] = {
		{ "0", "fine" },
		{ "1", "the policy, the scenario or an expectation failed" },
		{ "2", "wrong arguments" },
		{ "3", "unreadable or invalid input" },
		{ "4", "an internal error or limit" },
		{ "124", "a time limit that was given" },
	};
	u32 i;

	printf(".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n");
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		printf(".It %s\n%s\n", table[i].status, table[i].text);
	printf(".El\n");
}

/* The verb behind name in the alphabet, NULL at its end. */
static const struct verb *next_by_name(const char *name)
{
	const struct verb *best = NULL;
	u32 i;

	for (i = 0; verbs[i]; i++)
		if (strcmp(verbs[i]->name, name) > 0 &&
		    (!best || strcmp(verbs[i]->name, best->name) < 0))
			best = verbs[i];
	return best;
}

static void man_see_also(const struct verb *self)
{
	const char *separator = "";
	const struct verb *verb;

	printf(".Sh SEE ALSO\n");
	if (self) {
		printf(".Xr scxtwin 1");
		separator = " ,\n";
	}
	for (verb = next_by_name(""); verb; verb = next_by_name(verb->name)) {
		if (verb == self)
			continue;
		printf("%s.Xr scxtwin\\-%s 1", separator, verb->name);
		separator = " ,\n";
	}
	putchar('\n');
}

static void man_verb(const struct verb *verb)
{
	const struct opt *o;
	u32 i;

	printf(".Dd %s\n.Dt SCXTWIN-%s 1\n.Os\n", MAN_DATE, verb->name);
	printf(".Sh NAME\n.Nm scxtwin\\-%s\n.Nd %s\n.Sh SYNOPSIS\n.Nm scxtwin\n.Cm %s\n", verb->name, verb->summary,
	       verb->name);
	if (verb->opts[0].kind != OPT_END)
		printf(".Op Ar options\n");
	if (verb->args[0])
		printf(".Ar %s\n", verb->args);
	printf(".Sh DESCRIPTION\n");
	man_text(verb->description);
	printf(".Pp\nThe options are:\n.Bl -tag -width Ds\n");
	for (o = verb->opts; o->kind != OPT_END; o++)
		man_option(o->name, o->letter, o->arg, o->help);
	man_option("help", 'h', NULL, "Prints a summary.");
	printf(".El\n");
	man_exit_status();
	if (verb->examples) {
		printf(".Sh EXAMPLES\n.Bd -literal\n");
		for (i = 0; verb->examples[i]; i++)
			man_text(verb->examples[i]);
		printf(".Ed\n");
	}
	man_see_also(verb);
}

static void man_command(void)
{
	u32 i;

	printf(".Dd %s\n.Dt SCXTWIN 1\n.Os\n", MAN_DATE);
	printf(".Sh NAME\n.Nm scxtwin\n.Nd deterministic user\\-space twin of the sched_ext core\n"
	       ".Sh SYNOPSIS\n.Nm\n.Ar verb\n.Op Ar options\n.Op Ar arguments\n"
	       ".Nm\n.Fl \\-dump\\-man Ar page\n.Nm\n.Fl \\-dump\\-completion Ar shell\n"
	       ".Sh DESCRIPTION\n"
	       "Replays workloads against the rules of the Linux sched_ext core on a simulated machine,\n"
	       "with the same result every time.\n.Pp\nThe verbs are:\n.Bl -tag -width Ds\n");
	for (i = 0; verbs[i]; i++)
		printf(".It Cm %s\n%s\n", verbs[i]->name, verbs[i]->summary);
	printf(".El\n.Pp\n"
	       "Data goes to standard output, messages to standard error.\n"
	       "The first form with\n.Fl \\-help\nprints a summary, of one verb if it stands behind it.\n");
	man_exit_status();
	man_see_also(NULL);
}

void docs_man(const struct verb *verb)
{
	if (verb)
		man_verb(verb);
	else
		man_command();
}

static void print_policy_names(void)
{
	const struct scxtwin_policy *policy;
	u32 i;

	for (i = 0; (policy = scxtwin_policy_nth(i)); i++)
		printf("%s%s", i ? " " : "", policy->name);
}

static void print_choices(const struct opt *o)
{
	u32 i;

	for (i = 0; o->choices[i]; i++)
		printf("%s%s", i ? " " : "", o->choices[i]);
}

/* Completes the argument of an option or of the verb itself. */
static void bash_candidates(enum completion completion, const struct opt *o)
{
	if (o && o->kind == OPT_CHOICE) {
		printf("mapfile -t COMPREPLY < <(compgen -W '");
		print_choices(o);
		printf("' -- \"$cur\")");
	} else if (completion == COMPLETE_POLICY) {
		printf("mapfile -t COMPREPLY < <(compgen -W '");
		print_policy_names();
		printf("' -- \"$cur\"; compgen -f -X '!*.so' -- \"$cur\")");
	} else if (completion == COMPLETE_FILE) {
		printf("compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
	} else {
		printf("COMPREPLY=()");
	}
}

static void bash_verb(const struct verb *verb)
{
	const struct opt *o;

	printf("\t%s)\n\t\tcase \"$prev\" in\n", verb->name);
	for (o = verb->opts; o->kind != OPT_END; o++) {
		if (!o->arg)
			continue;
		printf("\t\t--%s", o->name);
		if (o->letter)
			printf(" | -%c", o->letter);
		printf(") ");
		bash_candidates(o->completion, o);
		printf("; return ;;\n");
	}
	printf("\t\tesac\n\t\tif [[ $cur == -* ]]; then\n"
	       "\t\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (o = verb->opts; o->kind != OPT_END; o++)
		printf("--%s ", o->name);
	printf("--help' -- \"$cur\")\n\t\telse\n\t\t\t");
	bash_candidates(verb->completion, NULL);
	printf("\n\t\tfi ;;\n");
}

static void completion_bash(void)
{
	u32 i;

	printf("# SPDX-License-Identifier: GPL-2.0-only\n"
	       "# Generated by scxtwin --dump-completion bash.\n"
	       "# shellcheck shell=bash\n"
	       "_scxtwin() {\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	       "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (i = 0; verbs[i]; i++)
		printf("%s ", verbs[i]->name);
	printf("--help --version' -- \"$cur\")\n\t\treturn\n\tfi\n\tcase \"${COMP_WORDS[1]}\" in\n");
	for (i = 0; verbs[i]; i++)
		bash_verb(verbs[i]);
	printf("\tesac\n}\ncomplete -F _scxtwin scxtwin\n");
}

/* Text inside a specification of _arguments, within single quotes. */
static void zsh_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else if (strchr("[]:\\", *text))
			printf("\\%c", *text);
		else
			putchar(*text);
	}
}

static void zsh_candidates(enum completion completion, const struct opt *o)
{
	if (o && o->kind == OPT_CHOICE) {
		printf("(");
		print_choices(o);
		printf(")");
	} else if (completion == COMPLETE_POLICY) {
		printf("{compadd -- ");
		print_policy_names();
		printf("; _files -g \"*.so\"}");
	} else if (completion == COMPLETE_FILE) {
		printf("_files");
	}
}

static void zsh_option(const struct opt *o)
{
	printf("\t\t\t'*%s%s", "--", o->name);
	printf("[");
	zsh_text(o->help);
	printf("]");
	if (o->arg) {
		printf(":%s:", o->arg);
		zsh_candidates(o->completion, o);
	}
	printf("' \\\n");
}

static void zsh_verb(const struct verb *verb)
{
	const struct opt *o;

	printf("\t%s)\n\t\t_arguments \\\n", verb->name);
	for (o = verb->opts; o->kind != OPT_END; o++)
		zsh_option(o);
	if (!verb->no_args) {
		printf("\t\t\t'*:%s:", verb->name);
		zsh_candidates(verb->completion, NULL);
		printf("' \\\n");
	}
	printf("\t\t\t'--help[a summary]' ;;\n");
}

static void completion_zsh(void)
{
	u32 i;

	printf("#compdef scxtwin\n# SPDX-License-Identifier: GPL-2.0-only\n"
	       "# Generated by scxtwin --dump-completion zsh.\n"
	       "_scxtwin() {\n\tlocal -a verbs=(\n");
	for (i = 0; verbs[i]; i++) {
		printf("\t\t'%s:", verbs[i]->name);
		zsh_text(verbs[i]->summary);
		printf("'\n");
	}
	printf("\t)\n\tif ((CURRENT == 2)); then\n\t\t_describe verb verbs\n\t\treturn\n\tfi\n"
	       "\tlocal verb=$words[2]\n\tshift words\n\t((CURRENT--))\n\tcase $verb in\n");
	for (i = 0; verbs[i]; i++)
		zsh_verb(verbs[i]);
	printf("\tesac\n}\n_scxtwin \"$@\"\n");
}

bool docs_completion(const char *shell)
{
	if (!strcmp(shell, "bash"))
		completion_bash();
	else if (!strcmp(shell, "zsh"))
		completion_zsh();
	else
		return false;
	return true;
}
