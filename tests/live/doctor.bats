#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace doctor` on this host: a range that is used up is found with its evidence, in the
# namespace where that is so, live and from a recording, and nothing is changed.

bats_require_minimum_version 1.5.0
load lib

setup() {
	live_setup
	need_command python3
	probe_trace
	netns_new t
	time_wait_stays t
	in_ns t sysctl -qw net.ipv4.ip_local_port_range="40000 40063" net.ipv4.tcp_tw_reuse=0
}

teardown() {
	live_teardown
}

# exhaust COUNT: OPENED and FAILED
exhaust() {
	read -r OPENED FAILED < <(in_ns t python3 "$LIVE/doctor/exhaust.py" 7300 "$1" 3>&- </dev/null)
	[[ $OPENED && $FAILED ]]
}

# finding ID FILTER: of the document
finding() {
	jq -r --arg id "$1" ".findings[] | select(.id == \$id) | $2" "$EVENTS"
}

# proof ID WHAT: a piece of its evidence
proof() {
	finding "$1" ".evidence[] | select(.what == \"$2\") | .value"
}

sysctls() {
	in_ns t sysctl -a 2>/dev/null | grep -v -e random -e '^fs\.' -e nf_conntrack_count -e ns_last_pid
}

@test "a range that is used up is found, with what the client counted" {
	start_here doctor --for 1h -o json
	exhaust 100
	stop_twtrace
	expect "opened" "$OPENED" 64
	expect "severity" "$(finding ports_exhausted .severity)" problem
	expect "ports" "$(proof ports_exhausted "ports to choose from")" 64
	expect "in TIME_WAIT" "$(proof ports_exhausted "of them in TIME_WAIT")" 64
	expect "failed" "$(proof ports_exhausted "connects that found no port")" "$FAILED"
	expect "namespace" "$(finding ports_exhausted '.netns | map([.ino, .name]) | tostring')" \
		"[[$(ns_inode t),\"$(ns t)\"]]"
	expect "sysctl" "$(finding reuse_not_here '.settings | map([.name, .value, .was]) | tostring')" \
		'[["net.ipv4.tcp_tw_reuse","2","0"]]'
	expect "command" "$(finding reuse_not_here .command)" \
		"ip netns exec $(ns t) sysctl -w net.ipv4.tcp_tw_reuse='2'"
	for tip in tcp_tw_reuse ip_local_port_range; do
		expect "$tip" "$(jq -r --arg tip "$tip" '.advice[] | select(.setting == $tip) | .verdict' "$EVENTS")" true
	done
}

@test "what it proposes helps: with its command the same client finds ports" {
	local command

	start_here doctor --for 1h -o json
	exhaust 100
	stop_twtrace
	((FAILED > 0)) || fail "nothing failed"
	command=$(finding reuse_not_here .command)
	bash -c "$command"
	expect "tcp_tw_reuse" "$(in_ns t sysctl -n net.ipv4.tcp_tw_reuse)" 2
	# the delay of one second is over for the oldest of them when one connect succeeds
	wait_until ports_come_back
}

ports_come_back() {
	exhaust 64 && ((FAILED == 0))
}

@test "nothing is changed, and the fragment is for the host's own namespace only" {
	sysctls >"$BATS_TEST_TMPDIR/before"
	start_here doctor --for 1h --sysctl-conf
	exhaust 100
	stop_twtrace
	sysctls | diff "$BATS_TEST_TMPDIR/before" -
	grep -q 'Of other network namespaces' "$EVENTS"
	grep -qF "#   ip netns exec $(ns t) sysctl -w net.ipv4.tcp_tw_reuse='2'" "$EVENTS"
	run ! grep '^[^#]' "$EVENTS"
}

@test "one namespace that is asked for is judged with what is of all" {
	start_here doctor --for 1h -o json --netns "$(ns_inode t)"
	exhaust 100
	stop_twtrace
	expect "namespaces" "$(jq -c '[.findings[].netns // [] | .[].ino] | unique' "$EVENTS")" \
		"[$(ns_inode t)]"
	expect "not judged" "$(jq -c '[.unjudged[].rule | select(startswith("orphans"))]' "$EVENTS")" "[]"
}

@test "a recording says the same, with the facts of then" {
	local recording=$BATS_TEST_TMPDIR/recording

	start_here record "$recording"
	exhaust 100
	stop_twtrace
	in_ns t sysctl -qw net.ipv4.tcp_tw_reuse=1
	STATUS=0
	"$TWTRACE" doctor --fail -o json -i "$recording" >"$EVENTS" || STATUS=$?
	expect "status" "$STATUS" 4
	expect "failed" "$(proof ports_exhausted "connects that found no port")" "$FAILED"
	expect "tcp_tw_reuse of then" "$(proof reuse_not_here net.ipv4.tcp_tw_reuse)" 0
	expect "counters" "$(jq -r .counters_since "$EVENTS")" window
}

@test "without the right to trace it looks at /proc, and says so" {
	need_command setpriv
	setpriv --reuid 65534 --clear-groups --bounding-set -all --inh-caps -all \
		"$TWTRACE" doctor --for 100ms -o json >"$EVENTS" 2>"$ERRORS" 3>&-
	[[ $(<"$ERRORS") == *"; looking at /proc alone" ]]
	jq -e '.evidence == null and (.missing | startswith("Nothing was traced: "))
		and .counters_since == "window" and .window_s > 0
		and (.unjudged | map(.rule) | index("ports_exhausted"))' "$EVENTS"
	# a tier that is insisted on is not given up
	run -3 setpriv --reuid 65534 --clear-groups --bounding-set -all --inh-caps -all \
		"$TWTRACE" doctor --for 100ms --evidence timer
}
