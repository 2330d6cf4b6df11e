#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How a TIME_WAIT ends. Where the evidence does not show ends as they happen (inferred, and in
# part timer), the end must still be seen, but its reason may be unknown: never a wrong one.

load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# The ends told of the port of TRUTH: [reason, evidence, substate] a line.
ends() {
	events "select(.kind == \"time_wait_exit\" and .netns == $(truth .netns) and
		(.local_port == $(truth .port) or .remote_port == $(truth .port)))
		| [.reason, .evidence, .substate]"
}

ended() {
	[[ $(ends | wc -l) == "$1" ]]
}

# ended_by REASON COUNT: so many ends, and nothing else is said of them.
ended_by() {
	wait_until ended "$2" || fail "ends: $(ends)"
	ends | jq -e --arg reason "$1" '.[0] == $reason or
		(.[0] == "unknown" and (.[1] == "inferred" or .[1] == "timer"))' >/dev/null ||
		fail "ends: $(ends)"
}

# ending SCENARIO REASON: with one TIME_WAIT that ends for REASON.
ending() {
	local family port=7004 truths=()

	start_here trace -o jsonl
	for family in $FAMILIES; do
		traffic "$1" --family "$family" --port $((port++))
		truths+=("$TRUTH")
	done
	for TRUTH in "${truths[@]}"; do
		ended_by "$2" 1
		wait_until truth_holds || fail "$(truth_complaints no)"
	done
	stop_twtrace
}

@test "reused: a connect from the same port takes it over at once" {
	ending time_wait_reused reused
}

@test "reopened: a SYN of the same pair comes to the server's TIME_WAIT" {
	ending time_wait_reopened reopened
}

@test "reset: a RST with exactly the expected sequence number" {
	ending time_wait_reset reset
}

@test "reset: data for a FIN_WAIT2 minisock" {
	ending data_in_fin_wait2 reset
}

@test "destroyed: ss -K" {
	start_here trace -o jsonl
	traffic client_first --count 3 --port 7004
	in_ns t ss -K state time-wait dport = :7004 >/dev/null 2>&1 || true
	[[ $(truth .mib_client.TW) == 3 && -z $(in_ns t ss -Htan state time-wait dport = :7004) ]] ||
		skip "this kernel does not let ss -K end a TIME_WAIT"
	ended_by destroyed 3
	stop_twtrace
}

@test "purged: the namespace ends" {
	start_here trace -o jsonl
	traffic client_first --count 3 --port 7004
	wait_until has_event "select(.kind == \"time_wait_enter\" and .netns == $(truth .netns))"
	netns_del t
	ended_by purged 3
	stop_twtrace
	summary | jq -e '[.ports[] | select(.port == 7004 and .role == "client") | .time_wait] == [0]'
}

# bats test_tags=slow
@test "expired: after its minute, with the time it took" {
	start_here trace -o jsonl
	traffic time_wait_expires --port 7004
	ended_by expired 1
	stop_twtrace
	# the kernel rounds 60 s up, by 4.1 s at most (HZ=1000)
	events 'select(.kind == "time_wait_exit" and .remote_port == 7004) | .residence_ms' |
		jq -e '. == null or (. >= 60000 and . <= 64500)'
	summary | jq -e '[.ports[] | select(.port == 7004 and .role == "client") | .time_wait_expired] == [1]'
}
