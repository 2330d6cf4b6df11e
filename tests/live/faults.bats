#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# While memory runs out or the kernel refuses: at the start, and while connections come and go.

load lib

setup() {
	live_setup
	PRELOAD=${BUILD:-$ROOT/build}/tests/fault.so
	[[ -e $PRELOAD ]] || skip "there is no $PRELOAD"
	not_sanitized "its malloc() is not ours to fail"
	probe_trace
}

teardown() {
	live_teardown
}

# faulty FAULT ARGS...: twtrace with it; STATUS, EVENTS and ERRORS are what came of it.
faulty() {
	local fault=$1
	shift

	STATUS=0
	timeout -k 5 30 env FAULT="$fault" FAULT_LOG="$BATS_TEST_TMPDIR/log" \
		LD_PRELOAD="$PRELOAD" "$TWTRACE" "$@" >"$EVENTS" 2>"$ERRORS" 3>&- </dev/null || STATUS=$?
}

# unheld: "prog 17" and the like, a line each, of what is in the kernel and no process holds.
unheld() {
	local kind there

	there=$(for kind in prog map link; do
		bpftool -j "$kind" show | jq -r --arg kind "$kind" '.[] | "\($kind) \(.id)"'
	done | sort -u)
	comm -23 - <(cat /proc/[0-9]*/fdinfo/* 2>/dev/null |
		sed -nE 's/^(prog|map|link)_id:\s+/\1 /p' | sort -u) <<<"$there"
}

# nothing_stays FILE: but for what was there before.
nothing_stays() {
	[[ -z $(unheld | comm -23 - "$1") ]]
}

@test "memory: at the start one allocation fails, here and there: it ends with a sentence, or goes on" {
	run "$ROOT/tests/faults/run" --some 24 "top -o json --for 50ms" "record % --for 50ms"
	echo "$output"
	[[ $status == 0 && $output == "ok "*"ok "* && $output != *skip* ]]
}

@test "memory: one in five allocations fails under traffic: what is lost is told, and tables heal" {
	run "$ROOT/tests/faults/minute" --for 5 3>&-
	echo "$output"
	[[ $status == 0 && $output == *"ok 4 "* ]]
}

@test "programs: what must be there and is refused ends it with status 3 and one sentence" {
	local fault

	for fault in prog_load:named:first_look:1 prog_load:from:1:28 map_create:named:events:12 \
		map_create:nth:1 attach:from:1:16; do
		faulty "$fault" top -o json --for 100ms
		echo "$fault: status $STATUS: $(<"$ERRORS")"
		[[ $STATUS == 3 && ! -s $EVENTS && $(wc -l <"$ERRORS") == 1 ]]
		[[ $(<"$ERRORS") == "twtrace top: "* ]]
	done
}

@test "processors: how many there can be is not known: it ends with status 3 and one sentence" {
	local error

	for error in 2 12 24; do
		# the first time only: libbpf asks again
		FAULT_TIMES=1 faulty "open:named:/sys/devices/system/cpu/possible:$error" top -o json --for 50ms
		echo "errno $error: status $STATUS: $(<"$ERRORS")"
		[[ $STATUS == 3 && ! -s $EVENTS ]]
		# libbpf says it, too
		[[ $(grep -v ^libbpf: "$ERRORS") == "twtrace top: "* && $(grep -vc ^libbpf: "$ERRORS") == 1 ]]
	done
}

@test "programs: whichever cannot be attached, it is said, or it ends; nothing stays in the kernel" {
	local n error most=64

	need_command bpftool
	unheld >"$BATS_TEST_TMPDIR/before"
	for error in 1 16; do
		# until there is nothing left to fail
		for ((n = 1; n <= most; n++)); do
			: >"$BATS_TEST_TMPDIR/log"
			faulty "attach:nth:$n:$error" top -o json --for 20ms -v
			echo "attach $n, errno $error: status $STATUS: $(tail -1 "$ERRORS")"
			[[ $STATUS == 0 || $STATUS == 3 ]]
			[[ $STATUS == 0 || $(tail -1 "$ERRORS") == "twtrace top: "* ]]
			[[ $STATUS == 3 ]] || jq -e '.evidence != null' "$EVENTS" >/dev/null
			[[ -s $BATS_TEST_TMPDIR/log ]] || break
			# what it goes on without is told; of the two looks at a change one is enough
			[[ $STATUS == 3 ]] || grep -qE "cannot be|can't be|by the programs first_look$" "$ERRORS"
		done
		wait_until nothing_stays "$BATS_TEST_TMPDIR/before"
		((n > 1)) || fail "errno $error: nothing was made to fail"
		((n <= most)) || fail "errno $error: the $most. call was made to fail, and still there are more"
	done
}

@test "programs: what is not needed is switched off with one sentence, and connections are counted" {
	local program

	netns_new t
	for program in holders bound_hashed reset_reason; do
		STATUS=0
		: >"$BATS_TEST_TMPDIR/ready"
		env FAULT="prog_load:named:$program:1" LD_PRELOAD="$PRELOAD" "$TWTRACE" top -o json \
			--netns "$(ns_path t)" --ready-fd 8 8>"$BATS_TEST_TMPDIR/ready" \
			>"$EVENTS" 2>"$ERRORS" 3>&- </dev/null &
		TWTRACE_PID=$!
		PIDS+=("$TWTRACE_PID")
		WAIT=20 wait_until ready_or_dead "$BATS_TEST_TMPDIR/ready"
		traffic client_first --count 100
		kill -INT "$TWTRACE_PID"
		wait "$TWTRACE_PID" || STATUS=$?
		forget "$TWTRACE_PID"
		echo "$program: status $STATUS: $(<"$ERRORS")"
		[[ $STATUS == 0 && $(wc -l <"$ERRORS") == 1 ]]
		[[ $(<"$ERRORS") == *"this kernel refuses a program"*"none of these is seen"* ]]
		expect opened "$(jq .totals.opened "$EVENTS")" 200
	done
}
