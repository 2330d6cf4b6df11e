#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Network namespaces: the two ends of a connection in two of them, new ones that appear while
# twtrace runs, and ones that end.

load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# across ARGS...: client in namespace a, server in b.
across() {
	# shellcheck disable=SC2034 # lib's truth() reads it
	TRUTH=$("$TRAFFIC" "$@" --netns-client "$(ns_path a)" --netns-server "$(ns_path b)" \
		3>&- </dev/null)
}

# netnses_of FILTER: the distinct namespaces of the transitions it selects.
netnses_of() {
	events "select(.kind == \"transition\" and ($1)) | .netns" | sort -u | xargs
}

both_ends_are_right() {
	start_twtrace trace -o jsonl
	across client_first --count 200 --port 7400 "$@"
	expect "generator" "$(truth .counts.accepted)" 200
	wait_until has_event 'select(.kind == "time_wait_enter" and .remote_port == 7400)'
	stop_twtrace
	expect "client's" "$(netnses_of '.remote_port == 7400')" "$(ns_inode a)"
	expect "server's" "$(netnses_of '.local_port == 7400 and .from != "CLOSE"')" "$(ns_inode b)"
	expect "births" "$(events 'select(.kind == "time_wait_enter" and .remote_port == 7400) | .netns' |
		sort | uniq -c | xargs)" "200 $(ns_inode a)"
	summary | jq -e '[.ports[] | select(.port == 7400) | [.role, .opened, .closed, .closed_first]] | sort ==
		[["client", 200, 200, 200], ["server", 200, 200, 0]]'
}

@test "a connection between two namespaces has each end in its own, IPv4" {
	netns_pair a b
	both_ends_are_right --server 10.77.0.2
}

@test "a connection between two namespaces has each end in its own, IPv6" {
	netns_pair a b
	both_ends_are_right --family 6 --server fd78::2
}

@test "namespaces made after the start are traced and audited" {
	start_twtrace trace -o jsonl
	netns_pair a b
	across orphan_fin_wait2 --server 10.77.0.2 --port 7400
	wait_until has_event 'select(.kind == "time_wait_substate" and .remote_port == 7400)'
	stop_twtrace
	summary | jq -e --argjson netns "$(ns_inode a)" \
		'[.audit[] | select(.netns == $netns) | .time_wait | [.twtrace, .kernel, .error]] == [[1, 1, 0]]'
}

@test "a filter for one namespace leaves the other out" {
	netns_pair a b
	start_twtrace trace -o jsonl --netns "$(ns_path a)"
	across client_first --count 50 --server 10.77.0.2 --port 7400
	wait_until has_event 'select(.kind == "time_wait_enter" and .remote_port == 7400)'
	stop_twtrace
	expect "namespaces" "$(netnses_of true)" "$(ns_inode a)"
	expect "opened" "$(summary | jq .totals.opened)" 50
}

@test "a namespace filter takes the inode number too" {
	netns_pair a b
	start_twtrace trace -o jsonl --netns "$(ns_inode b)"
	across client_first --count 50 --server 10.77.0.2 --port 7400
	wait_until has_event 'select(.kind == "transition" and .from == "LAST_ACK")'
	stop_twtrace
	expect "namespaces" "$(netnses_of true)" "$(ns_inode b)"
}

@test "the sockets of a namespace that ends are not shown any more" {
	netns_pair a b
	across client_first --count 20 --server 10.77.0.2 --port 7400
	start_twtrace top -o json
	netns_del a
	wait_until namespace_is_gone
	stop_twtrace
	jq -e '[.ports[] | select(.port == 7400 and .role == "client") | .time_wait] | add // 0 | . == 0' "$EVENTS"
	"$TWTRACE" list -o json --port 7400 3>&- | jq -e '[.sockets[] | select(.state == "TIME_WAIT")] == []'
}

# The kernel ends a namespace in its own time; the veth peer goes with it.
namespace_is_gone() {
	! in_ns b ip link show veth0 >/dev/null 2>&1
}

@test "four namespaces in a row, whose inode numbers may be the same, are four" {
	start_twtrace trace -o jsonl
	for _ in 1 2 3 4; do
		"$TRAFFIC" client_first --own-netns --count 25 --port 7400 3>&- </dev/null >/dev/null
	done
	wait_until hundred_births
	stop_twtrace
	summary | jq -e '[.ports[] | select(.port == 7400 and .role == "client")
		| .opened, .closed, .closed_first, .time_wait_entered] == [100, 100, 100, 100]'
	expect "cookies" "$(events 'select(.kind == "time_wait_enter" and .remote_port == 7400) | .cookie' |
		sort -u | wc -l)" 100
}

hundred_births() {
	[[ $(events 'select(.kind == "time_wait_enter" and .remote_port == 7400) | .cookie' | wc -l) == 100 ]]
}

@test "namespaces that are over before anyone looks leave nothing behind" {
	start_twtrace top -o jsonl
	for _ in {1..5}; do
		"$TRAFFIC" orphan_fin_wait2 --own-netns >/dev/null </dev/null
		"$TRAFFIC" client_first --own-netns --count 3 >/dev/null </dev/null
	done
	wait_until nothing_left
	stop_twtrace
}

# All that is left is what the rest of the host has: no namespace but those audited.
nothing_left() {
	local last

	last=$(jq -cR 'fromjson?' "$EVENTS" | tail -n 1)
	jq -e '.totals.opened >= 40 and
		.totals.time_wait + .totals.fin_wait2 <= ([.audit[].time_wait.kernel] | add)' <<<"$last" >/dev/null
}

@test "a namespace that got its name later is followed by it when its processes have ended" {
	local holder name

	unshare -n sleep 1000 3>&- &
	holder=$!
	PIDS+=("$holder")
	wait_until other_netns "$holder"
	nsenter -t "$holder" -n ip link set lo up
	nsenter -t "$holder" -n sysctl -qw net.ipv4.tcp_rfc1337=1
	start_twtrace top -o jsonl --netns "/proc/$holder/ns/net"
	nsenter -t "$holder" -n "$TRAFFIC" client_first --here --count 4 >/dev/null </dev/null
	name=$(ns late)
	ip netns attach "$name" "$holder"
	NETNS+=("$name")
	kill -KILL "$holder"
	wait "$holder" || true
	forget "$holder"
	# two comparisons with the kernel that agree, after its last process has gone
	local lines
	lines=$(wc -l <"$EVENTS")
	wait_until more_lines $((lines + 2))
	stop_twtrace
	expect "TIME_WAIT" "$(tail -n 1 "$EVENTS" | jq -c '[.totals.time_wait, .audit[0].time_wait.error]')" '[4,0]'
}

other_netns() {
	[[ $(stat -L -c %i "/proc/$1/ns/net") != $(stat -L -c %i /proc/self/ns/net) ]]
}

more_lines() {
	(($(wc -l <"$EVENTS") >= $1))
}
