# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For the live tests: namespaces of one's own, the generator, twtrace, and waiting
# for conditions. Everything a test starts is ended by live_teardown, by its pid.
#
# What a test leaves in variables: EVENTS and ERRORS (files of twtrace's output),
# TRUTH (the generator's line), STATUS (twtrace's exit status).

ROOT=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
LIVE=$ROOT/tests/live
TWTRACE=${TWTRACE:-$ROOT/build/twtrace}
TRAFFIC=${TRAFFIC:-$ROOT/build/tests/traffic}
FAMILIES=${FAMILIES:-4 6 mapped}
NETNS=()
PIDS=()

# shellcheck source=tests/live/kernel_trace.bash
source "$LIVE/kernel_trace.bash"

# ------------------------------------------------------------------ what is there

need_root() {
	[[ $(id -u) == 0 ]] || skip "needs root"
}

# Skip, with twtrace's own sentence, where it cannot trace (exit status 3).
probe_trace() {
	local status=0 sentence

	[[ -x $TWTRACE ]] || skip "there is no $TWTRACE"
	sentence=$("$TWTRACE" trace --for 100ms -o jsonl 2>&1 >/dev/null 3>&-) || status=$?
	if [[ $status == 3 ]]; then
		skip "${sentence:-twtrace cannot trace here}"
	elif [[ $status != 0 ]]; then
		echo "twtrace trace: status $status: $sentence" >&2
		return 1
	fi
}

# not_sanitized WHY: a skip where the tracer is built with a sanitizer.
not_sanitized() {
	! ldd "$TWTRACE" | grep -q libasan || skip "it is built with a sanitizer: $1"
}

need_command() {
	command -v "$1" >/dev/null || skip "needs $1"
}

# Built by the Makefile; by hand where that has not run.
need_traffic() {
	[[ -x $TRAFFIC ]] && return
	TRAFFIC=${BATS_RUN_TMPDIR:-${BATS_TMPDIR:-/tmp}}/traffic
	[[ -x $TRAFFIC ]] ||
		"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -D_GNU_SOURCE -o "$TRAFFIC" "$LIVE"/traffic/*.c
}

# ------------------------------------------------------------- set-up and teardown

live_setup() {
	need_root
	need_command ip
	need_command jq
	need_traffic
	TWTRACE_PID=
	TRAFFIC_PID=
	TRUTH=
	STATUS=
	EVENTS=$BATS_TEST_TMPDIR/events
	ERRORS=$BATS_TEST_TMPDIR/errors
	kernel_trace_begin || true
}

live_teardown() {
	local pid name

	again_where_withheld
	kernel_trace_end

	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	for name in "${NETNS[@]}"; do
		ip netns del "$name" 2>/dev/null
	done
	# what a failed test would want to show
	if [[ -z ${BATS_TEST_COMPLETED:-} && -s ${ERRORS:-} ]]; then
		sed 's/^/twtrace said: /' "$ERRORS" | head -20
	fi
	return 0
}

# forget PID: it has been waited for and is nobody's to kill any more.
forget() {
	local pid kept=()

	for pid in "${PIDS[@]}"; do
		[[ $pid == "$1" ]] || kept+=("$pid")
	done
	PIDS=("${kept[@]}")
}

# ------------------------------------------------------------------------- waiting

# wait_until COMMAND...: until it succeeds, every 20 ms, for at most WAIT (10) seconds.
wait_until() {
	local end=$((${EPOCHREALTIME/[.,]/} + ${WAIT:-10} * 1000000))

	until "$@"; do
		if ((${EPOCHREALTIME/[.,]/} > end)); then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.02
	done
}

# ---------------------------------------------------------------------- namespaces

# netns_new NAME: a namespace with lo up and addresses for --hosts; prints nothing.
# Its full name is ns NAME.
netns_new() {
	local name i

	name=$(ns "$1")
	ip netns add "$name" || return
	NETNS+=("$name")
	ip -n "$name" link set lo up
	for i in {1..8}; do
		ip -n "$name" -6 addr add "fd77::$i/128" dev lo nodad
	done
}

# time_wait_stays NAME: no RST ends one in the namespace. Over loopback a server whose socket is gone
# before the last ACK comes answers with one, once in seventy closes or not at all: too few to be in
# the way of a test of something else, too many for one that counts to the unit.
time_wait_stays() {
	in_ns "$1" sysctl -qw net.ipv4.tcp_rfc1337=1
}

# The name of a test's namespace, and where it is.
ns() {
	echo "tw$$-${BATS_TEST_NUMBER:-0}-$1"
}

ns_path() {
	echo "/run/netns/$(ns "$1")"
}

ns_inode() {
	stat -L -c %i "$(ns_path "$1")"
}

netns_del() {
	ip netns del "$(ns "$1")"
}

in_ns() {
	local name=$1

	shift
	ip netns exec "$(ns "$name")" "$@"
}

# netns_pair A B: two namespaces joined by veth, 10.77.0.1 and fd78::1 in A, .2 in B.
netns_pair() {
	local a b

	netns_new "$1" && netns_new "$2" || return
	a=$(ns "$1") b=$(ns "$2")
	ip -n "$a" link add veth0 type veth peer name veth0 netns "$b" || return
	ip -n "$a" addr add 10.77.0.1/24 dev veth0
	ip -n "$b" addr add 10.77.0.2/24 dev veth0
	ip -n "$a" addr add fd78::1/64 dev veth0 nodad
	ip -n "$b" addr add fd78::2/64 dev veth0 nodad
	ip -n "$a" link set veth0 up
	ip -n "$b" link set veth0 up
	wait_until link_is_up "$a" && wait_until link_is_up "$b"
}

link_is_up() {
	ip -n "$1" -o link show veth0 | grep -q "state UP"
}

# ----------------------------------------------------------------------- generator

# traffic ARGS...: a whole run in the namespace of its own `t`; its line is in TRUTH.
traffic() {
	[[ -e $(ns_path t) ]] || netns_new t || return
	TRUTH=$(in_ns t "$TRAFFIC" "$@" --here 3>&- </dev/null) || return
	[[ -n $TRUTH ]]
}

# start_traffic ARGS...: one that holds; returns when its line is there. Loopback's own RSTs
# kill a TIME_WAIT now and then while it sets out what it holds: it gives up, and is tried again.
start_traffic() {
	local fifo=$BATS_TEST_TMPDIR/traffic.in out=$BATS_TEST_TMPDIR/traffic.out

	[[ -e $(ns_path t) ]] || netns_new t || return
	[[ -p $fifo ]] || mkfifo "$fifo"
	for _ in {1..5}; do
		: >"$out"
		# not by in_ns: the pid of a function in the background is a shell's
		ip netns exec "$(ns t)" "$TRAFFIC" "$@" --here <>"$fifo" >"$out" 3>&- &
		TRAFFIC_PID=$!
		PIDS+=("$TRAFFIC_PID")
		WAIT=30 wait_until line_or_end "$out" || return
		if line_is_whole "$out"; then
			TRUTH=$(<"$out")
			return 0
		fi
		wait "$TRAFFIC_PID" || true
		forget "$TRAFFIC_PID"
		# what the try left behind must not be counted with the next one
		netns_del t && netns_new t || return
	done
	return 1
}

line_or_end() {
	line_is_whole "$1" || ! kill -0 "$TRAFFIC_PID" 2>/dev/null
}

line_is_whole() {
	[[ -s $1 && -z $(tail -c 1 "$1") ]]
}

# It ends what it holds in order, then itself.
stop_traffic() {
	local status=0

	kill -TERM "$TRAFFIC_PID"
	wait "$TRAFFIC_PID" || status=$?
	forget "$TRAFFIC_PID"
	return "$status"
}

# truth FILTER: a value of the generator's line.
truth() {
	jq -r "$1" <<<"$TRUTH"
}

# ------------------------------------------------------------------------- twtrace

# start_here ARGS...: as start_twtrace, and only for the namespace `t`, so that tests which run
# side by side do not count each other's connections.
start_here() {
	[[ -e $(ns_path t) ]] || netns_new t || return
	start_twtrace "$@" --netns "$(ns_path t)"
}

# start_twtrace ARGS...: in the background; returns when it is ready.
start_twtrace() {
	local ready=$BATS_TEST_TMPDIR/ready.$RANDOM

	: >"$ready"
	"$TWTRACE" "$@" --ready-fd 9 9>"$ready" >"$EVENTS" 2>"$ERRORS" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until ready_or_dead "$ready" || return
	if [[ ! -s $ready ]]; then
		STATUS=0
		wait "$TWTRACE_PID" || STATUS=$?
		forget "$TWTRACE_PID"
		echo "twtrace $* ended with status $STATUS before it was ready" >&2
		return 1
	fi
}

ready_or_dead() {
	[[ -s $1 ]] || ! kill -0 "$TWTRACE_PID" 2>/dev/null
}

# Ends it as a user would; its exit status is in STATUS and must be 0.
stop_twtrace() {
	local pid=${1:-$TWTRACE_PID}

	STATUS=0
	kill -INT "$pid"
	wait "$pid" || STATUS=$?
	forget "$pid"
	if [[ $STATUS != 0 ]]; then
		echo "twtrace ended with status $STATUS" >&2
		return 1
	fi
}

# events FILTER: of what twtrace has written so far, a line that is not yet whole left out.
events() {
	jq -cR "fromjson? | $1" "$EVENTS"
}

has_event() {
	[[ -n $(events "$1" | head -1) ]]
}

# The last line of `trace`, or the document of `top`.
summary() {
	jq -cR 'fromjson? | select(.kind == "summary" or .totals != null)' "$EVENTS" | tail -1
}

# ------------------------------------------------------------------- the truth table

# truth_complaints no|yes: what is wrong so far with the run in TRUTH, seen by the evidence
# TIER (inferred); with "yes" the summary's rows too.
truth_complaints() {
	jq -cR 'fromjson?' "$EVENTS" >"$BATS_TEST_TMPDIR/whole"
	jq -rn -f "$LIVE/truth.jq" --rawfile table "$LIVE/truth_table.txt" \
		--slurpfile events "$BATS_TEST_TMPDIR/whole" --slurpfile truth <(echo "$TRUTH") \
		--arg summary "$1" --arg tier "${TIER:-inferred}"
}

truth_holds() {
	local complaints

	complaints=$(truth_complaints no) && [[ -z $complaints ]]
}

# fail SENTENCE...: ends the test with it.
fail() {
	echo "$*"
	return 1
}

# expect WHAT ACTUAL EXPECTED: a comparison that says what it compared.
expect() {
	[[ $2 == "$3" ]] || {
		echo "$1: $2, not $3"
		return 1
	}
}
