#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace ports` on this host: when a range of 64 ports is used up is said before it is, every
# connect() that found none is counted and has its process, and what explicit binds take from
# other destinations is seen.

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

# steady ARGS...: its line is in TRUTH.
steady() {
	TRUTH=$(in_ns t python3 "$ROOT/tests/live/ports/steady.py" "$@" 3>&- </dev/null)
}

# budget PORT FIELD: of the last document, towards that port.
budget() {
	summary_of_ports | jq -r --argjson port "$1" ".budgets[] | select(.remote_port == \$port) | .$2"
}

summary_of_ports() {
	jq -cR 'fromjson? | select(.kind == "summary")' "$EVENTS"
}

@test "when a range of 64 ports is used up is known within 10 %, and half of it before" {
	start_here ports -o jsonl
	# no port comes back within 60 s
	steady 8 90
	stop_twtrace
	expect "connections" "$(truth .opened)" 64
	# each forecast from 2 s on, against what was left; the next connect() after the end fails
	jq -cR 'fromjson? | select(.kind == "interval")' "$EVENTS" |
		jq -e -s --argjson first "$(truth .first_failure)" '
		def at: .to | capture("(?<s>.*)\\.(?<ns>[0-9]+)Z")
			| (.s + "Z" | fromdate) + (.ns | tonumber) / 1e9;
		[.[] | select(.budgets[0].opened >= 16) | {at: at, b: .budgets[0]} | select($first - .at > 2)]
		| length >= 3 and all(.[]; (.b.exhausted_in_s - ($first - .at) | fabs) <= 0.1 * ($first - .at))' ||
		fail "$(events '[.to, .budgets[0].exhausted_in_s]') but $(truth .first_failure)"
	# the warning comes before connect() fails
	jq -cR 'fromjson? | select(.kind == "interval") | .budgets[]?.level' "$EVENTS" | uniq | tr -d '\n' |
		grep -q '"fine""nearing""half""exhausted"'
}

@test "every connect() that found no port is counted, with its process" {
	start_here ports -o jsonl
	steady 400 100
	stop_twtrace
	expect "failed" "$(truth .EADDRNOTAVAIL)" 36
	expect "of the budget" "$(budget 7300 failures)" 36
	expect "its level" "$(budget 7300 level)" exhausted
	expect "failures" "$(summary_of_ports | jq -c '.failures | map([.kind, .error, .count, .pid, .service, .remote_port])')" \
		"[[\"connect\",\"EADDRNOTAVAIL\",36,$(truth .pid),\"python3\",7300]]"
	expect "opened" "$(budget 7300 opened)" 100
	# none was left when the first one failed
	expect "most at once" "$(budget 7300 peak)" 64
}

@test "two destinations have two budgets" {
	start_here ports -o jsonl
	steady 400 120 2
	stop_twtrace
	expect "connections" "$(truth .opened)" 120
	for port in 7300 7301; do
		expect "the one of $port" "$(budget "$port" '|[.opened, .capacity, .failures]|tostring')" \
			"[60,64,0]"
		# loopback's own RSTs kill a TIME_WAIT now and then
		(($(budget "$port" peak) >= 58)) || fail "towards $port: $(summary_of_ports)"
	done
}

@test "explicit binds starve another destination, and are seen to" {
	local taken

	start_here ports -o jsonl
	steady 400 120 2 bind
	stop_twtrace
	(($(truth .EADDRNOTAVAIL) > 0)) || fail "nothing failed: $TRUTH"
	taken=$(budget 7300 used)
	expect "ports taken by binds" "$(budget 7301 blocked)" "$taken"
	expect "by explicit ones" "$(budget 7301 blocked_by_bind)" true
	expect "what is left" "$(budget 7301 capacity)" $((64 - taken))
	expect "failures" "$(budget 7301 failures)" "$(truth .EADDRNOTAVAIL)"
	expect "of the binds' own destination" "$(budget 7300 '|[.blocked, .capacity]|tostring')" "[0,64]"
	[[ $(budget 7301 advice) == *IP_BIND_ADDRESS_NO_PORT* ]]
}

@test "a recording tells the same" {
	local recording=$BATS_TEST_TMPDIR/r.twr live

	start_here record "$recording"
	steady 400 100
	stop_twtrace
	live=$("$TWTRACE" ports -o json -i "$recording" |
		jq -c '[.budgets[0].failures, .budgets[0].low, .budgets[0].high, .budgets[0].capacity, .failures[0].count]')
	expect "by the recording" "$live" "[36,40000,40063,64,36]"
	"$TWTRACE" ports -i "$recording" | grep -q 'no port was left: 36 connect() failed'
}
