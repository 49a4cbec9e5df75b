#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: cookie.sh SCXTWIN
#
# What no kernel has, from the command line: the switch, and the race that the
# dispatch cookie is against. Prints what failed, then 'N passed, N failed'.

. "$(dirname -- "${BASH_SOURCE[0]}")/expect.bash"

scenario=$traces/explore/stale_affinity.json

none='[(][)], which is in no kernel; the proposed feature "cookie" has it'
kernels='cookie [(]not in any kernel[)]'

# the switch
expect 2 '' "policy cookie calls scx_bpf_task_get_cookie$none" run -p cookie "$scenario"
expect 2 '' "policy cookie calls scx_bpf_task_get_cookie$none" explore -p cookie "$scenario"
expect 3 '' "uses_cookie.so: calls scx_bpf_.*$none" run -p "$plugins/uses_cookie.so" "$scenario"
expect 2 '' 'unknown proposed feature "crumb"; there is: cookie' run --proposed crumb -p fifo "$scenario"
expect 2 '' 'unknown proposed feature "crumb"; there is: cookie' explore --proposed cookie,crumb -p fifo "$scenario"
expect 0 "^proposed  $kernels" '*' run --proposed cookie -p cookie "$scenario"
expect 0 "^proposed  $kernels" '*' run --proposed cookie -p cookie -p fifo "$scenario"
expect 0 "\"proposed\": ?\"$kernels\"" '*' run --proposed cookie -p cookie --json "$scenario"
expect 0 "\"proposed\": ?\"$kernels\"" '*' run --proposed cookie -p cookie --log - "$scenario"
expect 0 '^[0-9a-f]{64}$' '*' run --proposed cookie -p cookie --digest --log log.jsonl "$scenario"
expect 0 "^$(cat out)$" '*' digest log.jsonl
expect 0 '*' '*' run -p fifo "$scenario"
grep -q proposed out && failed=$((failed + 1)) && echo 'FAILED  the summary speaks of what was not asked for'
for set in commit=0 commit=1; do
	expect 0 '^[0-9a-f]{64}$' '*' run --proposed cookie -p cookie --set $set --digest --check-determinism "$scenario"
	expect 0 "^$(cat out)$" '*' run --proposed cookie -p cookie --set $set --digest --no-tick-elision --force-suspend "$scenario"
done

# more waiting tasks than the policy has places for: the rest goes to the global queue
cat >many.json <<'EOT'
{ "format": "scxtwin-workload", "version": 1, "name": "many", "machine": { "cpus": 2 },
  "tasks": [ { "name": "t", "count": 2500, "steps": [ ["run", "10us"] ] } ],
  "expect": { "finished": true, "exit_kind": "none", "exact_cpu_time": true } }
EOT
expect 0 '"event":"dsq_insert","dsq":"0x8000000000000001"' '*' run --proposed cookie -p cookie --log - many.json
expect 0 'end       done' '*' run --proposed cookie -p cookie many.json

# what a policy of its own queue owes: idle CPUs are told, slices are those of the parameter
cat >kick.json <<'EOT'
{ "format": "scxtwin-workload", "version": 1, "name": "kick", "machine": { "cpus": 2 },
  "tasks": [ { "name": "p", "cpus": [0], "steps": [ ["affinity", "self", [0, 1]], ["sleep", "1ms"], ["run", "1ms"] ] },
             { "name": "hog", "cpus": [0], "count": 2, "steps": [ ["run", "100ms"] ] } ],
  "expect": { "finished": true, "exit_kind": "none", "max_wakeup_latency": { "p": "1us" } } }
EOT
for set in commit=0 commit=1; do
	expect 0 '"nr_switches": ?[12][0-9],' '*' run --proposed cookie -p cookie --set $set --json kick.json
	expect 0 '"nr_switches": ?[4-9][0-9],' '*' run --proposed cookie -p cookie --set $set --set slice_ns=1ms --json kick.json
done

# a policy that asks first runs in either case, and asks the later form only where it is
expect 0 '"kfunc":"dsq_insert"' '*' run -p "$plugins/asks_for_cookie.so" --log - "$scenario"
expect 0 '"kfunc":"dsq_insert_commit"' '*' run --proposed cookie -p "$plugins/asks_for_cookie.so" --log - "$scenario"

# the race: found, in few departures; gone with ops.dequeue() or with the cookie
expect 1 'ejected: runtime error [(]1024[)]: SCX_DSQ_LOCAL\[_ON\] target CPU 1 not allowed for p' '*' \
	explore -p "$plugins/stale_decision.so" -o found.json "$scenario"
expect 1 'departures from the default order: [123],' '*' explore -p "$plugins/stale_decision.so" --strategy dfs --bound 2 "$scenario"
expect 1 'target CPU 1 not allowed for p' '*' replay --view policy found.json
expect 0 '^proved up to bound 2: ' '*' explore -p "$plugins/stale_decision.so" --set synchronised=1 --strategy dfs --bound 2 "$scenario"
expect 0 "^proved up to bound 2: .*; proposed: $kernels" '*' explore --proposed cookie -p cookie --strategy dfs --bound 2 "$scenario"
expect 0 "^proved up to bound 2: " '*' explore --proposed cookie -p cookie --set commit=1 --strategy dfs --bound 2 "$scenario"

# schedules and results carry it
expect 0 "proposed: $kernels" '*' explore --proposed cookie -p cookie --strategy dfs --bound 0 --results r.jsonl "$scenario"
expect 0 "proposed: $kernels" '*' merge r.jsonl
expect 1 '^found' '*' explore --proposed cookie -p "$plugins/stale_decision.so" -o with.json "$scenario"
grep -q '"proposed": "cookie"' with.json && passed=$((passed + 1)) || failed=$((failed + 1))
grep -q '"proposed"' found.json && failed=$((failed + 1)) || passed=$((passed + 1))
expect 1 'not allowed for p' '*' replay with.json
sed 's/"proposed": "cookie"/"proposed": "crumb"/' with.json >crumb.json
expect 2 '' 'there is: cookie' replay crumb.json

conclude
