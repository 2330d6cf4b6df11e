#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a supervisor hears of a live command: ready, alive, stopping.

bats_require_minimum_version 1.5.0

setup() {
	load lib.bash
	live_setup
	probe_trace
	HEARD=$BATS_TEST_TMPDIR/heard
}

teardown() {
	live_teardown
}

# supervise ADDRESS: what is sent there is in HEARD from now on.
supervise() {
	export NOTIFY_SOCKET=$1
	/usr/bin/python3 "$LIVE/notify/supervisor.py" "$1" >"$HEARD" 3>&- &
	PIDS+=($!)
	wait_until grep -q listening "$HEARD"
}

# heard PATTERN [N]: it came, N times at least.
heard() {
	[[ $(grep -c "$1" "$HEARD") -ge ${2:-1} ]]
}

@test "ready once, alive in half of the watchdog's time whatever the interval, stopping at the end" {
	supervise "@twtrace-notify-$$-$BATS_TEST_NUMBER"
	export WATCHDOG_USEC=400000
	start_here top --interval 1m
	wait_until heard '^READY=1$'
	WAIT=20 wait_until heard '^WATCHDOG=1 STATUS=tracing: [0-9,]* connections open, [0-9,]* sockets in TIME_WAIT$' 4
	stop_twtrace
	wait_until heard '^STOPPING=1$'
	[[ $(sed -n 2p "$HEARD") == READY=1 && $(tail -n 1 "$HEARD") == STOPPING=1 ]]
	[[ $(grep -c READY "$HEARD") == 1 && $(grep -c STOPPING "$HEARD") == 1 ]]
}

@test "a socket at a path, and a duration that is longer than the watchdog waits: the same" {
	supervise "$BATS_TEST_TMPDIR/socket"
	export WATCHDOG_USEC=400000
	start_here trace --for 1h --interval 1m
	WAIT=20 wait_until heard '^WATCHDOG=1 STATUS=' 4
	stop_twtrace
	wait_until heard '^STOPPING=1$'
	[[ $(sed -n 2p "$HEARD") == READY=1 ]]
}

@test "a command that is run finds nothing of the supervisor in its environment, and ready has come" {
	supervise "@twtrace-notify-$$-$BATS_TEST_NUMBER"
	export WATCHDOG_USEC=400000
	# shellcheck disable=SC2016 # of the shell that is run
	run -0 --separate-stderr "$TWTRACE" run -- timeout 10 bash -c \
		'until grep -q READY "$1"; do sleep 0.02; done
		echo "${NOTIFY_SOCKET-none} ${WATCHDOG_USEC-none} ${WATCHDOG_PID-none}"' _ "$HEARD"
	[[ $output == 'none none none' ]]
	wait_until heard '^STOPPING=1$'
}

@test "a socket that is none is quoted, and tracing goes on" {
	NOTIFY_SOCKET=vsock:2:1234 run -0 --separate-stderr "$TWTRACE" list
	# shellcheck disable=SC2154 # by run --separate-stderr
	[[ $stderr == *"NOTIFY_SOCKET 'vsock:2:1234' is neither a path nor @ and a name"* ]]
	[[ $output == STATE* ]]
}

@test "a recording that is read is nobody's service" {
	supervise "@twtrace-notify-$$-$BATS_TEST_NUMBER"
	run -0 --separate-stderr "$TWTRACE" top -i "$ROOT/tests/golden/churn/recording"
	# of the next one, in its turn
	run -0 --separate-stderr "$TWTRACE" list
	wait_until heard '^STOPPING=1$'
	[[ $(grep -c READY "$HEARD") == 1 && $(grep -c STOPPING "$HEARD") == 1 ]]
}
