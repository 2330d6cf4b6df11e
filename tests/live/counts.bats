#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Churn at full speed: the counts per port and per remote host equal the generator's own, to
# the unit, live and from a recording of the same run.

load lib
load table

COUNT=${COUNT:-10000}

setup_file() {
	need_traffic
	probe_tiers
}

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# wrong_counts DOCUMENT: what disagrees with TRUTH, a sentence a line.
wrong_counts() {
	jq -r --slurpfile truth <(echo "$TRUTH") '
		def want(n; first): {opened: n, closed: n, open: 0, failed: 0, resets: 0,
			closed_first: (if first then n else 0 end),
			time_wait_entered: (if first then n else 0 end)};
		def compare(what; want): . as $got | if . == null then "\(what): no row" else
			want | to_entries[] | select($got[.key] != .value)
			| "\(what): \(.key) is \($got[.key]), not \(.value)" end;
		. as $doc
		| ($truth[0].counts.ports[] as $port
		   | ($doc.ports | map(select(.port == $port.port))) as $rows
		   | ($rows | map(select(.role == "server"))[0]
		      | compare("server port \($port.port)"; want($port.accepted; $truth[0].closed_first == "server"))),
		     ($rows | map(select(.role == "client"))[0]
		      | compare("client port \($port.port)"; want($port.connected; $truth[0].closed_first == "client")))),
		  ($truth[0].counts.remotes[] as $remote
		   | ($doc.remotes | map(select(.remote_addr == $remote.addr))[0])
		   | compare("remote \($remote.addr)";
			{opened: ($remote.connected + $remote.accepted),
			 closed: ($remote.connected + $remote.accepted),
			 closed_first: $remote.connected, time_wait_entered: $remote.connected}))' "$1"
}

right_counts() {
	local wrong

	wrong=$(wrong_counts "$1")
	[[ -z $wrong ]] || fail "$2: $wrong; loss: $(jq -c .loss "$1")"
}

# churn ARGS...: the same run live and recorded.
churn() {
	local recording=$BATS_TEST_TMPDIR/run.twr recorder

	start_here record "$recording"
	recorder=$TWTRACE_PID
	start_here top -o json
	traffic "$@" --count "$COUNT" --port 7100
	expect "the generator's two sides" "$(truth .counts.accepted)" "$(truth .counts.connected)"
	expect "the kernel's births" "$(truth .mib_client.TW)" "$COUNT"
	stop_twtrace
	right_counts "$EVENTS" "live"
	stop_twtrace "$recorder"
	"$TWTRACE" top -i "$recording" -o json >"$BATS_TEST_TMPDIR/replay"
	right_counts "$BATS_TEST_TMPDIR/replay" "recorded"
}

@test "client closes first, IPv4, 4 ports, 4 hosts" {
	churn client_first --family 4 --server 127.77.0.1 --hosts 4 --ports 4
}

@test "client closes first, IPv6, 4 ports, 4 hosts" {
	churn client_first --family 6 --server fd77::1 --hosts 4 --ports 4
}

@test "client closes first, IPv4 in IPv6 sockets: shown as IPv4" {
	churn client_first --family mapped --server 127.77.0.1 --hosts 4 --ports 4
}

@test "server closes first, IPv4, 4 ports, 4 hosts" {
	churn server_first --family 4 --server 127.77.0.1 --hosts 4 --ports 4
}

@test "server closes first, IPv6, 4 ports, 4 hosts" {
	churn server_first --family 6 --server fd77::1 --hosts 4 --ports 4
}

@test "many ports and hosts: no row is folded while there is room" {
	churn client_first --family 4 --server 127.77.0.1 --hosts 32 --ports 16
}

@test "with a namespace filter the totals are this run and nothing else" {
	start_here top -o json
	traffic client_first --count 1000 --port 7100
	stop_twtrace
	expect "opened" "$(jq .totals.opened "$EVENTS")" 2000
	expect "closed_first" "$(jq .totals.closed_first "$EVENTS")" 1000
	expect "time_wait_entered" "$(jq .totals.time_wait_entered "$EVENTS")" 1000
	expect "connections" "$(jq .totals.connections "$EVENTS")" 2000
}

@test "with a port filter the other ports are not counted" {
	start_here top -o json --port 7101
	traffic client_first --count 1000 --ports 4 --port 7100
	stop_twtrace
	expect "ports" "$(jq -c '[.ports[] | select(.opened > 0) | .port] | unique' "$EVENTS")" "[7101]"
	expect "opened" "$(jq .totals.opened "$EVENTS")" 500
}

@test "the audit agrees with the kernel when the churn is over" {
	start_here top -o json
	traffic client_first --count 3000 --port 7100
	stop_twtrace
	jq -e --argjson netns "$(ns_inode t)" '
		[.audit[] | select(.netns == $netns)] | length == 1 and .[0].time_wait.error == 0 and
		.[0].time_wait.twtrace == .[0].time_wait.kernel and .[0].established.error == 0' "$EVENTS" ||
		fail "$(jq -c .audit "$EVENTS")"
}

# ledger_by TIER: a churn whose births and ends are the generator's and the kernel's, to the unit.
ledger_by() {
	local living reused killed

	need_tier "$1"
	start_here top -o json --evidence "$1"
	traffic client_first --count 4000 --server 127.77.0.1 --hosts 4 --port 7100
	expect "the kernel's births" "$(truth .mib_client.TW)" 4000
	stop_twtrace
	right_counts "$EVENTS" "$1"
	jq -e --arg tier "$1" '.evidence == $tier and .loss.total == 0' "$EVENTS" >/dev/null ||
		fail "$(jq -c '[.evidence, .loss]' "$EVENTS")"
	living=$(in_ns t ss -Htan state time-wait state fin-wait-2 | wc -l)
	# loopback's own RSTs end some; the kernel may have let a connect take one over
	reused=$(truth .mib_client.TWRecycled)
	killed=$((4000 - living - reused))
	((killed >= 0 && killed <= $(truth .mib_client.OutRsts))) ||
		fail "$killed are gone, $(truth .mib_client.OutRsts) RSTs"
	expect "there now" "$(ledger '.time_wait + .fin_wait2')" "$living"
	expect "ended" "$(ledger '.time_wait_expired + .time_wait_reused + .time_wait_other')" $((killed + reused))
	if [[ $1 != inferred ]]; then
		expect "reset" "$(ledger .time_wait_reset)" "$killed"
		expect "reused" "$(ledger .time_wait_reused)" "$reused"
	fi
}

ledger() {
	jq ".totals | $1" "$EVENTS"
}

@test "the ledger of TIME_WAIT is right to the unit, by inference" {
	ledger_by inferred
}

@test "the ledger of TIME_WAIT is right to the unit, by timers" {
	ledger_by timer
}

@test "the ledger of TIME_WAIT is right to the unit, by kprobes" {
	ledger_by kprobe
}

@test "the ledger of TIME_WAIT is right to the unit, by fentry" {
	ledger_by fentry
}
