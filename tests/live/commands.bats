#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How live commands begin and end: ready, durations, signals, closed outputs, full
# disks, killed processes.

bats_require_minimum_version 1.5.0
load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

@test "--for ends by itself with status 0 and the final tables" {
	start_here top -o json --for 300ms
	STATUS=0
	wait "$TWTRACE_PID" || STATUS=$?
	forget "$TWTRACE_PID"
	[[ $STATUS == 0 ]]
	jq -e '.totals.connections == 0 and (.audit | length) == 1' "$EVENTS"
}

@test "SIGINT and SIGTERM both end with the summary and status 0" {
	for signal in INT TERM; do
		start_here trace -o jsonl
		kill -"$signal" "$TWTRACE_PID"
		wait "$TWTRACE_PID"
		forget "$TWTRACE_PID"
		[[ $(tail -n 1 "$EVENTS" | jq -r .kind) == summary ]]
	done
}

@test "the demo ends at once when it is told to, and takes its processes along" {
	"$TWTRACE" demo --for 1h -o json --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready" >"$EVENTS" \
		2>"$ERRORS" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	wait_until ready_or_dead "$BATS_TEST_TMPDIR/ready"
	mapfile -t children < <(xargs -n1 <"/proc/$TWTRACE_PID/task/$TWTRACE_PID/children")
	((${#children[@]} > 0))
	kill -INT "$TWTRACE_PID"
	WAIT=5 wait_until gone "$TWTRACE_PID"
	wait "$TWTRACE_PID"
	forget "$TWTRACE_PID"
	for pid in "${children[@]}"; do
		WAIT=5 wait_until gone "$pid"
	done
	jq -e .totals "$EVENTS"
}

@test "ready means ready: a connection made at once is seen whole" {
	start_here trace -o jsonl
	traffic client_first --count 1
	wait_until has_event 'select(.kind == "time_wait_enter")'
	stop_twtrace
	[[ $(summary | jq .totals.opened) == 2 ]]
}

@test "a lone event shows within a tenth of a second" {
	start_here trace -o jsonl --interval 1h
	traffic listener_close
	# the line that tells the end is written by the flush after the follow-up look
	WAIT=1 wait_until has_event 'select(.kind == "transition" and .to == "LISTEN")'
	stop_twtrace
}

@test "--verbose says which probes are used, and ready" {
	start_here top --verbose
	stop_twtrace
	grep -q 'tp_btf/tcp_send_reset' "$ERRORS"
	grep -q 'accept()' "$ERRORS"
	grep -q ready "$ERRORS"
}

@test "--verbose says what is known of the end of TIME_WAIT" {
	start_here top --verbose
	stop_twtrace
	grep -qE 'evidence: (inferred|timer|kprobe|fentry)' "$ERRORS"
	# 512 or 4096 ticks of HZ=100, 250, 300, 1000; five minutes after boot it is not known
	grep -qE 'the timer wheel turns, which is every (5\.120|2\.048|1\.707|4\.096) s' "$ERRORS" ||
		grep -q 'when the timer wheel turns is not known' "$ERRORS"
}

@test "nothing is said on standard error without --verbose" {
	start_here top
	stop_twtrace
	[[ ! -s $ERRORS ]]
}

@test "a closed standard output ends it quietly" {
	netns_new t
	run -0 --separate-stderr timeout 20 bash -c \
		"'$TWTRACE' top --netns '$(ns_path t)' --interval 50ms | head -n 1 >/dev/null; exit \${PIPESTATUS[0]}"
	# shellcheck disable=SC2154 # set by run --separate-stderr
	[[ -z $stderr ]]
}

@test "a full disk ends a recording with a sentence and status 1" {
	[[ -c /dev/full ]] || skip "no /dev/full"
	run -1 --separate-stderr timeout 20 "$TWTRACE" record /dev/full
	[[ $stderr == *"'/dev/full'"* && $stderr == *"No space left"* ]]
}

@test "a full disk behind standard output is a failure with a sentence" {
	[[ -c /dev/full ]] || skip "no /dev/full"
	netns_new t
	run -1 --separate-stderr bash -c "'$TWTRACE' list -o json --netns '$(ns_path t)' >/dev/full"
	[[ $stderr == *"No space left"* ]]
}

# start_unread ARGS...: as start_here, with a standard output that nobody reads yet: a pipe, open
# as descriptor 8, so that its reader has not gone.
start_unread() {
	PIPE=$BATS_TEST_TMPDIR/out
	netns_new t
	mkfifo "$PIPE"
	exec 8<>"$PIPE"
	"$TWTRACE" "$@" --netns "$(ns_path t)" --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready" \
		>"$PIPE" 2>"$ERRORS" 3>&- 8>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	wait_until ready_or_dead "$BATS_TEST_TMPDIR/ready"
}

# From now on everything in it goes into EVENTS.
read_it() {
	exec 7<"$PIPE" 8>&-
	cat <&7 >"$EVENTS" 3>&- &
	READER_PID=$!
	PIDS+=("$READER_PID")
	exec 7<&-
}

# Its end, and its reader's.
wait_for_both() {
	STATUS=0
	WAIT=20 wait_until gone "$TWTRACE_PID"
	wait "$TWTRACE_PID" || STATUS=$?
	forget "$TWTRACE_PID"
	wait "$READER_PID"
	forget "$READER_PID"
	expect "status" "$STATUS" 0
}

blocked_in_write() {
	grep -q pipe_write "/proc/$1"/task/*/wchan
}

# It waits for events, and none have come since the last look.
at_rest() {
	local before=${SWITCHES:-}

	SWITCHES=$(grep ctxt_switches "/proc/$1/status")
	sleep 0.1 # it looks again 50 ms after what came
	[[ $SWITCHES == "$before" ]]
}

traces_no_more() {
	! readlink "/proc/$1"/fd/* | grep -q bpf
}

@test "a signal ends it though the reader of its output has stopped reading" {
	start_unread trace -o jsonl --ring 64M
	traffic client_first --count 500
	wait_until blocked_in_write "$TWTRACE_PID"
	kill -TERM "$TWTRACE_PID"
	WAIT=5 wait_until gone "$TWTRACE_PID"
	wait "$TWTRACE_PID"
	forget "$TWTRACE_PID"
	[[ $(wc -l <"$ERRORS") == 1 && $(<"$ERRORS") == *"events and the end were not printed"* ]]
	# and what is in the pipe is whole lines
	dd bs=1M count=1 iflag=nonblock <&8 >"$EVENTS" 2>/dev/null
	exec 8>&-
	[[ -s $EVENTS && -z $(tail -c 1 "$EVENTS") ]]
	jq -e .kind "$EVENTS" >/dev/null
}

@test "what the reader is too slow for is dropped, counted, and told where it is missing" {
	start_unread trace -o jsonl --ring 64M
	"$TWTRACE" trace -o jsonl --ring 64M --netns "$(ns_path t)" --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready2" \
		>"$BATS_TEST_TMPDIR/all" 2>"$BATS_TEST_TMPDIR/errors2" 3>&- 8>&- </dev/null &
	local witness=$!
	PIDS+=("$witness")
	wait_until test -s "$BATS_TEST_TMPDIR/ready2"
	# some 20 MB
	traffic client_first --count 5000 --hosts 8
	wait_until blocked_in_write "$TWTRACE_PID"
	WAIT=60 wait_until at_rest "$TWTRACE_PID"
	read_it
	wait_until has_loss
	traffic client_first --count 5 --hosts 8
	stop_twtrace "$witness"
	kill -INT "$TWTRACE_PID"
	wait_for_both
	local printed dropped happened
	printed=$(jq -n '[inputs | select(.kind != "loss" and .kind != "summary")] | length' "$EVENTS")
	dropped=$(jq -n '[inputs | select(.kind == "loss" and .cause == "output_full").count] | add' "$EVENTS")
	happened=$(jq -n '[inputs | select(.kind != "loss" and .kind != "summary")] | length' "$BATS_TEST_TMPDIR/all")
	((dropped > 0))
	expect "printed and dropped" $((printed + dropped)) "$happened"
	# the figures are whole, and say what the lines lack
	expect "opened" "$(summary | jq .totals.opened)" 10010
	expect "told in the summary" "$(summary | jq .loss.output_full)" "$dropped"
	[[ $(wc -l <"$ERRORS") == 1 && $(tr -d , <"$ERRORS") == *" $dropped events were not printed"* ]]
	[[ ! -s $BATS_TEST_TMPDIR/errors2 ]]
}

has_loss() {
	grep -q '"kind":"loss"' "$EVENTS"
}

@test "after --for it waits for its reader, and traces no more" {
	start_unread trace -o jsonl --for 1s
	traffic client_first --count 500
	WAIT=20 wait_until traces_no_more "$TWTRACE_PID"
	blocked_in_write "$TWTRACE_PID"
	read_it
	wait_for_both
	expect "opened" "$(summary | jq .totals.opened)" 1000
	expect "established" "$(jq -n '[inputs | select(.to == "ESTABLISHED")] | length' "$EVENTS")" 1000
	[[ ! -s $ERRORS ]]
}

@test "tables that nobody reads are left out, and the last ones are there" {
	start_unread top -o jsonl --interval 10ms
	traffic client_first --count 500 --hosts 8
	wait_until blocked_in_write "$TWTRACE_PID"
	read_it
	wait_until grep -q '"totals":{"connections":1000,' "$EVENTS"
	kill -INT "$TWTRACE_PID"
	wait_for_both
	expect "opened" "$(summary | jq .totals.opened)" 1000
	expect "loss" "$(summary | jq .loss.total)" 0
	[[ ! -s $ERRORS ]]
}

@test "a recording whose reader has stopped reading is ended by a signal, in words" {
	start_unread record -
	traffic client_first --count 20000 --hosts 8
	wait_until blocked_in_write "$TWTRACE_PID"
	kill -INT "$TWTRACE_PID"
	WAIT=5 wait_until gone "$TWTRACE_PID"
	wait "$TWTRACE_PID"
	forget "$TWTRACE_PID"
	exec 8>&-
	[[ $(wc -l <"$ERRORS") == 1 && $(<"$ERRORS") == *"were not recorded"* ]]
}

gone() {
	! kill -0 "$1" 2>/dev/null || [[ $(</proc/"$1"/stat) == *") Z "* ]]
}

@test "a recording that cannot be made is refused before anything is traced" {
	run -1 --separate-stderr "$TWTRACE" record /nowhere/file
	[[ $stderr == *"'/nowhere/file'"* ]]
}

@test "a recorder that is killed leaves a recording, and nothing in the kernel" {
	local recording=$BATS_TEST_TMPDIR/r

	start_here record "$recording"
	traffic client_first --count 50
	# written out at least every second
	wait_until recorded "$recording" 100
	kill -KILL "$TWTRACE_PID"
	wait "$TWTRACE_PID" || true
	forget "$TWTRACE_PID"
	run -0 --separate-stderr "$TWTRACE" top -o json -i "$recording"
	[[ $(jq .totals.opened <<<"$output") == 100 && $stderr == *"was cut"* ]]
}

# recorded FILE N: N connections are in the file.
recorded() {
	[[ $("$TWTRACE" top -o json -i "$1" 2>/dev/null | jq .totals.opened) == "$2" ]]
}

@test "--syscalls names who accepts at once" {
	start_here trace -o jsonl --syscalls
	traffic accept_by_other_passive --count 5
	wait_until has_event 'select(.kind == "transition" and .from == "LAST_ACK")'
	stop_twtrace
	[[ ! -s $ERRORS ]]
	# CLOSE_WAIT comes before the worker closes: only accept() can have named it
	[[ $(events 'select(.from == "ESTABLISHED" and .to == "CLOSE_WAIT") | .comm' | sort -u) == '"tw-worker"' ]]
}

@test "two tracers at once see the same" {
	start_here trace -o jsonl
	"$TWTRACE" top -o json --netns "$(ns_path t)" --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready2" \
		>"$BATS_TEST_TMPDIR/top" 2>>"$ERRORS" 3>&- </dev/null &
	local second=$!
	PIDS+=("$second")
	wait_until test -s "$BATS_TEST_TMPDIR/ready2"
	traffic client_first --count 30
	wait_until has_event 'select(.kind == "time_wait_enter")'
	stop_twtrace
	stop_twtrace "$second"
	[[ $(summary | jq .totals.opened) == 60 ]]
	[[ $(jq .totals.opened "$BATS_TEST_TMPDIR/top") == 60 ]]
}

@test "a recording into a pipe ends quietly when its reader has gone" {
	run bash -o pipefail -c '"$1" record - --for 2s 2>"$2" | head -c 10 >/dev/null' _ "$TWTRACE" "$ERRORS"
	expect "status" "$status" 0
	[[ ! -s $ERRORS ]] || fail "$(<"$ERRORS")"
}
