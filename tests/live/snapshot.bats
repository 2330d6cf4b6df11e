#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What was there before twtrace: complete when it says that it is ready, with state, owner and
# the time TIME_WAIT has left.

load lib

ESTABLISHED=300
CLOSE_WAIT=100
TIME_WAIT=50

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

hold() {
	start_traffic idle_hold --port 7200 --count $ESTABLISHED --close-wait $CLOSE_WAIT \
		--time-wait $TIME_WAIT "$@"
}

# The rows of `list` in the namespace, by what is at port 7200: the near or the far end.
listed() {
	"$TWTRACE" list -o json 3>&- >"$BATS_TEST_TMPDIR/list"
	jq -c --argjson netns "$(truth .netns)" \
		'.sockets |= map(select(.netns == $netns and .state != "LISTEN"))' \
		"$BATS_TEST_TMPDIR/list" >"$BATS_TEST_TMPDIR/ours"
}

# count_of FILTER
count_of() {
	jq "[.sockets[] | select($1)] | length" "$BATS_TEST_TMPDIR/ours"
}

# All states of idle_hold, at both ends.
all_there() {
	expect "ESTABLISHED server" "$(count_of '.state == "ESTABLISHED" and .local_port == 7200')" $ESTABLISHED
	expect "ESTABLISHED client" "$(count_of '.state == "ESTABLISHED" and .remote_port == 7200')" $ESTABLISHED
	expect "CLOSE_WAIT server" "$(count_of '.state == "CLOSE_WAIT" and .local_port == 7200')" $CLOSE_WAIT
	expect "FIN_WAIT2 client" "$(count_of '.state == "FIN_WAIT2" and .remote_port == 7200')" $CLOSE_WAIT
	expect "TIME_WAIT client" "$(count_of '.state == "TIME_WAIT" and .remote_port == 7200')" $TIME_WAIT
	expect "all" "$(count_of true)" $((2 * ESTABLISHED + 2 * CLOSE_WAIT + TIME_WAIT))
}

list_is_right() {
	hold --family "$1"
	listed
	all_there
	jq -e '[.sockets[] | select(.cookie == null)] == []' "$BATS_TEST_TMPDIR/ours"
	jq -e '[.sockets[].cookie] | length == (unique | length)' "$BATS_TEST_TMPDIR/ours"
	stop_traffic
}

@test "list shows every socket that was there, IPv4" {
	list_is_right 4
}

@test "list shows every socket that was there, IPv6" {
	list_is_right 6
}

@test "list shows every socket that was there, IPv4 in IPv6 sockets, as IPv4" {
	list_is_right mapped
	jq -e 'all(.sockets[]; .local_addr == "127.0.0.1" and .remote_addr == "127.0.0.1")' \
		"$BATS_TEST_TMPDIR/ours"
}

@test "sockets that were there have their owner, their holders and a direction" {
	local server client

	hold
	listed
	server=$(truth .actors.server.pid)
	client=$(truth .actors.client.pid)
	expect "server ends" "$(jq -c '[.sockets[] | select(.local_port == 7200)
		| [.pid, .comm, .direction]] | unique' "$BATS_TEST_TMPDIR/ours")" \
		"[[$server,\"tw-server\",\"incoming\"]]"
	expect "client ends" "$(jq -c '[.sockets[] | select(.remote_port == 7200 and .state == "ESTABLISHED")
		| [.pid, .comm, .direction]] | unique' "$BATS_TEST_TMPDIR/ours")" \
		"[[$client,\"tw-client\",\"outgoing\"]]"
	expect "holders" "$(jq -c '[.sockets[] | select(.state == "ESTABLISHED" or .state == "CLOSE_WAIT")
		| .holders | map(.pid)] | unique | sort' "$BATS_TEST_TMPDIR/ours")" \
		"$(jq -nc "[[$server], [$client]] | sort")"
}

@test "the owner of a minisock from before is unknown, not guessed" {
	hold
	listed
	expect "owners" "$(jq -c '[.sockets[] | select(.expires_ms != null) | [.pid, .holders]] | unique' \
		"$BATS_TEST_TMPDIR/ours")" "[[null,[]]]"
}

@test "minisocks have the time they have left, full sockets have none" {
	hold
	listed
	jq -e 'all(.sockets[] | select(.state == "TIME_WAIT" or .state == "FIN_WAIT2");
		.expires_ms != null and .expires_ms > 0 and .expires_ms <= 64500)' "$BATS_TEST_TMPDIR/ours"
	jq -e 'all(.sockets[] | select(.state == "ESTABLISHED" or .state == "CLOSE_WAIT");
		.expires_ms == null)' "$BATS_TEST_TMPDIR/ours"
}

@test "the age of what was there is a bound, and says so" {
	hold
	listed
	jq -e 'all(.sockets[] | select(.state == "ESTABLISHED"); .age_at_least == true)' \
		"$BATS_TEST_TMPDIR/ours"
}

@test "list --port shows this port's sockets only" {
	hold
	"$TWTRACE" list -o json --port 7200 3>&- >"$BATS_TEST_TMPDIR/list"
	jq -e 'all(.sockets[]; .local_port == 7200 or .remote_port == 7200)' "$BATS_TEST_TMPDIR/list"
	jq -e '.sockets | length > 0' "$BATS_TEST_TMPDIR/list"
}

# row ROLE KEY; 0 where there was nothing to make a row of
row() {
	jq "[.ports[] | select(.port == 7200 and .role == \"$1\")][0].$2 // 0" "$EVENTS"
}

@test "top begins with what was there: open, not opened" {
	hold
	start_here top -o json
	stop_twtrace
	expect "server established" "$(row server established)" $ESTABLISHED
	expect "server close_wait" "$(row server close_wait)" $CLOSE_WAIT
	expect "server opened" "$(row server opened)" 0
	expect "client established" "$(row client established)" $ESTABLISHED
	expect "client fin_wait2" "$(row client fin_wait2)" $CLOSE_WAIT
	expect "client time_wait" "$(row client time_wait)" $TIME_WAIT
	expect "client time_wait_entered" "$(row client time_wait_entered)" 0
	expect "connections" "$(jq .totals.connections "$EVENTS")" $((2 * ESTABLISHED + CLOSE_WAIT))
}

@test "what was there ends under its eyes: closed, by whom, and TIME_WAIT from then on" {
	hold
	start_here trace -o jsonl
	stop_traffic
	wait_until all_turned
	stop_twtrace
	killed=$(events 'select(.kind == "time_wait_exit") | .kind' | wc -l)
	summary >"$BATS_TEST_TMPDIR/summary"
	EVENTS=$BATS_TEST_TMPDIR/summary
	expect "server closed" "$(row server closed)" $((ESTABLISHED + CLOSE_WAIT))
	expect "server open" "$(row server open)" 0
	expect "client closed" "$(row client closed)" $ESTABLISHED
	expect "client closed_first" "$(row client closed_first)" $ESTABLISHED
	expect "client time_wait_entered" "$(row client time_wait_entered)" $ESTABLISHED
	expect "client time_wait" "$(row client time_wait)" \
		$((ESTABLISHED + CLOSE_WAIT + TIME_WAIT - killed))
	expect "client fin_wait2" "$(row client fin_wait2)" 0
	expect "connections" "$(jq .totals.connections "$EVENTS")" $((2 * ESTABLISHED + CLOSE_WAIT))
}

# No FIN_WAIT2 minisock is left: neither those that were there nor those of connections whose
# peer took its time. One that turned may be killed at once by a RST, which loopback does now
# and then (a closed peer answers a late ACK): the poll then shows its end and never the turn.
all_turned() {
	local born gone

	born=$(events 'select(.kind == "time_wait_enter" and .substate == "FIN_WAIT2") | .kind' | wc -l)
	gone=$(events 'select(.kind == "time_wait_substate" or
		(.kind == "time_wait_exit" and .substate == "FIN_WAIT2")) | .kind' | wc -l)
	((gone == CLOSE_WAIT + born))
}

@test "connections that end while twtrace starts are neither lost nor counted twice" {
	hold
	( kill -TERM "$TRAFFIC_PID" ) &
	start_here top -o json
	wait "$TRAFFIC_PID" || true
	forget "$TRAFFIC_PID"
	stop_twtrace
	# however many it met: all that was open is closed, and TIME_WAIT is what the kernel has
	expect "server open" "$(row server open)" 0
	expect "client open" "$(row client open)" 0
	expect "minisocks" "$(($(row client time_wait) + $(row client fin_wait2)))" \
		"$(in_ns t ss -Htan state time-wait state fin-wait-2 | wc -l)"
}
