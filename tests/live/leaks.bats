#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who is accused by `twtrace leaks`, and who is not: small programs that leak in one known way
# each, servers people use, and others that look like it and are innocent, against expected.txt.
# All run side by side for one minute, before the first test; each test judges one of them.

bats_require_minimum_version 1.5.0
load lib
load leaks/workloads

setup_file() {
	WORK=$BATS_FILE_TMPDIR
	lacking >"$WORK/skip"
	[[ ! -s $WORK/skip ]] || return 0
	workloads_open
	start_all before
	BEGIN=$EPOCHSECONDS
	start_all minute
	all_go
	watch_minute
	WAIT=30 wait_until is_old
	watch_seconds before
	wait_for_minute
	watch_seconds later
	note_what_was_there
	workloads_close
	complaints_of "$(has_stacks && echo yes)" "$WORK"/{minute,before,later}.json >"$WORK/complaints"
}

teardown_file() {
	workloads_close
}

setup() {
	WORK=$BATS_FILE_TMPDIR
}

# ----------------------------------------------------------------------------- the minute

# Why none of this can be done here, or nothing.
lacking() {
	local command status=0 sentence

	[[ $(id -u) == 0 ]] || { echo "needs root" && return; }
	for command in ip jq ss setpriv; do
		command -v "$command" >/dev/null || { echo "needs $command" && return; }
	done
	[[ -x $TWTRACE ]] || { echo "there is no $TWTRACE" && return; }
	[[ -x $LEAKS ]] || { echo "there is no $LEAKS" && return; }
	sentence=$("$TWTRACE" leaks --for 100ms -o json 2>&1 >/dev/null 3>&-) || status=$?
	[[ $status != 3 ]] || echo "${sentence:-twtrace cannot trace here}"
}

start_all() {
	local name

	for name in $(workloads "$1"); do
		[[ -n $(lacks "$name") ]] || workload_start "$name" ||
			{ echo "$name: $(tail -n 3 "$WORK/$name.err")" >&2 && return 1; }
	done
}

all_go() {
	local name

	for name in $(workloads); do
		[[ -n $(lacks "$name") ]] || WAIT=30 wait_until workload_goes "$name" ||
			{ echo "$name: $(tail -n 3 "$WORK/$name.err")" >&2 && return 1; }
	done
}

# Names and lines are known with libdw only.
has_stacks() {
	"$TWTRACE" leaks --help 3>&- | grep -q -e --stacks && ldd "$TWTRACE" | grep -q libdw
}

# leaks_options RUN: what the verdicts are asked with.
leaks_options() {
	! has_stacks || echo --stacks
	echo "-o json --netns $(ns_path "$1")"
}

# Beside it the same minute is recorded.
watch_minute() {
	# shellcheck disable=SC2046 # words
	"$TWTRACE" record "$WORK/minute.twr" --for 61s $(! has_stacks || echo --stacks) \
		--netns "$(ns_path minute)" 2>"$WORK/record.errors" 3>&- </dev/null &
	RECORDER_PID=$!
	PIDS+=("$RECORDER_PID")
	: >"$WORK/ready"
	# shellcheck disable=SC2046 # words
	"$TWTRACE" leaks --for 60s $(leaks_options minute) --ready-fd 9 9>"$WORK/ready" \
		>"$WORK/minute.json" 2>"$WORK/minute.errors" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until ready_or_dead "$WORK/ready"
}

# watch_seconds RUN: those that have been there for a while.
watch_seconds() {
	STATUS=0
	# shellcheck disable=SC2046 # words
	"$TWTRACE" leaks --for 5s $(leaks_options before) >"$WORK/$1.json" \
		2>"$WORK/$1.errors" 3>&- </dev/null || STATUS=$?
	echo "$STATUS" >"$WORK/$1.status"
}

is_old() {
	((EPOCHSECONDS >= BEGIN + 15))
}

wait_for_minute() {
	STATUS=0
	wait "$TWTRACE_PID" || STATUS=$?
	forget "$TWTRACE_PID"
	echo "$STATUS" >"$WORK/minute.status"
	wait "$RECORDER_PID"
	forget "$RECORDER_PID"
}

# At its end: the sockets, and what has ended that should not have.
note_what_was_there() {
	local pid run

	for run in minute before; do
		in_ns "$run" ss -Htan >"$WORK/$run.sockets"
	done
	for pid in "${PIDS[@]}"; do
		kill -0 "$pid" 2>/dev/null || (cd "$WORK" && grep -lx "$pid" ./*.pids)
	done | sed -E 's|^\./(.*)\.pids$|\1|' >"$WORK/ended"
}

# ------------------------------------------------------------------------------ judging

# judged WORKLOAD: it did what it is for, and what was said of it is right.
judged() {
	local lacking

	[[ ! -s $WORK/skip ]] || skip "$(<"$WORK/skip")"
	lacking=$(lacks "$1")
	[[ -z $lacking ]] || skip "needs $lacking"
	! grep -x "$1" "$WORK/ended" || fail "it has ended before its time: $(tail -n 3 "$WORK/$1.err")"
	has_shown "$1" || return
	! sed "s/^$1: //; t; d" "$WORK/complaints" | grep .
}

# Of what leaks ss must have seen at least so many at the end: else nothing was to be found.
has_shown() {
	local state side count

	case $(row "$1" 4) in
	close_wait*) state=CLOSE-WAIT ;;
	established_growth) state=ESTAB ;;
	fin_wait2_*) state=FIN-WAIT-2 ;;
	syn_sent) state=SYN-SENT ;;
	time_wait_churn) state=TIME-WAIT ;;
	accept_queue*) state=LISTEN ;;
	*) return 0 ;; # it sees no socket in CLOSE
	esac
	side=4
	[[ $(row "$1" 6) == local ]] || side=5
	count=$(awk -v state="$state" -v side="$side" -v port=":$(row "$1" 3)" '
		$1 == state && substr($side, length($side) - length(port) + 1) == port {
			count += state == "LISTEN" ? $2 : 1
		}
		END { print count + 0 }' "$WORK/$(row "$1" 2).sockets")
	((count >= 10)) || fail "ss shows only $count in $state"
}

@test "all runs end well, and say nothing on standard error" {
	[[ ! -s $WORK/skip ]] || skip "$(<"$WORK/skip")"
	for run in minute before later; do
		expect "status of $run" "$(<"$WORK/$run.status")" 0
		jq -e '.verdicts | type == "array"' "$WORK/$run.json" >/dev/null
		[[ ! -s $WORK/$run.errors ]] || fail "$(head -n 3 "$WORK/$run.errors")"
	done
}

# leaking FILE: who leaks, and how, by such a document.
leaking() {
	jq -r '.verdicts[] | select(.level == "leak") | "\(.kind) of \(.service)"' "$1" | sort -u
}

@test "a recording of the same minute gives the same verdicts" {
	[[ ! -s $WORK/skip ]] || skip "$(<"$WORK/skip")"
	"$TWTRACE" leaks -i "$WORK/minute.twr" -o json >"$WORK/replayed.json"
	[[ ! -s $WORK/record.errors ]]
	diff <(leaking "$WORK/minute.json") <(leaking "$WORK/replayed.json")
	# and each time the same
	"$TWTRACE" leaks -i "$WORK/minute.twr" -o json | cmp - "$WORK/replayed.json"
}

@test "every workload of the table has a test" {
	for name in $(workloads); do
		grep -q "judged $name\$" "$BATS_TEST_FILENAME" || fail "$name has none"
	done
}

# --------------------------------------------------------------------------------- leaking

@test "a server that never closes what its clients have closed: CLOSE_WAIT" {
	judged closewait
}

@test "a client that never closes what the server has closed: CLOSE_WAIT" {
	judged cw-client
}

@test "CLOSE_WAIT that grows by one in three seconds" {
	judged cw-slow
}

@test "CLOSE_WAIT in the children of a preforking server: all are holders" {
	judged cw-prefork
}

@test "CLOSE_WAIT of a thread: the process is accused" {
	judged cw-thread
}

@test "a client that forgets its handles: ESTABLISHED only grows" {
	judged growth
}

@test "the same at an irregular rate" {
	judged growth-irr
}

@test "a client that forgets the handles to one backend, and has a pool to another" {
	judged growth-one
}

@test "half-closed and held, while the peer's side is open: FIN_WAIT2" {
	judged fw2-held
}

@test "a remote that never closes: orphans in FIN_WAIT2" {
	judged fw2-orphan
}

@test "ended by both, and the descriptor kept" {
	judged closed-fin
}

@test "reset by the peer, and the descriptor kept" {
	judged closed-rst
}

@test "refused, and the descriptor kept" {
	judged refused
}

@test "a destination that is dead: SYN_SENT piles up" {
	judged syn-sent
}

@test "a listener whose queue is full and that accepts nothing" {
	judged acceptq
}

@test "short-lived connections that a pool would save: TIME_WAIT" {
	judged tw-churn
}

@test "nginx without keepalive towards its upstream" {
	judged nginx-off
}

@test "a backend that keeps the descriptors of connections that haproxy has reset" {
	judged haproxy-lk
}

@test "a backend that never closes what haproxy, in mode tcp, has closed" {
	judged haproxy-tcp
}

@test "a client that forgets its connections to redis" {
	judged redis-lk
}

@test "a Python client that keeps its responses" {
	judged py-client
}

# ------------------------------------------------- leaking, and idle since before the trace

@test "CLOSE_WAIT of a server from before the start" {
	judged closewait-before
}

@test "CLOSE_WAIT of a client from before the start" {
	judged cw-client-before
}

@test "FIN_WAIT2 held from before the start" {
	judged fw2-held-before
}

@test "closed and held from before the start" {
	judged closed-rst-before
}

# -------------------------------------------------------------------------------- innocent

@test "innocent: a burst that drains" {
	judged burst
}

@test "innocent: a pool at its bound, busy" {
	judged busy-pool
}

@test "innocent: a pool at its bound, idle" {
	judged idle-pool
}

@test "innocent: a pool that starts slowly" {
	judged slow-start
}

@test "innocent: a server whose long-lived clients keep coming, and talk" {
	judged websocket
}

@test "innocent: a server whose long-lived clients, each a process, keep coming, and are idle" {
	judged longlived
}

@test "innocent: CLOSE_WAIT while the answer is worked on" {
	judged halfclose
}

@test "innocent: short-lived connections at a moderate rate" {
	judged short
}

@test "innocent: a server that restarts, and clients that come back" {
	judged restart
}

@test "innocent: connections that live for fifteen seconds each" {
	judged life15
}

@test "innocent: downloads" {
	judged download
}

@test "innocent: a queue of a hundred that is accepted after two seconds" {
	judged late-accept
}

@test "innocent: connects to a dead destination that are given up in time" {
	judged giveup
}

@test "innocent: a preforking server with keep-alive" {
	judged prefork
}

@test "innocent: sockets that were never connected" {
	judged unconnected
}

@test "innocent: nginx with keepalive towards its upstream" {
	judged nginx-on
}

@test "innocent: haproxy with connections that it uses again" {
	judged haproxy-ok
}

@test "innocent: redis with a hundred idle clients" {
	judged redis-idle
}

@test "innocent: an idle pool from before the start" {
	judged idle-pool-before
}
