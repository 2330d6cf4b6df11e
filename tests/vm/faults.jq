# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is wrong with what twtrace said while the clock was set, the machine slept, and processors
# came and went (tests/vm/faults), a sentence each. $clock, $asleep: the events of `trace`; $cpus:
# the documents of `top`; $days: those that the clock was set to; $woke: when it woke, in seconds.

def same(what; is; expected): if is == expected then empty else "\(what): \(is), not \(expected)" end;
def within(what; is; from; to):
	if is != null and is >= from and is <= to then empty
	else "\(what): \(is), not from \(from) to \(to)" end;
def counts: [.opened, .closed, .closed_first, .open];
def audited: [.audit[] | .time_wait.error, .established.error] | unique;
def lost: .loss | del(.total, .spilled) | with_entries(select(.value != 0));
# Of each connection. Of two, one may come after the other which took its time later: what a
# processor has begun to tell waits where the machine is not given that processor.
def in_order(what):
	same(what; [group_by(.cookie)[] | [.[].ts_ns | values] | . == sort] | all; true),
	within(what + ", ns back"; [.[].ts_ns | values] | [.[:-1], .[1:]] | transpose | map(.[0] - .[1]) | max;
		-86400e9; 1e9);

# ten seconds at most, in which the clock was two days off
($clock | in_order("clock: times in order")),
($clock[-1] |
	same("clock: counts"; .totals | counts; [50, 50, 25, 0]),
	within("clock: longest life, ms"; .totals.lifetime_ms.max; 6000; 60000),
	same("clock: FIN_WAIT2 that ended"; .totals.fin_wait2_expired; 5),
	within("clock: how long it took, ms"; .totals.time_wait_residence_ms.max; 4000; 30000),
	within("clock: seconds"; .rates_over_s; 7; 90),
	same("clock: errors of the audit"; audited; [0]),
	same("clock: lost"; lost; {})),
($days | split("\n") | same("clock: day while it is ahead";
		$clock | map(select(.remote_port == 7200) | .time[:10]) | unique; .[:1]),
	same("clock: day when it is behind"; $clock | map(select(.kind == "transition"))[-1].time[:10]; .[1])),
# asleep it is no time for a connection, and nothing after it is of before
($asleep | in_order("asleep: times in order")),
within("asleep: seconds from waking to the last event";
	($asleep | map(select(.kind == "transition"))[-1].time | sub("[.].*Z"; "Z") | fromdate) - $woke[0]; 0; 60),
($asleep[-1] |
	same("asleep: counts"; .totals | counts; [40, 40, 20, 0]),
	same("asleep: TIME_WAIT"; .totals.time_wait_entered; 20),
	same("asleep: errors of the audit"; audited; [0]),
	same("asleep: lost"; lost; {})),
($cpus[-1] |
	same("processors: counts"; .totals | counts; [6000, 6000, 3000, 0]),
	same("processors: TIME_WAIT"; .totals.time_wait_entered; 3000),
	same("processors: errors of the audit"; audited; [0]),
	same("processors: lost"; lost; {}))
