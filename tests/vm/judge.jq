# SPDX-License-Identifier: GPL-2.0-or-later
# For tests/vm/run, which puts ../live/truth.jq and a ")" behind it: each run of the generator in
# $runs is $truth in its turn, $events those of $all that can belong to it, $table its rows.
# Before that, what holds for the whole of the trace.

def complaints_of_trace:
	[$all[] | select(.kind == "summary")]
	| if length != 1 then "\(length) summaries" else .[0] |
	  (select(.loss.total != 0) | "loss: \(.loss)"),
	  (.audit[] | .netns as $netns | to_entries[]
	   | select((.value | type) == "object" and (.value.error // 0) != 0)
	   | "audit of \($netns): \(.key) \(.value)") end;

complaints_of_trace,
($begins | add // {}) as $begins
| ($table | split("\n")) as $lines
| ($runs[] as $run
 | [$run] as $truth
 | ($lines | map(select(startswith($run.scenario + " "))) | join("\n")) as $table
 # inodes of namespaces come again: what has no port is told by when it happened
 | ($begins[$run.scenario] * 1e9) as $begin
 | ([$begins[] * 1e9 | select(. > $begin)] | min // infinite) as $over
 | ($all | map(select(.kind == "summary" or (.netns == $run.netns and
	if .local_port == null and .remote_port == null then .ts_ns >= $begin and .ts_ns < $over
	else .local_port == $run.port or .remote_port == $run.port end)))) as $events |
