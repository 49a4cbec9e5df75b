#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Rewrites sources so that one build holds all mutants.

usage: mutate.py SOURCE_DIR OUTPUT_DIR CHAPTERS DESIGNED...

Every file that CHAPTERS names is read from SOURCE_DIR and written to OUTPUT_DIR with a test of
mutant(N) at each place where mutant N differs, and with the line numbers it had. Beside them:

  mutant.h, mutant.c  which mutant is selected (environment variable SCXTWIN_MUTANT)
  mutants.tsv         number, id, chapter, kind, file:line, the text concerned
  designed.tsv        of designed ones: id, killer, what the killer says, what conform says

Generated mutants: each condition negated (of if, while, for, ?: and each operand of && and ||), each
statement that calls or stores removed. Assertions, yield points and log records are left alone: they
are no behaviour of the kernel. Designed mutants are read from the files DESIGNED; a function that one of
them changes is written twice and chooses at its entry.
"""
import bisect
import collections
import os
import re
import sys

TOKEN = re.compile(r'''
    (?P<space>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<literal>\.?\d[\w.]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<sign><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
''', re.VERBOSE | re.DOTALL | re.MULTILINE)

ASSIGNMENTS = {'=', '|=', '&=', '^=', '+=', '-=', '*=', '/=', '%=', '<<=', '>>='}
OPENING = {'(': ')', '[': ']', '{': '}'}

# What asserts, or only tells others what happened.
NO_BEHAVIOUR = re.compile(r'(BUG|BUG_ON|BUG_FMT|WARN_ON_ONCE|await|yield_point|event_emit|machine_spend'
                          r'|step_\w+|dsq_log|scx_kfunc_log|\w*assert\w*)$')
KINDS = (  # of removed statements, by what they call
    ('lock', re.compile(r'(\w*_lock(_irq|_irqsave)?|switch_rq_lock|mutex_lock|local_irq_\w+)$')),
    ('unlock', re.compile(r'(\w*_unlock(_irq|_irqrestore)?|mutex_unlock)$')),
    ('wait', re.compile(r'(wait_ops_state|scx_wait_dispatching|await)$')),
    ('state', re.compile(r'(scx_opss_\w+|atomic_long_\w+|WRITE_ONCE|smp_store_release)$')),
    ('flag', re.compile(r'(SHARED_OR|SHARED_CLEAR|scx_enter_custody|scx_set_task_state)$')),
    ('callback', re.compile(r'(SCX_CALL_OP\w*|call_task_dequeue)$')),
    ('list', re.compile(r'(list_\w+|rb_\w+|idmap_\w+)$')),
    ('call', re.compile(r'')),
)

Token = collections.namedtuple('Token', 'text start end')
Function = collections.namedtuple('Function', 'name head name_at body end')  # indices of tokens
Mutant = collections.namedtuple('Mutant', 'number id chapter kind where text')


class Refused(Exception):
    pass


def tokenize(text, name):
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise Refused(f'{name}: no C token at "{text[at:at + 20]}"')
        if match.lastgroup != 'space':
            tokens.append(Token(match.group(), at, match.end()))
        at = match.end()
    return tokens


class Source:
    """One file: its tokens, which bracket closes which, its functions."""

    def __init__(self, name, text):
        self.name, self.text = name, text
        self.tokens = tokenize(text, name)
        self.line_starts = [0] + [m.end() for m in re.finditer('\n', text)]
        self.match_brackets()
        self.functions = list(self.find_functions())

    def match_brackets(self):
        self.partner, open_ones = {}, []
        for i, token in enumerate(self.tokens):
            if token.text in OPENING:
                open_ones.append(i)
            elif token.text in OPENING.values():
                other = open_ones.pop()
                self.partner[other], self.partner[i] = i, other

    def find_functions(self):
        head = i = 0
        while i < len(self.tokens):
            text = self.tokens[i].text
            if text == '{':
                end = self.partner[i]
                if self.tokens[i - 1].text == ')':
                    name_at = self.partner[i - 1] - 1
                    yield Function(self.tokens[name_at].text, head, name_at, i, end)
                    head = end + 1
                i = end
            elif text in '([':
                i = self.partner[i]
            elif text == ';':
                head = i + 1
            i += 1

    def function(self, name):
        for function in self.functions:
            if function.name == name:
                return function
        raise Refused(f'{self.name}: there is no function {name}()')

    def line(self, token):
        return bisect.bisect(self.line_starts, self.tokens[token].start)

    def where(self, token):
        return f'src/{self.name}:{self.line(token)}'

    def slice(self, first, last):
        """The text from token first up to and with token last, on one line."""
        return ' '.join(self.text[self.tokens[first].start:self.tokens[last].end].split())


class Finder:
    """Walks the statements of a function and notes what generated mutants change there."""

    def __init__(self, source, function):
        self.source, self.tokens, self.partner = source, source.tokens, source.partner
        self.conditions = set()   # (first, last): ranges of tokens
        self.removable = []       # (kind, first, last)
        self.statement(function.body)

    def text(self, i):
        return self.tokens[i].text

    def end_of_statement(self, i):
        while self.text(i) != ';':
            i = self.partner[i] + 1 if self.text(i) in OPENING else i + 1
        return i

    def statement(self, i):
        """Notes the statement that begins at token i; returns what follows it."""
        text = self.text(i)
        if text == '{':
            i += 1
            while self.text(i) != '}':
                i = self.statement(i)
            return i + 1
        if text in ('if', 'while', 'switch', 'for'):
            return self.statement(self.controlled(text, i + 1))
        if text == 'else':
            return self.statement(i + 1)
        if text == 'do':
            i = self.statement(i + 1)
            return self.controlled('while', i + 1) + 1
        if text in ('case', 'default'):
            while self.text(i) != ':':
                i += 1
            return i + 1
        if self.text(i + 1) == ':':
            return i + 2
        if self.text(i + 1) == '(' and re.match(r'\w|{', self.text(self.partner[i + 1] + 1)):
            return self.statement(self.partner[i + 1] + 1)    # for_each_something(...)
        end = self.end_of_statement(i)
        self.simple(i, end)
        return end + 1

    def controlled(self, keyword, paren):
        close = self.partner[paren]
        if keyword == 'for':
            first = self.end_of_statement(paren + 1)
            second = self.end_of_statement(first + 1)
            if second > first + 1:
                self.conditions.add((first + 1, second - 1))
        elif keyword != 'switch':
            self.conditions.add((paren + 1, close - 1))
        self.expression(paren + 1, close)
        return close + 1

    def simple(self, first, semicolon):
        self.expression(first, semicolon)
        kind = self.kind_of(first, semicolon)
        if kind:
            self.removable.append((kind, first, semicolon))

    def kind_of(self, first, semicolon):
        at = first + 3 if [self.text(first + k) for k in range(3)] == ['(', 'void', ')'] else first
        if self.text(at + 1) == '(' and self.partner[at + 1] + 1 == semicolon:
            name = self.text(at)
            if NO_BEHAVIOUR.match(name) and name != 'await':
                return None
            return next(kind for kind, pattern in KINDS if pattern.match(name))
        if self.text(first) in ('return', 'goto', 'break', 'continue', ';') or self.declares(first):
            return None
        for i in range(first, semicolon):
            if self.text(i) in ('|=', '&='):
                return 'flag'
            if self.text(i) in ('++', '--', '+=', '-='):
                return 'count'
            if self.text(i) in ASSIGNMENTS:
                return 'store'
        return None

    def declares(self, first):
        words = [self.text(first), self.text(first + 1), self.text(first + 2)]
        is_word = [bool(re.match(r'\w', word)) for word in words]
        return is_word[0] and (is_word[1] or (words[1] == '*' and is_word[2]))

    def expression(self, first, end):
        """Notes operands of && and || and conditions of ?: between two tokens."""
        i = first
        while i < end:
            if re.match(r'\w', self.text(i)) and NO_BEHAVIOUR.match(self.text(i)) and self.text(i + 1) == '(':
                i = self.partner[i + 1]
            elif self.text(i) in ('&&', '||'):
                stops = {'||', '&&'} if self.text(i) == '&&' else {'||'}
                self.conditions.add((self.operand_begin(i, stops), i - 1))
                self.conditions.add((i + 1, self.operand_end(i, stops)))
            elif self.text(i) == '?':
                self.conditions.add((self.operand_begin(i, set()), i - 1))
            i += 1

    def operand_begin(self, i, stops):
        while True:
            before = self.text(i - 1)
            if before in (')', ']', '}'):
                i = self.partner[i - 1]
            elif before in stops | ASSIGNMENTS | {'(', '[', '{', '}', ',', ';', '?', ':', 'return'}:
                return i
            else:
                i -= 1

    def operand_end(self, i, stops):
        while True:
            after = self.text(i + 1)
            if after in OPENING:
                i = self.partner[i + 1]
            elif after in stops | {')', ']', '}', ',', ';', '?', ':'}:
                return i
            else:
                i += 1


class Insertions:
    """Pairs of texts around ranges of a text; ranges may nest."""

    def __init__(self):
        self.pairs = []

    def around(self, start, end, before, after):
        self.pairs.append((start, end, before, after))

    def apply(self, text):
        before, after = collections.defaultdict(str), collections.defaultdict(str)
        for start, end, head, tail in sorted(self.pairs, key=lambda pair: pair[0] - pair[1]):
            before[start] += head                # the widest range outermost
            after[end] = tail + after[end]
        parts, at = [], 0
        for position in sorted(set(before) | set(after)):
            parts += text[at:position], after[position], before[position]
            at = position
        return ''.join(parts) + text[at:]


class Designed:
    """An entry of the list of designed mutants."""

    KEYS = {'id', 'chapter', 'rules', 'fault', 'killer', 'shows', 'conform'}
    NEEDED = {'id', 'chapter', 'rules', 'fault', 'killer'}

    def __init__(self, where):
        self.where, self.fields, self.edits = where, {}, []

    def add(self, line):
        if line[0] in '+-':
            self.add_edit_line(line)
            return
        key, colon, value = line.partition(':')
        if not colon or (key not in self.KEYS and key != 'in'):
            raise Refused(f'{self.where}: not a line of an entry: {line}')
        if key == 'in':
            if len(value.split()) != 2:
                raise Refused(f'{self.where}: wanted "in: FILE FUNCTION", found "{line}"')
            self.place = value.split()
            self.edits.append((*self.place, [], []))
        elif key in self.fields:
            raise Refused(f'{self.where}: {key} is said twice')
        else:
            self.fields[key] = value.strip()

    def add_edit_line(self, line):
        if not self.edits:
            raise Refused(f'{self.where}: - and + lines come after "in: FILE FUNCTION"')
        _, _, old, new = self.edits[-1]
        if line[0] == '-' and new:               # the next place in the same function
            self.edits.append((*self.place, [], []))
            old = self.edits[-1][2]
        (old if line[0] == '-' else new).append(line[1:])

    def finish(self):
        missing = sorted(self.NEEDED - set(self.fields))
        if missing or not self.edits or not all(old for _, _, old, _ in self.edits):
            raise Refused(f'{self.where}: the entry lacks {", ".join(missing) or "text to replace"}')
        return self


def read_designed(path):
    entries, entry = [], None
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip('\n')
            if not line.strip():
                entry = None
            elif line.startswith('#'):
                continue
            else:
                if entry is None:
                    entry = Designed(f'{path}:{number}')
                    entries.append(entry)
                entry.add(line)
    return [entry.finish() for entry in entries]


def replaced_body(source, function, entry):
    """The text of function behind its name, as entry wants it."""
    body = source.tokens[function.name_at + 1:function.end + 1]
    changes = []
    for file, name, old, new in entry.edits:
        if (file, name) != (source.name, function.name):
            continue
        wanted = [token.text for token in tokenize('\n'.join(old), entry.where)]
        found = [i for i in range(len(body) - len(wanted) + 1)
                 if [token.text for token in body[i:i + len(wanted)]] == wanted]
        if len(found) != 1:
            raise Refused(f'{entry.where}: the text to replace is {len(found)} times in {name}() of {file}, '
                          f'wanted once: {" ".join(wanted)}')
        first, last = body[found[0]], body[found[0] + len(wanted) - 1]
        lines_lost = source.text.count('\n', first.start, last.end)
        changes.append((first.start, last.end, ' '.join(new) + '\n' * lines_lost))
    parts, at = [], body[0].start
    for start, end, text in sorted(changes):
        parts += source.text[at:start], text
        at = end
    return ''.join(parts) + source.text[at:body[-1].end]


def parameter_names(source, function):
    first, last = function.name_at + 2, function.body - 2
    names, depth = [], 0
    for i in range(first, last + 2):
        text = source.tokens[i].text
        if depth == 0 and text in (',', ')'):
            names.append(source.tokens[i - 1].text)
        depth += (text in OPENING) - (text in OPENING.values())
    return [] if names == ['void'] else names


class Writer:
    def __init__(self, chapters):
        self.chapters, self.mutants = chapters, []

    def new(self, name, chapter, kind, where, text):
        self.mutants.append(Mutant(len(self.mutants) + 1, name, chapter, kind, where, text))
        return self.mutants[-1].number

    def chapter_of(self, source, function):
        return self.chapters.get((source.name, function.name), self.chapters.get((source.name, '*')))

    def generate(self, source, function, chapter, insertions):
        found, ordinals = Finder(source, function), collections.Counter()
        places = [('negate', first, last) for first, last in found.conditions] + found.removable
        for kind, first, last in sorted(places, key=lambda place: (place[1], -place[2])):
            ordinals[kind] += 1
            number = self.new(f'{source.name}:{function.name}:{kind}:{ordinals[kind]}', chapter, kind,
                              source.where(first), source.slice(first, last))
            before, after = (f'(mutant({number}) ^ !!(', '))') if kind == 'negate' else \
                            (f'{{ if (!mutant({number})) ', ' }')
            insertions.around(source.tokens[first].start, source.tokens[last].end, before, after)

    def design(self, source, function, entry, number, insertions):
        head = source.text[source.tokens[function.head].start:source.tokens[function.name_at].start]
        static = head if head.startswith('static') else 'static ' + head
        name = f'{function.name}__mutant_{number}'
        parameters = source.text[source.tokens[function.name_at].end:source.tokens[function.body - 1].end]
        line = source.line(function.name_at)
        next_line = source.line(function.end)
        clone = (f'\n#line {line} "src/{source.name}"\n{static}{name}{replaced_body(source, function, entry)}'
                 f'\n#line {next_line} "src/{source.name}"\n')
        returns = '' if static.split()[1:] == ['void'] else 'return '
        arguments = ', '.join(parameter_names(source, function))
        call = f' if (mutant({number})) {{ {returns}{name}({arguments}); {"" if returns else "return; "}}}'
        start, end = source.tokens[function.head].start, source.tokens[function.end].end
        body = source.tokens[function.body].end
        insertions.around(start, end, f'{static}{name}{" ".join(parameters.split())}; ', clone)
        insertions.around(body, body, call, '')

    def rewrite(self, source, entries):
        insertions = Insertions()
        for function in source.functions:
            chapter = self.chapter_of(source, function)
            if chapter and chapter != '-':
                self.generate(source, function, chapter, insertions)
        for entry, number in entries:
            for name in dict.fromkeys(name for file, name, _, _ in entry.edits if file == source.name):
                self.design(source, source.function(name), entry, number, insertions)
        return f'#include "mutant.h"\n#line 1 "src/{source.name}"\n' + insertions.apply(source.text)


MUTANT_H = '''/* Which mutant is selected; generated. */
extern int mutant_selected;
extern unsigned char mutant_reached[];

static inline int mutant(int number)
{
	mutant_reached[number] = 1;
	return mutant_selected == number;
}
'''

MUTANT_C = '''/* Generated: selects the mutant that SCXTWIN_MUTANT names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutant.h"

int mutant_selected;
unsigned char mutant_reached[%(size)d];

static const char *const ids[%(size)d] = {
%(ids)s
};

static void __attribute__((constructor)) select_mutant(void)
{
	const char *wanted = getenv("SCXTWIN_MUTANT");

	if (!wanted || !*wanted)
		return;
	for (int i = 1; i < %(size)d; i++)
		if (!strcmp(ids[i], wanted))
			mutant_selected = i;
	if (!mutant_selected) {
		fprintf(stderr, "SCXTWIN_MUTANT: there is no mutant %%s; mutants.tsv lists them\\n", wanted);
		exit(2);
	}
}

/* Numbers of the mutants whose place this program came to, into the file that SCXTWIN_MUTANTS_REACHED names. */
static void __attribute__((destructor)) tell_reached(void)
{
	const char *name = getenv("SCXTWIN_MUTANTS_REACHED");
	FILE *file = name ? fopen(name, "w") : NULL;

	if (!file)
		return;
	for (int i = 1; i < %(size)d; i++)
		if (mutant_reached[i])
			fprintf(file, "%%d\\n", i);
	fclose(file);
}
'''


def read_chapters(path):
    chapters = {}
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            words = line.split('#')[0].split()
            if not words:
                continue
            if len(words) < 3:
                raise Refused(f'{path}:{number}: wanted CHAPTER FILE FUNCTION..., found "{line.strip()}"')
            for function in words[2:]:
                chapters[words[1], function] = words[0]
    return chapters


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def main(source_dir, output_dir, chapters_path, *designed_paths):
    chapters = read_chapters(chapters_path)
    entries = [entry for path in designed_paths for entry in read_designed(path)]
    writer, by_file = Writer(chapters), collections.defaultdict(list)
    for entry in entries:
        file, function, old, _ = entry.edits[0]
        number = writer.new(entry.fields['id'], entry.fields['chapter'], 'designed', f'src/{file}:{function}',
                            entry.fields['fault'])
        for file in dict.fromkeys(edit[0] for edit in entry.edits):
            by_file[file].append((entry, number))
    files = list(dict.fromkeys(file for file, _ in chapters))
    strangers = sorted(set(by_file) - set(files))
    if strangers:
        raise Refused(f'{chapters_path} does not name {", ".join(strangers)}, which a designed mutant changes')
    for file in files:
        with open(os.path.join(source_dir, file), encoding='utf-8') as source:
            source = Source(file, source.read())
        for name in (name for other, name in chapters if other == file and name != '*'):
            source.function(name)
        write(os.path.join(output_dir, file), writer.rewrite(source, by_file[file]))
    repeated = [name for name, count in collections.Counter(m.id for m in writer.mutants).items() if count > 1]
    if repeated:
        raise Refused(f'ids that two mutants have: {", ".join(repeated)}')
    ids = '\n'.join(f'\t[{mutant.number}] = "{mutant.id}",' for mutant in writer.mutants)
    write(os.path.join(output_dir, 'mutant.h'), MUTANT_H)
    write(os.path.join(output_dir, 'mutant.c'), MUTANT_C % {'size': len(writer.mutants) + 1, 'ids': ids})
    write(os.path.join(output_dir, 'designed.tsv'),
          ''.join('\t'.join(fields.get(key, '') for key in ('id', 'killer', 'shows', 'conform')) + '\n'
                  for fields in (entry.fields for entry in entries)))
    write(os.path.join(output_dir, 'mutants.tsv'),
          ''.join('\t'.join(map(str, mutant)) + '\n' for mutant in writer.mutants))


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (Refused, OSError) as refusal:
        sys.exit(f'mutate.py: {refusal}')
