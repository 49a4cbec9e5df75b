#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: check.sh SCXTWIN
#
# The command line from outside: exit statuses, what goes to which stream, and
# the texts that are made from the option tables. Prints what failed, then
# 'N passed, N failed'.

. "$(dirname -- "${BASH_SOURCE[0]}")/expect.bash"

cat >mix.json <<'JSON'
{"format": "scxtwin-workload", "version": 1, "name": "mix", "machine": {"cpus": 4},
 "tasks": [
	{"name": "batch", "count": 6, "steps": [["run", "40ms"]]},
	{"name": "waker", "count": 4, "steps": [["loop", 20, [["run", "300us"], ["sleep", "1ms"]]]]},
	{"name": "pinned", "cpus": [2], "steps": [["loop", 10, [["run", "1ms"], ["sleep", "2ms"]]]]}
 ]}
JSON
echo '{"format": "scxtwin-workload", "version": 1, "taks": []}' >typo.json
cat >forever.json <<'JSON'
{"format": "scxtwin-workload", "version": 1, "machine": {"cpus": 2},
 "tasks": [{"name": "busy", "count": 4, "steps": [["loop", "forever", [["run", "10us"], ["yield"]]]]}]}
JSON

# the command itself
expect 2 '' 'a verb is missing'
expect 2 '' 'unknown verb jump' jump
expect 2 '' 'unknown option --jump' --jump
expect 0 '^usage: scxtwin VERB' '' --help
expect 0 '^scxtwin [0-9.]+, sched_ext as of Linux 7\.3$' '' version
expect 0 '^scxtwin [0-9.]+' '' --version
for verb in run explore replay merge lint import digest conform record policies version; do
	expect 0 "^usage: scxtwin $verb" '' "$verb" --help
	expect 2 '' 'unknown option --no-such-thing' "$verb" --no-such-thing
	expect 0 "^\\.Dt SCXTWIN-$verb 1" '' --dump-man "$verb"
done
expect 0 '^\.Dt SCXTWIN 1' '' --dump-man scxtwin
expect 2 '' 'no man page jump' --dump-man jump
expect 0 '^complete -F _scxtwin scxtwin' '' --dump-completion bash
expect 0 '^#compdef scxtwin' '' --dump-completion zsh
expect 2 '' 'no completion for fish' --dump-completion fish
"$scxtwin" --dump-completion bash >"$work/out" 2>"$work/err" && bash -n "$work/out" 2>"$work/err"
judge 'the bash completion is a script' "$([ -s "$work/err" ] && echo 'it is not')"

# Every option of --help is in the man page, and in both completions.
"$scxtwin" --dump-completion bash >completion.bash
"$scxtwin" --dump-completion zsh >completion.zsh
for verb in run import; do
	"$scxtwin" --dump-man "$verb" | sed 's/\\-/-/g' >page
	"$scxtwin" "$verb" --help | grep -oE '^  (-., |    )--[a-z-]+' | grep -oE -- '--[a-z-]+' >options
	missing=
	while read -r option; do
		grep -qE "^\\.It .*Fl ${option#-}( |$)" page &&
			grep -qE -- "${option}[ ']" completion.bash &&
			grep -qE -- "${option}\\[" completion.zsh ||
			missing="$missing $option"
	done <options
	[ "$(wc -l <options)" -ge 4 ] || missing="nearly all"
	judge "options of $verb in all texts" "${missing:+missing: $missing}"
done

# strict options
expect 2 '' 'unknown option --pol;' run --pol fifo mix.json
expect 2 '' 'missing: WORKLOAD' run
expect 2 '' 'one argument too many: two' run one two
expect 2 '' 'from 1 to 4096' run --cpus 0 mix.json
expect 2 '' 'from 1 to 4096' run --cpus 4097 mix.json
expect 2 '' 'from 1 to 4096' run --cpus 4x mix.json
expect 2 '' 'a duration such as' run --limit 1.5s mix.json
expect 2 '' 'one of timed, costed, explored' run --mode fast mix.json
expect 2 '' 'behind --cpus' run --cpus
expect 2 '' 'no argument belongs to --json=1' run --json=1 mix.json
expect 2 '' 'and there is none' run --set slice_ns=1ms mix.json
expect 2 '' 'name=value is needed' run --policy fifo --set slice_ns mix.json
expect 2 '' 'only one can be given' run --digest --json mix.json
expect 2 '' 'one policy only' run -p fifo -p vtime --log x mix.json
expect 2 '' 'belongs to --mode costed' run --costs callback=1 mix.json

# policies
expect 0 '^central ' '' policies
expect 0 '    slice_ns=20ms ' '' policies fifo
expect 2 '' 'no built-in policy "jump"' policies jump
expect 2 '' 'unknown policy "fife"; there are fifo, none' run -p fife mix.json
expect 2 '' 'it has slice_ns' run -p fifo --set slice=1ms mix.json
expect 2 '' 'a duration from' run -p fifo --set slice_ns=1 mix.json

# input
expect 3 '' 'no-such-file' run no-such-file
expect 3 '' 'typo\.json.*taks' run typo.json
expect 0 '' '' lint mix.json
expect 3 'typo\.json.*taks' '' lint mix.json typo.json
expect 3 '' 'no-such-file' digest no-such-file
expect 2 '' '--output is missing' import mix.json

# runs: data to stdout, nothing to stderr in a pipe
for policy in none fifo-global fifo vtime queue local-on central immed reenq; do
	expect 0 '^[0-9a-f]{64}$' '' run --digest -p "$policy" mix.json
	digest=$(cat "$work/out")
	expect 0 "^$digest\$" '' run --digest -p "$policy" --check-determinism mix.json
	expect 0 "^$digest\$" '' run --digest -p "$policy" --no-tick-elision --force-suspend mix.json
	expect 0 "$digest" '' run -p "$policy" mix.json
	expect 0 "$digest" '' run --json -p "$policy" mix.json
done
"$scxtwin" run --digest -p fifo --log log.jsonl mix.json >digest.run 2>"$work/err"
"$scxtwin" digest log.jsonl >"$work/out" 2>>"$work/err"
judge 'the digest of a log is that of the run' \
	"$(cmp -s digest.run "$work/out" || echo 'they differ')"
{ cat log.jsonl && printf '\0'; } >zero.jsonl
expect 3 '' 'expected no zero byte' digest zero.jsonl
"$scxtwin" run --digest -p fifo mix.json >digest.bare 2>"$work/err"
judge 'a log does not change the digest' "$(cmp -s digest.run digest.bare || echo 'it does')"
expect 0 '^\{' '' run --json -p fifo --perfetto out.pftrace mix.json
judge 'the Perfetto trace is there' "$([ -s out.pftrace ] || echo 'it is not')"
expect 0 'vtime +fifo' '' run -p vtime -p fifo --set slice_ns=1ms mix.json
expect 0 '*' 'limit was reached with' run --limit 20ms -p fifo forever.json
expect 124 '' 'the time limit was reached' run --time-limit 1 -p fifo forever.json

# costs: the kernel's time goes on the tasks' account, and that is no failure
sed 's/^ ]}$/ ], "expect": {"exact_cpu_time": true}}/' mix.json >exact.json
expect 0 '^end +done' '' run -p vtime --mode costed --costs server exact.json

# a run beside its recording
wake=$traces/wake.jsonl.gz
expect 0 '^worker .* 8875 ' '' run --compare-recorded -p fifo-global "$wake"
expect 0 '^	*"format": "scxtwin-fidelity"' '' run --compare-recorded --json -p fifo-global "$wake"
gzip -dc "$wake" | grep -v '^{"observed":' >demand.jsonl
expect 3 '' 'demand\.jsonl.*nothing that was observed' run --compare-recorded -p fifo-global demand.jsonl
expect 3 '' 'mix\.json.*is no recording' run --compare-recorded mix.json
expect 2 '' 'one policy only' run --compare-recorded -p fifo -p vtime mix.json
expect 2 '' 'cannot be with' run --compare-recorded --digest mix.json

# waits without end are listed, and pipes read once only
cat >stuck.json <<'JSON'
{"format": "scxtwin-workload", "version": 1, "machine": {"cpus": 2}, "tasks": [
	{"name": "a", "steps": [["wait"], ["wake", "b"]]}, {"name": "b", "steps": [["wait"], ["wake", "a"]]}]}
JSON
expect 1 '^end +stuck' '^  pid [0-9]+ b: waits for a wake' run -p fifo stuck.json
expect 0 "$(cat digest.bare)" '' run --digest -p fifo <(cat mix.json)

# outputs that cannot be written
expect 2 '' 'No such file' run -p fifo --log none/log.jsonl mix.json
expect 1 '*' '/dev/full: could not be written' run -p fifo --log /dev/full mix.json
"$scxtwin" run -p fifo mix.json >/dev/full 2>"$work/err"
judge 'a full standard output' "$([ $? -eq 1 ] || echo 'status is not 1')"
"$scxtwin" run -p fifo --log closed.jsonl mix.json >&- 2>"$work/err"
judge 'a closed standard output' "$([ $? -eq 1 ] || echo 'status is not 1')"
"$scxtwin" digest closed.jsonl >"$work/out" 2>"$work/err"
judge 'a closed standard output is no place for a log' \
	"$(cmp -s digest.bare "$work/out" || echo 'the log is damaged')"

# failures of a policy
if [ -d "$plugins" ]; then
	expect 0 '^[0-9a-f]{64}$' '' run --digest -p "$plugins/plain.so" mix.json
	expect 1 '*' 'SCX_EXIT_ERROR \(1024\).*DSQ' run -p "$plugins/unknown_dsq.so" mix.json
	expect 1 '*' 'went on under the fair class' run -p "$plugins/error_at_enqueue.so" mix.json
	expect 1 '*' 'SCX_EXIT_ERROR_STALL \(1026\)' run -p "$plugins/never_dispatched.so" mix.json
	expect 1 '*' 'crashed: NULL pointer' run -p "$plugins/crash_enqueue.so" mix.json
	expect 1 '*' 'must not be called from' run -p "$plugins/insert_in_running.so" mix.json
	expect 1 '*' 'refused' run -p "$plugins/bad_flags.so" mix.json
	expect 3 '' 'does not define the symbol' run -p "$plugins/no_symbol.so" mix.json
	expect 3 '' 'uses scx_bpf_no_such_thing' run -p "$plugins/unresolved.so" mix.json
	# The worst of several runs decides, and the others are still made.
	expect 1 'fifo' 'DSQ' run -p fifo -p "$plugins/unknown_dsq.so" mix.json
fi
expect 3 '' 'not-there\.so' run -p ./not-there.so mix.json

# Every task of the shipped recording ends, having used exactly the CPU time it asked for.
demand=$(zcat "$wake" | awk -F'"ns":' '/"ev":"run"/ { n += $2 + 0 } END { printf "%.0f", n }')
for policy in fifo vtime none; do
	"$scxtwin" run -p "$policy" --json "$wake" >used.json 2>err
	used=$(awk -F'[:, ]+' '/"run_ns"/ { print $(NF - 1); exit }' used.json)
	left=$(awk -F'[:, ]+' '/"nr_tasks_left"/ { print $(NF - 1); exit }' used.json)
	judge "the recording under $policy" \
		"$([ "$used" = "$demand" ] && [ "$left" = 0 ] || echo "used $used of $demand ns, $left tasks left")"
done

conclude
