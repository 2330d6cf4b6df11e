#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The benchmarks still work: all of them with tiny sizes, whose figures say nothing. And the
# generator counts exactly, which other tests rely on.

# shellcheck source=tests/live/lib.bash
. "$BATS_TEST_DIRNAME/../live/lib.bash"
CHURN=${BUILD:-$ROOT/build}/bench/churn

setup() {
	need_root
	need_command ip
	need_command jq
}

teardown() {
	live_teardown
}

# What is wrong with the report in $1; nothing where it is whole.
complaints() {
	jq -r '
		(.machine | to_entries[] | select(.value == null or (.value == "" and .key != "commit"))
			| "the machine has no \(.key)"),
		(if (.rows | length) < 60 then "only \(.rows | length) rows" else empty end),
		(.rows | group_by(.metric)[] | select(length > 1) | "\(.[0].metric) is there twice"),
		(.rows[]
			| if .missing then empty
			  elif .median == null then "\(.metric) has no figure"
			  elif .min > .median or .median > .max then "\(.metric): the median is not between"
			  elif .unit != "B" and .median < 0 then "\(.metric) is \(.median)"
			  elif (.unit == "ns" or .unit == "/s") and .median <= 0 then "\(.metric) is \(.median)"
			  elif .target and (.met | type) != "boolean" then "\(.metric): neither met nor missed"
			  else empty end)' "$1"
}

@test "every benchmark gives its figures" {
	local report=$BATS_TEST_TMPDIR/report said

	probe_trace
	"$ROOT/tests/bench/run" --tiny -o json >"$report" 3>&-
	said=$(complaints "$report")
	echo "$said"
	[[ -z $said ]]
	run jq -r -f "$ROOT/tests/bench/text.jq" "$report"
	[[ $status == 0 && ${#lines[@]} -gt 60 && $output != *'NO FIGURE'* ]]
}

# mib NAME: Tcp's counter of the namespace t.
mib() {
	in_ns t cat /proc/net/snmp | awk -v name="$1" '
		/^Tcp:/ && !at { for (i = 2; i <= NF; i++) if ($i == name) at = i; next }
		/^Tcp:/ { print $at }'
}

@test "the generator counts what the kernel counts, at both ends" {
	local truth

	netns_new t
	truth=$(in_ns t "$CHURN" --here --threads 2 --ports 31 --remotes 7 --bind --count 5003 --json)
	expect "connections" "$(jq .connections <<<"$truth")" 5003
	expect "ActiveOpens" "$(mib ActiveOpens)" 5003
	expect "PassiveOpens" "$(mib PassiveOpens)" 5003
	jq -e '.failed == 0 and .client.ports == .server.ports and .client.remotes == .server.remotes and
		(.client.ports | length == 31 and add == 5003) and
		(.client.remotes | length == 7 and add == 5003)' <<<"$truth"
}

@test "the generator begins and ends when it is told" {
	local truth pid fifo=$BATS_TEST_TMPDIR/fifo ready=$BATS_TEST_TMPDIR/ready

	netns_new t
	mkfifo "$fifo"
	ip netns exec "$(ns t)" "$CHURN" --here --first server --json --ready-fd 9 --control 8 \
		8<"$fifo" 9>"$ready" >"$BATS_TEST_TMPDIR/truth" 3>&- &
	pid=$!
	PIDS+=("$pid")
	exec 7>"$fifo"
	wait_until test -s "$ready"
	expect "ActiveOpens before" "$(mib ActiveOpens)" 0
	echo >&7
	wait_until has_connected 100
	exec 7>&-
	wait "$pid"
	forget "$pid"
	truth=$(<"$BATS_TEST_TMPDIR/truth")
	expect "ActiveOpens" "$(mib ActiveOpens)" "$(jq .connections <<<"$truth")"
	jq -e '.closed_first == "server" and .client.ports == .server.ports' <<<"$truth"
}

has_connected() {
	(($(mib ActiveOpens) >= $1))
}

@test "the generator finishes what is under way when it is ended by a signal" {
	local pid

	netns_new t
	ip netns exec "$(ns t)" "$CHURN" --here --json >"$BATS_TEST_TMPDIR/truth" 3>&- &
	pid=$!
	PIDS+=("$pid")
	wait_until has_connected 100
	kill -TERM "$pid"
	wait "$pid"
	forget "$pid"
	expect "PassiveOpens" "$(mib PassiveOpens)" "$(jq .server.connections "$BATS_TEST_TMPDIR/truth")"
	expect "ActiveOpens" "$(mib ActiveOpens)" "$(jq .client.connections "$BATS_TEST_TMPDIR/truth")"
	expect "ESTABLISHED" "$(in_ns t ss -Htn state established | wc -l)" 0
}

@test "connects that fail are counted, and told" {
	local status=0 said

	netns_new t
	in_ns t sh -c 'echo 40000 40009 >/proc/sys/net/ipv4/ip_local_port_range
		echo 0 >/proc/sys/net/ipv4/tcp_tw_reuse'
	said=$(in_ns t "$CHURN" --here --ports 1 --remotes 1 --count 50 --json \
		2>"$BATS_TEST_TMPDIR/errors") || status=$?
	expect "status" "$status" 1
	jq -e '.connections + .failed == 50 and .failed > 0 and .errors.EADDRNOTAVAIL == .failed' <<<"$said"
	grep -q 'connects failed' "$BATS_TEST_TMPDIR/errors"
}
