# SPDX-License-Identifier: GPL-2.0-or-later
# For tests/vm/run, which puts ../live/truth.jq behind it: every run of the generator in $runs is
# $truth in its turn, with those of the events that can belong to it. Before that, what holds for
# the tracer's whole life.
#
#   jq -rn -f BOTH --slurpfile all EVENTS --slurpfile runs TRUTH --arg tier TIER ...

def complaints_of_trace:
	($all | map(select(.kind == "summary"))) as $summaries
	| ($all | map(select(.kind == ("time_wait_enter", "time_wait_exit")))) as $minisocks
	| if ($summaries | length) != 1 then "\($summaries | length) summaries" else $summaries[0] |
	  (select(.evidence != $tier) | "the summary's evidence is \(.evidence)"),
	  (select(.loss.total != 0) | "loss \(.loss)"),
	  (.audit[] | select(.time_wait.error != 0 or .established.error != 0) | "audit \(.)") end,
	  ($minisocks | map(.evidence) | unique | select(. != [$tier])
	   | "births and ends by \(.), not \($tier)");

complaints_of_trace,
($runs[] as $run
 | [$run] as $truth
 | ($all | map(select(.kind == "summary" or (.netns == $run.netns
	and (.local_port == $run.port or .remote_port == $run.port
	     or (.local_port == null and .remote_port == null)))))) as $events |
