#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: explore.sh SCXTWIN
#
# Exploration from the command line: find, replay, mend, put parts together.
# Prints what failed, then 'N passed, N failed'.

. "$(dirname -- "${BASH_SOURCE[0]}")/expect.bash"

scenarios=$traces/explore

cp "$scenarios/wake_while_idling.json" "$plugins/lost_wakeup.so" .
expect 1 '^found: ' '*' explore -p ./lost_wakeup.so -o found.json wake_while_idling.json
expect 1 'departures from the default order: [123],' '*' explore -p ./lost_wakeup.so wake_while_idling.json
expect 1 '^forgotten task: pid 2 sleeper' '*' replay found.json
expect 1 'CPU 0 .*CPU 1 .*CPU 2' '*' replay --view policy found.json
expect 1 'lock rq_lock' '*' replay --view core found.json

# The policy's own loads and stores.
cp "$scenarios/wake_while_serving.json" .
expect 0 '^policy steps: kfunc calls$' '*' explore -p "$plugins/server.so" --strategy dpor --from 1005us wake_while_serving.json
expect 1 '^policy steps: kfunc calls and its own loads and stores$' '*' explore -p "$plugins/steps/server.so" \
	--strategy dpor --from 1005us -o served.json --results served.jsonl wake_while_serving.json
expect 1 '^ .*  read server_sleeps$' '*' replay --view policy served.json
expect 1 'server.so, dpor: found: ' '*' merge served.jsonl
expect 0 '^proved: ' '*' explore -p "$plugins/steps/server.so" --set look_again=true --strategy dpor --from 1005us \
	wake_while_serving.json

# The same order with a policy that is right: nothing is left of it.
sed 's/"lost_wakeup.so"/"fifo"/' found.json >mended.json
expect 0 'the violation is gone' '*' replay --lenient mended.json
sed 's/"at": "[^"]*"/"at": "nowhere"/' found.json >moved.json
expect 3 '' 'cannot be followed' replay moved.json

expect 0 '^proved: ' '*' explore -p fifo --strategy dpor "$scenarios/dequeue_dispatch.json"
expect 0 '^proved up to bound 1: ' '*' explore -p fifo --strategy dfs --bound 1 "$scenarios/dequeue_dispatch.json"
expect 0 '^sampled 50: 50 executions' '*' explore -p queue --budget 50 "$scenarios/dequeue_dispatch.json"
for i in 0 1; do
	expect 0 "^part $i/2 proved up to bound 1: " '*' explore -p fifo --strategy dfs --bound 1 --shard "$i/2" \
		--results "part$i.jsonl" "$scenarios/dequeue_dispatch.json"
done
expect 0 'proved up to bound 1: ' '*' merge part0.jsonl part1.jsonl
expect 0 'sampled ' '*' merge part0.jsonl

# Several scenarios: parts are of the scenarios, and what is found does not end the rest.
mkdir findings
suite=("$scenarios/wake_while_idling.json" "$scenarios/dequeue_dispatch.json")
expect 1 'dequeue_dispatch.json: sampled' '*' explore -p ./lost_wakeup.so --budget 2000 -o findings "${suite[@]}"
expect 1 '^forgotten task: pid 2 sleeper' '*' replay findings/wake_while_idling.found.json
for i in 0 1; do
	expect 0 "bound 1" '*' explore -p fifo --strategy dfs --bound 1 --shard "$i/2" --results "suite$i.jsonl" "${suite[@]}"
done
expect 0 'dequeue_dispatch.json, fifo, dfs: proved up to bound 1: ' '*' merge suite0.jsonl suite1.jsonl
expect 3 '' 'part 0/2 of the suite is missing' merge suite1.jsonl
expect 2 '' '*' explore -p fifo --shard 0/3 "${suite[@]}"

expect 2 '' '*' explore --strategy best "$scenarios/dequeue_dispatch.json"
expect 2 '' '*' explore --strategy dpor --shard 0/2 "$scenarios/dequeue_dispatch.json"
expect 3 '' '*' explore nowhere.json
expect 3 '' '*' replay "$scenarios/dequeue_dispatch.json"

conclude
