#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every way a TCP connection can end, in the three families: what `trace` says of each socket
# (path, error, direction, owner, TIME_WAIT and how it ended) and what its summary makes of them,
# against truth_table.txt, with every tier of evidence that this host has. All scenarios are
# played once, before the first test; each test judges some of them. What the generator itself
# does is tested in generator.bats, what takes its minute in endings.bats.

load lib
load table

setup_file() {
	need_traffic
	probe_tiers
	[[ ! -s $BATS_FILE_TMPDIR/skip ]] || return 0
	: >"$BATS_FILE_TMPDIR/truth"
	kernel_trace_begin || true
	start_tiers 21000-23999
	play_all
	for _ in 1 2 3; do
		wait_until all_well stays || ! play_withheld || continue
		break
	done
	kernel_trace_end
	# what lives on ends with its namespace
	for family in $FAMILIES; do
		netns_del "$family"
		netns_del "$family-full"
	done
	wait_until all_well gone || true
	stop_tiers
	judge_tiers gone
}

# Side by side, a namespace for each family, and another for what finds no room: which of several
# minisocks that no poll has seen was refused, and which ended at once, the kernel does not tell.
play_all() {
	local family port=20000 lane lanes=()

	for family in $FAMILIES; do
		netns_new "$family"
		netns_new "$family-full"
		port=$((port + 1000))
		{
			# shellcheck disable=SC2046 # words
			play "$family" "$family" "$port" $(quick_scenarios | grep -vx time_wait_refused)
			play "$family-full" "$family" $((port + 500)) time_wait_refused
		} &
		lanes+=($!)
	done
	for lane in "${lanes[@]}"; do
		wait "$lane"
	done
}

# In the table's order, without those that wait for a minisock's own end.
quick_scenarios() {
	awk '/^[a-z]/ { slow[$1] += $10; if (!seen[$1]++) name[++n] = $1 }
		END { for (i = 1; i <= n; i++) if (!slow[name[i]]) print name[i] }' "$LIVE/truth_table.txt"
}

setup() {
	need_table
	live_setup
}

teardown() {
	live_teardown
}

teardown_file() {
	kernel_trace_end
	live_teardown
}

@test "the client closes first: TIME_WAIT is the client's" {
	judged client_first
}

@test "the server closes first: TIME_WAIT is the server's" {
	judged server_first
}

@test "FINs that cross leave a TIME_WAIT at both ends, one by way of CLOSING" {
	judged simultaneous
}

@test "a socket connected to itself meets its own FIN" {
	judged self_close
}

@test "shutdown first, close later: the owner is who shut down" {
	judged shutdown_halves
}

@test "close() in FIN_WAIT2 makes a FIN_WAIT2 minisock that turns into TIME_WAIT" {
	judged close_in_fin_wait2
}

@test "an orphan in FIN_WAIT2 turns into TIME_WAIT when the peer closes at last" {
	judged orphan_fin_wait2
}

@test "tcp_fin_timeout over 60 s: the full socket hands over to a minisock later" {
	judged fin_timeout_handover
}

@test "SO_LINGER 0 resets and leaves no TIME_WAIT" {
	judged linger0
}

@test "SO_LINGER 0 by the server" {
	judged linger0_server
}

@test "connect(AF_UNSPEC) resets" {
	judged disconnect
}

@test "close() with unread data resets" {
	judged unread_data
}

@test "a RST in FIN_WAIT1 leaves no TIME_WAIT" {
	judged rst_in_fin_wait1
}

@test "a RST in FIN_WAIT2 leaves no TIME_WAIT" {
	judged rst_in_fin_wait2
}

@test "a RST in CLOSING leaves no TIME_WAIT" {
	judged rst_in_closing
}

@test "SO_LINGER 0 in FIN_WAIT2 leaves no TIME_WAIT; the peer in CLOSE_WAIT sees EPIPE" {
	judged rst_in_close_wait
}

@test "TCP_LINGER2 below zero: close() in FIN_WAIT2 resets" {
	judged linger2_close
}

@test "TCP_LINGER2 below zero: an orphan resets at the first ACK" {
	judged linger2_orphan
}

@test "data that comes with the ACK of our FIN kills the orphan, no TIME_WAIT" {
	judged data_after_close
}

@test "data for a FIN_WAIT2 minisock kills it" {
	judged data_in_fin_wait2
}

@test "nobody acknowledges the FIN: ETIMEDOUT in FIN_WAIT1" {
	judged fin_timed_out
}

@test "nobody acknowledges the second FIN: ETIMEDOUT in LAST_ACK" {
	judged last_ack_timed_out
}

@test "keepalive gives up in FIN_WAIT2" {
	judged keepalive_dead
}

@test "a refused connect is connect_failed with ECONNREFUSED" {
	judged refused
}

@test "a connect nobody answers is connect_failed with ETIMEDOUT" {
	judged timed_out
}

@test "a connect the program gives up is not a failed one" {
	judged close_in_syn_sent
}

@test "no ephemeral port left is connect_failed with EADDRNOTAVAIL" {
	judged addr_not_avail
}

@test "a pair of ports that is taken is connect_failed with EADDRNOTAVAIL" {
	judged tuple_in_use
}

@test "a listener closed over its accept queue resets who waited in it" {
	judged listener_close_pending
}

@test "an accepted socket is the worker's that closed it, not the listener's" {
	judged accept_by_other
}

@test "the worker's too when the client closes first" {
	judged accept_by_other_passive
}

@test "a child that holds the socket is who closes it" {
	judged fork_holds
}

@test "of two holders the last one closes" {
	judged fork_shares
}

@test "a socket passed on by SCM_RIGHTS is closed by its receiver" {
	judged fd_passing
}

@test "sockets left open at exit are closed in the name of the process" {
	judged exit_without_close
}

@test "sockets of a killed process are closed in its name" {
	judged kill9
}

@test "reused: a connect from the same port takes a TIME_WAIT over at once" {
	judged time_wait_reused
}

@test "reused: the kernel chooses a port whose TIME_WAIT it may take over (tcp_tw_reuse)" {
	judged time_wait_reused_auto
}

@test "reopened: a SYN of the same pair comes to the server's TIME_WAIT" {
	judged time_wait_reopened peer_syn_reopens
}

@test "a SYN with a lower number, or to where nobody listens, reopens nothing" {
	judged peer_syn_too_old peer_syn_no_listener
}

@test "reset: a RST with exactly the expected number, if tcp_rfc1337 is 0" {
	judged time_wait_reset peer_rst_exact
}

@test "a RST with another number, or with tcp_rfc1337 1, ends no TIME_WAIT" {
	judged peer_rst_inexact peer_rst_rfc1337
}

@test "reset: any RST, data or SYN for a FIN_WAIT2 minisock" {
	judged peer_rst_in_fin_wait2 peer_data_in_fin_wait2 peer_syn_in_fin_wait2
}

@test "destroyed: SOCK_DESTROY, as by ss -K, in both substates" {
	judged time_wait_destroyed peer_destroyed
}

@test "refused: what finds no room is no birth, and says so" {
	judged time_wait_refused
}

@test "the FIN in one segment with the ACK of ours, or after it" {
	judged peer_fin_with_ack peer_fin_after_ack
}

@test "FINs that cross, acknowledged later" {
	judged peer_simultaneous
}

@test "a late FIN turns a FIN_WAIT2 minisock, one without ACK does not" {
	judged peer_late_fin peer_bare_fin
}

@test "data with the ACK of an orphan's FIN leaves no minisock" {
	judged peer_data_after_close
}

@test "a FIN that comes again is no end and no second birth" {
	judged peer_fin_again
}

@test "purged: minisocks of both substates end with their namespace" {
	local tier

	for tier in $(tiers_here); do
		expect "$tier" "$(jq -r 'select(.reason? == "purged") | .substate' "$BATS_FILE_TMPDIR/$tier.whole" |
			sort -u | xargs)" "FIN_WAIT2 TIME_WAIT"
	done
}

@test "the evidence inferred is sound" {
	sound inferred
}

@test "the evidence timer is sound" {
	sound timer
}

@test "the evidence kprobe is sound" {
	sound kprobe
}

@test "the evidence fentry is sound" {
	sound fentry
}

@test "every scenario of the table has been judged here" {
	local scenario

	for scenario in $(quick_scenarios); do
		grep -Eq "^	judged (.* )?$scenario( |$)" "$BATS_TEST_FILENAME" || fail "$scenario is in no test"
	done
}

# blames WHAT AWK TABLE EVENTS: with the best tier here, in one family, the judge complains of every
# scenario that has a row for which the condition holds.
blames() {
	local tier family=${FAMILIES%% *} seen=$BATS_TEST_TMPDIR/seen

	tier=$(tiers_here | tail -n 1)
	complaints_of "$tier" gone no "${3:-$LIVE/truth_table.txt}" "${4:-$BATS_FILE_TMPDIR/$tier.whole}" |
		sed -n "s/^\([a-z0-9_]*\) $family: .*/\1/p" | sort -u >"$seen"
	awk "{ n = \$3; path = \$4; birth = \$8; end = \$9 } /^[a-z]/ && ($2) { print \$1 }" \
		"$LIVE/truth_table.txt" | sort -u | comm -12 - <(quick_scenarios | sort) >"$seen.due"
	[[ -s $seen.due ]] || fail "$1: of no scenario" || return
	expect "$tier, $1: not complained of" "$(comm -23 "$seen.due" "$seen" | xargs)" ""
}

# altered SED AWK: with every row of the table altered.
altered() {
	sed -E "/^[a-z]/$1" "$LIVE/truth_table.txt" >"$BATS_TEST_TMPDIR/table"
	blames "$1" "$2" "$BATS_TEST_TMPDIR/table"
}

@test "the judge objects when the table is wrong" {
	altered 's/ (FIN_WAIT2|turns) / TIME_WAIT /; t; s/ (TIME_WAIT|soon) / FIN_WAIT2 /' 'birth != "-"'
	altered 's/ lives / expired /' 'end == "lives"'
	altered 's/ (lives|reused|reset) / reopened /; t; s/ (reopened|destroyed) / reset /' \
		'end !~ /^(-|refused)$/'
	altered 's/ refused / -       /' 'end == "refused"'
	altered 's/(  *)([0-9]+) >/\15 >/' 'path ~ /^>/ && n != 5'
}

# distorted JQ AWK: with every event distorted.
distorted() {
	jq -c "$1" "$BATS_FILE_TMPDIR/$(tiers_here | tail -n 1).whole" >"$BATS_TEST_TMPDIR/events"
	blames "$1" "$2" '' "$BATS_TEST_TMPDIR/events"
}

@test "the judge objects when events are wrong" {
	local exit='if .kind == "time_wait_exit" then'

	# births and ends that are missing or come twice
	distorted 'select(.kind != "time_wait_enter")' 'birth != "-"'
	distorted 'if .kind == "time_wait_enter" then ., . else . end' 'birth != "-"'
	distorted 'select(.kind != "time_wait_exit")' 'birth != "-"'
	distorted "$exit ., . else . end" 'birth != "-"'
	distorted 'select(.kind != "time_wait_substate")' 'birth == "turns"'
	distorted 'select(.kind != "time_wait_refused")' 'end == "refused"'
	# what they say
	distorted 'if .kind == "time_wait_enter" then .evidence = "snapshot" else . end' \
		'birth != "-" || end == "refused"'
	distorted "$exit .evidence = \"snapshot\" else . end" 'birth != "-"'
	distorted "$exit .reason = \"unknown\" else . end" 'birth != "-"'
	distorted "$exit .substate = ({TIME_WAIT: \"FIN_WAIT2\", FIN_WAIT2: \"TIME_WAIT\"}[.substate]) else . end" \
		'birth != "-"'
	distorted "$exit .ts_ns -= 1e12 else . end" 'birth != "-"'
	distorted "$exit .residence_ms = null else . end" 'birth != "-"'
	distorted "$exit .residence_ms += 5 else . end" 'birth != "-"'
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

@test "bucket overflow at full speed: what found no room is time_wait_refused, to the unit" {
	local tier

	for tier in $(tiers_here); do
		netns_new t
		start_here trace -o jsonl --evidence "$tier"
		traffic bucket_overflow --port 7004 --count 100
		# where only the kernel's counter says it, it does so once an interval
		wait_until refused_are "$(truth .mib_client.TCPTimeWaitOverflow)" ||
			fail "$tier: refused: $(refused)"
		stop_twtrace
		expect "$tier: refused" "$(refused)" 50
		expect "$tier: entered" "$(summary | jq '[.ports[] | select(.port == 7004 and .role == "client")
			| .time_wait_entered] | add')" "$(truth .mib_client.TW)"
		netns_del t
	done
}

refused() {
	events "select(.kind == \"time_wait_refused\" and .netns == $(truth .netns)) | .count // 1" |
		jq -s 'add // 0'
}

refused_are() {
	[[ $(refused) == "$1" ]]
}
