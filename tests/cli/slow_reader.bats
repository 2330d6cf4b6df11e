#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Standard output that takes nothing from the first byte on: a pipe that is full already, and
# nobody reads it. Needs root and a kernel that can be traced.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	[[ $(id -u) == 0 ]] || skip "needs root"
	run "$TWTRACE" list --netns 1
	[[ $status != 3 ]] || skip "$output"
	PIPE=$BATS_TEST_TMPDIR/pipe
	mkfifo "$PIPE" "$BATS_TEST_TMPDIR/ready"
	exec 8<>"$PIPE" 9<>"$BATS_TEST_TMPDIR/ready"
	dd if=/dev/zero of="$PIPE" bs=4k oflag=nonblock status=none 2>/dev/null || true
	PID=
}

teardown() {
	[[ -z $PID ]] || kill -KILL "$PID" 2>/dev/null || true
}

# ends_in_time COMMAND ARGS...: is ready, and after a signal says TEXT and ends with status 0
ends_in_time() {
	local text=$1 status=0 begin
	shift
	timeout --foreground -s KILL 20 "$TWTRACE" "$@" --ready-fd 9 >"$PIPE" 2>"$BATS_TEST_TMPDIR/errors" 3>&- 8>&- </dev/null &
	PID=$!
	read -r -t 20 -u 9 || { echo "never ready"; return 1; }
	begin=${EPOCHREALTIME/[.,]/}
	kill -TERM "$PID"
	wait "$PID" || status=$?
	PID=
	((${EPOCHREALTIME/[.,]/} - begin < 5000000)) || { echo "too late"; return 1; }
	cat "$BATS_TEST_TMPDIR/errors"
	[[ $status == 0 && $(wc -l <"$BATS_TEST_TMPDIR/errors") == 1 ]]
	[[ $(<"$BATS_TEST_TMPDIR/errors") == "twtrace $1: "*"$text"* ]]
}

@test "record: ready all the same, and a signal ends it with a sentence" {
	ends_in_time "not recorded" record -
}

@test "trace: ready all the same, and a signal ends it with a sentence" {
	ends_in_time "not printed, because nobody read" trace
}

@test "top: ready all the same, and a signal ends it with a sentence" {
	ends_in_time "not printed, because nobody read" top -o jsonl
}

@test "list: ready all the same, and a signal ends it with a sentence" {
	ends_in_time "not printed, because nobody read" list
}
