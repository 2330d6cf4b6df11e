#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Minisocks that are waited for: their own end, after the time the kernel gives them, and being
# taken over in the seconds by which that end is late. All wait at the same time. How they end
# otherwise is in truth_table.bats.

load lib
load table

OVERDUE=60 # connections

setup_file() {
	need_traffic
	probe_tiers
}

setup() {
	need_table
	live_setup
}

teardown() {
	live_teardown
}

slow_scenarios() {
	awk '/^[a-z]/ && $10 > 0 { print $1 }' "$LIVE/truth_table.txt"
}

# Minisocks that are due and are connected to again, in a namespace of their own: the generator and
# the tracer work while others wait.
start_overdue() {
	netns_new overdue
	start_twtrace top -o jsonl --evidence inferred --netns "$(ns_path overdue)"
	OVERDUE_TRACER=$TWTRACE_PID
	ip netns exec "$(ns overdue)" "$TRAFFIC" time_wait_overdue --count "$OVERDUE" --here \
		>"$BATS_FILE_TMPDIR/overdue.truth" 2>"$BATS_FILE_TMPDIR/overdue.errors" 3>&- </dev/null &
	OVERDUE_PLAYER=$!
	PIDS+=("$OVERDUE_PLAYER")
}

# What the last test judges: the namespace's own count, and the tracer's document.
end_overdue() {
	wait "$OVERDUE_PLAYER" || true
	forget "$OVERDUE_PLAYER"
	in_ns overdue cat /proc/net/netstat | mib TWRecycled >"$BATS_FILE_TMPDIR/overdue.recycled"
	stop_twtrace "$OVERDUE_TRACER"
	summary >"$BATS_FILE_TMPDIR/overdue.summary"
}

# mib NAME: of /proc/net/netstat.
mib() {
	awk -v name="$1" '$1 != "TcpExt:" { next }
		!column { for (i = 2; i <= NF; i++) if ($i == name) column = i; next }
		{ print $column }'
}

# bats test_tags=slow
@test "expired: after its minute or tcp_fin_timeout, with the time it took" {
	local scenario family port=25000 player players=()

	: >"$BATS_FILE_TMPDIR/truth"
	kernel_trace_begin && kernel_trace_expiries || true
	start_overdue
	start_tiers 25000-25999
	for family in $FAMILIES; do
		for scenario in $(slow_scenarios); do
			netns_new "$scenario-$family"
			port=$((port + 1))
			play "$scenario-$family" "$family" "$port" "$scenario" &
			players+=($!)
		done
	done
	for player in "${players[@]}"; do
		wait "$player"
	done
	end_overdue
	wait_until all_well stays || drop_withheld
	stop_tiers
	judge_tiers stays
	# shellcheck disable=SC2046 # words
	judged $(slow_scenarios)
	[[ ! -s $BATS_FILE_TMPDIR/dropped ]] ||
		skip "the kernel has withheld events of $(xargs <"$BATS_FILE_TMPDIR/dropped")"
}

# ends: "REASON SUBSTATE" of every one.
ends() {
	events 'select(.kind == "time_wait_exit") | "\(.reason) \(.substate)"'
}

ended() {
	[[ $(ends | wc -l) == "$1" ]]
}

@test "destroyed: ss -K itself" {
	local tier reason

	need_command ss
	for tier in $(tiers_here); do
		reason=destroyed
		[[ $tier != inferred ]] || reason=unknown
		# loopback's own RST may end one before: then it is played again
		for _ in {1..5}; do
			netns_new t
			start_here trace -o jsonl --evidence "$tier"
			traffic client_first --count 3 --port 7004
			[[ $(truth .mib_client.OutRsts) != 0 ]] || break
			stop_twtrace
			netns_del t
		done
		in_ns t ss -K state time-wait dport = :7004 >/dev/null 2>&1 || true
		[[ -z $(in_ns t ss -Htan state time-wait dport = :7004) ]] ||
			skip "this kernel does not let ss -K end a TIME_WAIT"
		wait_until ended "$(truth .mib_client.TW)" || fail "$tier: $(ends)"
		stop_twtrace
		expect "$tier" "$(ends | sort | uniq -c | xargs)" "3 $reason TIME_WAIT"
		netns_del t
	done
}

# bats test_tags=slow
@test "reused: one that is due, until the timer wheel turns" {
	local recycled document=$BATS_FILE_TMPDIR/overdue.summary

	# alone, where the test that waits did not run
	if [[ ! -e $document ]]; then
		start_overdue
		end_overdue
	fi
	[[ -s $BATS_FILE_TMPDIR/overdue.truth ]] || fail "$(<"$BATS_FILE_TMPDIR/overdue.errors")"
	recycled=$(<"$BATS_FILE_TMPDIR/overdue.recycled")
	expect "loss" "$(jq .loss.total "$document")" 0
	((recycled > 0)) || fail "none was taken over"
	((recycled < OVERDUE)) || skip "this kernel's timer wheel turns less often: none has expired"
	expect "time_wait_reused" "$(jq .totals.time_wait_reused "$document")" "$recycled"
	(($(jq .totals.time_wait_expired "$document") > 0)) || fail "none has expired"
	expect "the audit" "$(jq -c '.audit[0].time_wait_reused' "$document")" \
		"{\"twtrace\":$recycled,\"kernel\":$recycled,\"drift\":0,\"error\":0}"
}
