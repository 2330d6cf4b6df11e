#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way a TCP connection can end, in the three families: what `trace` says of each socket
# (path, error, direction, owner, TIME_WAIT) and what its summary makes of them, against
# truth_table.txt. What the generator itself does is tested in generator.bats.

load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# truth_of SCENARIO: one run in each family, all under one trace.
truth_of() {
	local family port=7004 truths=()

	start_here trace -o jsonl
	for family in $FAMILIES; do
		traffic "$1" --family "$family" --port $((port++))
		truths+=("$TRUTH")
	done
	for TRUTH in "${truths[@]}"; do
		# one that is late is bad enough: no need to wait for the others
		wait_until truth_holds || break
	done
	stop_twtrace
	for TRUTH in "${truths[@]}"; do
		truth_complaints yes
	done >"$BATS_TEST_TMPDIR/complaints"
	[[ ! -s $BATS_TEST_TMPDIR/complaints ]] || fail "$(<"$BATS_TEST_TMPDIR/complaints")"
}

@test "the client closes first: TIME_WAIT is the client's" {
	truth_of client_first
}

@test "the server closes first: TIME_WAIT is the server's" {
	truth_of server_first
}

@test "FINs that cross leave a TIME_WAIT at both ends, one by way of CLOSING" {
	truth_of simultaneous
}

@test "a socket connected to itself meets its own FIN" {
	truth_of self_close
}

@test "shutdown first, close later: the owner is who shut down" {
	truth_of shutdown_halves
}

@test "close() in FIN_WAIT2 makes a FIN_WAIT2 minisock that turns into TIME_WAIT" {
	truth_of close_in_fin_wait2
}

@test "an orphan in FIN_WAIT2 turns into TIME_WAIT when the peer closes at last" {
	truth_of orphan_fin_wait2
}

@test "tcp_fin_timeout over 60 s: the full socket hands over to a minisock later" {
	truth_of fin_timeout_handover
}

@test "SO_LINGER 0 resets and leaves no TIME_WAIT" {
	truth_of linger0
}

@test "SO_LINGER 0 by the server" {
	truth_of linger0_server
}

@test "connect(AF_UNSPEC) resets" {
	truth_of disconnect
}

@test "close() with unread data resets" {
	truth_of unread_data
}

@test "a RST in FIN_WAIT1 leaves no TIME_WAIT" {
	truth_of rst_in_fin_wait1
}

@test "a RST in FIN_WAIT2 leaves no TIME_WAIT" {
	truth_of rst_in_fin_wait2
}

@test "a RST in CLOSING leaves no TIME_WAIT" {
	truth_of rst_in_closing
}

@test "SO_LINGER 0 in FIN_WAIT2 leaves no TIME_WAIT; the peer in CLOSE_WAIT sees EPIPE" {
	truth_of rst_in_close_wait
}

@test "TCP_LINGER2 below zero: close() in FIN_WAIT2 resets" {
	truth_of linger2_close
}

@test "TCP_LINGER2 below zero: an orphan resets at the first ACK" {
	truth_of linger2_orphan
}

@test "data that comes with the ACK of our FIN kills the orphan, no TIME_WAIT" {
	truth_of data_after_close
}

@test "data for a FIN_WAIT2 minisock kills it" {
	truth_of data_in_fin_wait2
	expect "exits" "$(events 'select(.kind == "time_wait_exit") | .substate' | sort | uniq -c | xargs)" \
		"$(wc -w <<<"$FAMILIES") FIN_WAIT2"
}

@test "nobody acknowledges the FIN: ETIMEDOUT in FIN_WAIT1" {
	truth_of fin_timed_out
}

@test "nobody acknowledges the second FIN: ETIMEDOUT in LAST_ACK" {
	truth_of last_ack_timed_out
}

@test "keepalive gives up in FIN_WAIT2" {
	truth_of keepalive_dead
}

@test "a refused connect is connect_failed with ECONNREFUSED" {
	truth_of refused
}

@test "a connect nobody answers is connect_failed with ETIMEDOUT" {
	truth_of timed_out
}

@test "a connect the program gives up is not a failed one" {
	truth_of close_in_syn_sent
}

@test "no ephemeral port left is connect_failed with EADDRNOTAVAIL" {
	truth_of addr_not_avail
}

@test "a pair of ports that is taken is connect_failed with EADDRNOTAVAIL" {
	truth_of tuple_in_use
}

@test "a listener closed over its accept queue resets who waited in it" {
	truth_of listener_close_pending
}

@test "a listener that ends without connections counts for nothing" {
	start_here trace -o jsonl
	traffic listener_close --port 7004
	wait_until has_event 'select(.kind == "transition" and .local_port == 7004 and .to == "CLOSE")'
	stop_twtrace
	expect "path" "$(events 'select(.kind == "transition" and .local_port == 7004) | .from + ">" + .to' |
		xargs)" "CLOSE>LISTEN LISTEN>CLOSE"
	expect "owner" "$(events 'select(.to? == "LISTEN" and .local_port == 7004) | [.pid, .comm]')" \
		"[$(truth .actors.server.pid),\"tw-server\"]"
	summary | jq -e '[.ports[] | select(.port == 7004) | .opened + .closed + .failed + .open] | add // 0 | . == 0'
}

@test "bucket overflow: what found no room is time_wait_refused, to the unit" {
	start_here trace -o jsonl
	traffic bucket_overflow --port 7004 --count 100
	# where only the kernel's counter says it, it does so once an interval
	wait_until refused_are "$(truth .mib_client.TCPTimeWaitOverflow)" || fail "refused: $(refused)"
	stop_twtrace
	expect "refused" "$(refused)" 50
	expect "entered" "$(summary | jq '[.ports[] | select(.port == 7004 and .role == "client") | .time_wait_entered] | add')" \
		"$(truth .mib_client.TW)"
}

refused() {
	events "select(.kind == \"time_wait_refused\" and .netns == $(truth .netns)) | .count // 1" |
		jq -s 'add // 0'
}

refused_are() {
	[[ $(refused) == "$1" ]]
}

@test "an accepted socket is the worker's that closed it, not the listener's" {
	truth_of accept_by_other
}

@test "the worker's too when the client closes first" {
	truth_of accept_by_other_passive
}

@test "a child that holds the socket is who closes it" {
	truth_of fork_holds
}

@test "of two holders the last one closes" {
	truth_of fork_shares
}

@test "a socket passed on by SCM_RIGHTS is closed by its receiver" {
	truth_of fd_passing
}

@test "sockets left open at exit are closed in the name of the process" {
	truth_of exit_without_close
}

@test "sockets of a killed process are closed in its name" {
	truth_of kill9
}
