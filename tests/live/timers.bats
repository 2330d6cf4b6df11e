#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The evidence tier `timer` where the kernel hides its symbols: what a TIME_WAIT's timer calls is
# learnt from one that is there.

bats_require_minimum_version 1.5.0

load lib

setup() {
	need_traffic
	live_setup
	netns_new t
	# as a kernel would show them to whom it hides them: nothing of use
	HIDDEN="$BATS_TEST_TMPDIR/hidden"
	cat >"$HIDDEN" <<-EOF
		#!/bin/sh
		exec ip netns exec "$(ns t)" sh -c 'mount --bind /dev/null /proc/kallsyms &&
			exec "\$0" "\$@"' "$TWTRACE" "\$@"
	EOF
	chmod +x "$HIDDEN"
}

teardown() {
	live_teardown
}

tier_is_possible() {
	"$TWTRACE" trace --evidence timer --for 100ms >"$EVENTS" 2>"$ERRORS" 3>&-
}

@test "without one it is refused, in one sentence" {
	tier_is_possible || skip "$(head -n 1 "$ERRORS")"
	run --separate-stderr "$HIDDEN" trace --evidence timer --for 100ms
	[[ $status == 3 && $output == "" ]]
	# shellcheck disable=SC2154 # by run --separate-stderr
	[[ ${#stderr_lines[@]} == 1 && $stderr == *"no evidence tier 'timer'"*"kptr_restrict"* ]]
	[[ $stderr == *"no TIME_WAIT socket here"* ]]
}

@test "with one it sees births; that ends have no reason is said" {
	tier_is_possible || skip "$(head -n 1 "$ERRORS")"
	traffic client_first --count 1
	TWTRACE=$HIDDEN start_twtrace trace -o jsonl --evidence timer -v
	traffic client_first --count 20
	wait_until has_event 'select(.kind == "time_wait_enter" and .evidence == "timer")'
	stop_twtrace
	grep -q "early ends of TIME_WAIT show without their reason" "$ERRORS"
}
