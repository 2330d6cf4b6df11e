#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The generator against the kernel's own trace (tracefs, not twtrace): each scenario provokes
# what truth_table.txt says of it. If this fails, so may truth_table.bats, and rightly.

load lib

setup() {
	live_setup
	[[ $INSTANCE ]] || skip "tracefs cannot be mounted, or gives no instance"
}

teardown() {
	live_teardown
}

# The kernel's transitions at PORT: "side FROM>TO" sorted, listeners and repetitions left out.
kernel_steps() {
	kernel_trace | awk -v port="$1" '
			$3 == $4 || $4 == "LISTEN" || ($3 == "LISTEN" && $4 == "CLOSE") { next }
			$2 == port { print "client", $3 ">" $4; next }
			$1 == port { print "server", $3 ">" $4 }' | sort
}

# The same from the table.
table_steps() {
	awk -v scenario="$1" 'BEGIN {
		begin["client"] = "CLOSE>SYN_SENT>ESTABLISHED"
		begin["server"] = "LISTEN>SYN_RECV>ESTABLISHED"
	}
	$1 == scenario {
		states = split((/ >/ ? begin[$2] : "") $4, state, ">")
		for (n = 0; n < $3; n++)
			for (i = 1; i < states; i++)
				print $2, state[i] ">" state[i + 1]
	}' "$LIVE/truth_table.txt" | sort
}

# Of minisocks, the table's and the kernel's figures: born, reused, refused; those that live, of
# sides that have sockets at all. TWKilled: born with less than 4 s to live.
table_minisocks() {
	awk -v scenario="$1" '$1 == scenario {
			born += $3 * ($8 != "-"); reused += $3 * ($9 == "reused")
			refused += $3 * ($9 == "refused"); lives[$2] += $3 * ($9 == "lives")
		}
		END { print born + 0, reused + 0, refused + 0, has("client"), has("server") }
		function has(side) { return side in lives ? lives[side] : "-" }' "$LIVE/truth_table.txt"
}

kernel_minisocks() {
	truth '[(.mib_client | .TW + .TWKilled, .TWRecycled, .TCPTimeWaitOverflow),
		(.states_client, .states_server | (.TIME_WAIT // 0) + (.FIN_WAIT2 // 0)),
		.mib_client.OutRsts] | map(tostring) | join(" ")'
}

# All but those that wait for a minisock's own end.
scenarios_in_table() {
	awk '/^[a-z]/ { slow[$1] += $10 } END { for (name in slow) if (!slow[name]) print name }' \
		"$LIVE/truth_table.txt" | sort
}

# check SCENARIO FAMILY PORT
check() {
	local born reused refused lives is gone side

	: >"$INSTANCE/trace"
	traffic "$1" --family "$2" --port "$3"
	diff <(table_steps "$1") <(kernel_steps "$(truth .port)") ||
		fail "$1 $2: the table (<) and the kernel (>)"
	read -r born reused refused "lives[0]" "lives[1]" <<<"$(table_minisocks "$1")"
	read -ra is <<<"$(kernel_minisocks)"
	# until 5.17 they are counted when they end
	if [[ $1 != client_first ]] && ((BIRTHS_COUNT)); then
		expect "$1 $2: births" "${is[0]}" "$born"
	elif [[ ${is[0]} == 1 ]]; then
		BIRTHS_COUNT=1
	fi
	expect "$1 $2: reused" "${is[1]}" "$reused"
	expect "$1 $2: refused" "${is[2]}" "$refused"
	for side in 0 1; do
		[[ ${lives[side]} != - ]] || continue
		gone=$((lives[side] - is[3 + side]))
		# one that loopback's own RST has killed is in OutRsts
		((gone == 0 || (gone > 0 && gone <= is[5]))) ||
			fail "$1 $2: ${is[3 + side]} minisocks live, not ${lives[side]}"
		((gone == 0)) || echo "# $1 $2: loopback has killed $gone" >&3
	done
}

@test "every scenario is what the table says of it, in every family" {
	# the trace is of the whole host: ports that no other test has, nor any client
	local scenario family port=$((10000 + $$ % 80 * 250))

	# whatever else the host does would push them out of the trace
	echo "(sport >= $port && sport < $((port + 250))) || (dport >= $port && dport < $((port + 250)))" \
		>"$INSTANCE/events/sock/inet_sock_set_state/filter"
	BIRTHS_COUNT=0
	for scenario in client_first $(scenarios_in_table); do
		for family in $FAMILIES; do
			check "$scenario" "$family" $((port++))
		done
	done
}

@test "two close() calls at one gate cross now and then, on two CPUs" {
	[[ $(nproc) -gt 1 ]] || skip "one CPU only: they cannot race"
	traffic simultaneous_race --count 1
	[[ $(truth .simultaneous) == 1 ]] || skip "no FINs crossed in $(truth .attempts) attempts"
	expect "births" "$(truth .mib_client.TW)" $(($(truth .attempts) + 1))
}

@test "churn: both sides count the same, and the kernel its births" {
	traffic client_first --count 20000 --server 127.77.0.1 --hosts 4 --ports 4
	expect "accepted" "$(truth .counts.accepted)" 20000
	expect "births" "$(truth .mib_client.TW)" 20000
	expect "ports" "$(truth '[.counts.ports[].connected] | unique | .[]')" 5000
	traffic server_first --count 20000 --server fd77::1 --family 6 --hosts 4 --ports 4
	expect "accepted" "$(truth .counts.accepted)" 20000
	expect "births" "$(truth .mib_server.TW)" 20000
}

@test "a bucket overflow overflows" {
	traffic bucket_overflow --count 100
	expect "births" "$(truth .mib_client.TW)" 50
	expect "refused" "$(truth .mib_client.TCPTimeWaitOverflow)" 50
}

@test "idle_hold has all in place before it says so, and leaves nothing open" {
	start_traffic idle_hold --count 30 --close-wait 20 --time-wait 10 --port 7200
	expect "server" "$(in_ns t ss -Htan state established state close-wait sport = :7200 | wc -l)" 50
	expect "client" "$(in_ns t ss -Htan state fin-wait-2 state time-wait dport = :7200 | wc -l)" 30
	stop_traffic
	expect "open" "$(in_ns t ss -Htan state connected | grep -cv TIME-WAIT)" 0
}

# What a run may change of its namespace.
namespace_as_it_is() {
	in_ns t sh -c 'grep -s "" /proc/sys/net/ipv4/tcp_* /proc/sys/net/ipv4/ip_local_port_range
		ls /sys/class/net; ip addr show'
}

@test "settings and devices are as they were, afterwards and after a failure" {
	local before scenario

	netns_new t
	before=$(namespace_as_it_is)
	for scenario in fin_timeout_handover addr_not_avail binds_starve time_wait_reused_auto time_wait_refused \
		bucket_overflow peer_rst_rfc1337 peer_syn_reopens; do
		traffic "$scenario" --count 2
		diff <(echo "$before") <(namespace_as_it_is)
	done
	# in a namespace without a way there; the settings come first
	in_ns t ip rule add prio 1 to 198.18.7.2 unreachable
	! traffic peer_rst_rfc1337 2>/dev/null || fail "there was a way"
	diff <(echo "$before") <(namespace_as_it_is)
}
