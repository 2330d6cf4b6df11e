#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The process that looks into others for twtrace: what both of them hold, how each ends, and
# what is left of the tables when it is gone.

bats_require_minimum_version 1.5.0
load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# keepers_of PID: the processes that it has started for itself.
keepers_of() {
	local pid

	for pid in $(<"/proc/$1/task/$1/children"); do
		[[ $(<"/proc/$pid/comm") == twtrace-* ]] && echo "$pid"
	done
}

# status_of PID FIELD: of /proc/PID/status.
status_of() {
	awk -v field="$2:" '$1 == field { print $2 }' "/proc/$1/status"
}

# caps_of PID SET: by their names, as kernel headers number them.
caps_of() {
	local names=([2]=DAC_READ_SEARCH [19]=SYS_PTRACE [21]=SYS_ADMIN [39]=BPF
		[40]=CHECKPOINT_RESTORE)
	local bits=$((16#$(status_of "$1" "$2"))) i set=()

	for ((i = 0; i < 63; i++)); do
		((bits >> i & 1)) && set+=("${names[i]:-$i}")
	done
	echo "${set[*]}"
}

# Before 5.19 bpf() is not for who has nothing (c8644cd0efe7).
kept_for_bpf() {
	local major minor

	IFS=.- read -r major minor _ < <(uname -r)
	((major > 5 || (major == 5 && minor >= 19))) || echo BPF
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

links_in() {
	ip -n "$(ns "$1")" -o link show | grep -c veth
}

no_link_in() {
	! ip -n "$(ns "$1")" -o link show | grep -q veth
}

@test "at ready the tracer holds nothing, its keeper only what is permitted" {
	local keeper field

	start_here trace -o jsonl
	keeper=$(keepers_of "$TWTRACE_PID")
	expect "keepers" "$(<"/proc/$keeper/comm")" twtrace-keeper
	for field in CapInh CapEff CapBnd CapAmb; do
		expect "tracer's $field" "$(caps_of "$TWTRACE_PID" $field)" ""
		expect "keeper's $field" "$(caps_of "$keeper" $field)" ""
	done
	expect "tracer's CapPrm" "$(caps_of "$TWTRACE_PID" CapPrm)" "$(kept_for_bpf)"
	expect "keeper's CapPrm" "$(caps_of "$keeper" CapPrm)" "DAC_READ_SEARCH SYS_PTRACE SYS_ADMIN"
	expect "tracer's NoNewPrivs" "$(status_of "$TWTRACE_PID" NoNewPrivs)" 1
	expect "keeper's NoNewPrivs" "$(status_of "$keeper" NoNewPrivs)" 1
	expect "keeper's files" "$(readlink "/proc/$keeper/fd/"* | sed 's/:.*//' | sort | xargs)" \
		"/dev/null /dev/null /dev/null socket"
	stop_twtrace
	wait_until gone "$keeper"
}

@test "who opens files for --stacks can't enter namespaces" {
	local keepers pid

	start_here record "$BATS_TEST_TMPDIR/recording" --stacks
	mapfile -t keepers < <(keepers_of "$TWTRACE_PID")
	expect "keepers" "${#keepers[@]}" 2
	for pid in "${keepers[@]}"; do
		expect "effective" "$(caps_of "$pid" CapEff)" ""
		[[ $(<"/proc/$pid/comm") == twtrace-opener ]] || continue
		expect "opener's" "$(caps_of "$pid" CapPrm)" \
			"DAC_READ_SEARCH SYS_PTRACE CHECKPOINT_RESTORE"
	done
	stop_twtrace
}

@test "who has lost all capabilities can't look into the keeper, though it is the same user's" {
	local keeper

	need_command setpriv
	# a keeper that has none itself: that it has more is not what protects it
	: >"$BATS_TEST_TMPDIR/ready"
	setpriv --bounding-set=-all,+bpf,+perfmon --inh-caps=-all "$TWTRACE" trace -o jsonl --ready-fd 9 \
		9>"$BATS_TEST_TMPDIR/ready" >"$EVENTS" 2>"$ERRORS" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until ready_or_dead "$BATS_TEST_TMPDIR/ready"
	keeper=$(keepers_of "$TWTRACE_PID")
	expect "keeper's CapPrm" "$(caps_of "$keeper" CapPrm)" ""
	run -1 setpriv --bounding-set=-all --inh-caps=-all cat "/proc/$keeper/environ"
	[[ $output == *"Permission denied" ]]
	stop_twtrace
}

@test "nobody else keeps the output open: a reader gets its end" {
	local ready=$BATS_TEST_TMPDIR/ready reader

	netns_new t
	mkfifo "$BATS_TEST_TMPDIR/out"
	cat "$BATS_TEST_TMPDIR/out" >"$EVENTS" 3>&- &
	reader=$!
	PIDS+=("$reader")
	"$TWTRACE" trace -o jsonl --netns "$(ns_path t)" --ready-fd 9 9>"$ready" \
		>"$BATS_TEST_TMPDIR/out" 2>"$ERRORS" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until ready_or_dead "$ready"
	# its keeper alone is left: what it must not have it does not have, alive or not
	kill -STOP "$(keepers_of "$TWTRACE_PID")"
	kill -KILL "$TWTRACE_PID"
	wait_until gone "$reader"
}

@test "kill -9 of the tracer leaves no keeper" {
	local keeper

	start_here trace -o jsonl
	keeper=$(keepers_of "$TWTRACE_PID")
	[[ $keeper ]]
	kill -KILL "$TWTRACE_PID"
	wait "$TWTRACE_PID" || true
	forget "$TWTRACE_PID"
	wait_until gone "$keeper"
}

@test "kill -9 of the keeper: one sentence, and the own namespace is traced and audited on" {
	local keeper

	netns_pair a t
	time_wait_stays t
	# in t, which is its own; a is another's
	start_in t trace -o jsonl --interval 200ms
	keeper=$(keepers_of "$TWTRACE_PID")
	kill -KILL "$keeper"
	# a namespace that is new makes it ask
	traffic client_first --count 100 --port 7400
	netns_new new
	in_ns new "$TRAFFIC" client_first --count 1 --port 7401 --here >/dev/null 3>&- </dev/null
	wait_until has_event 'select(.kind == "time_wait_enter" and .remote_port == 7401)'
	wait_until grep -q "can't be looked into any more" "$ERRORS"
	stop_twtrace
	expect "sentences" "$(grep -c "can't be looked into any more" "$ERRORS")" 1
	grep -q "process $keeper (twtrace-keeper) has ended" "$ERRORS"
	summary | jq -e --argjson own "$(ns_inode t)" '[.audit[] | .netns] == [$own]'
	summary | jq -e '[.audit[].time_wait | [.twtrace, .kernel, .error]] == [[100, 100, 0]]'
}

# start_in NAME ARGS...: as start_twtrace, in that namespace.
start_in() {
	local name=$1

	shift
	: >"$BATS_TEST_TMPDIR/ready"
	ip netns exec "$(ns "$name")" "$TWTRACE" "$@" --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready" \
		>"$EVENTS" 2>"$ERRORS" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until ready_or_dead "$BATS_TEST_TMPDIR/ready"
}

@test "--no-audit: others are looked into once, and none of their figures grows stale" {
	"$TWTRACE" trace --help | grep -q -e --no-audit || skip "$TWTRACE has no --no-audit"
	netns_pair a t
	time_wait_stays a
	time_wait_stays t
	in_ns a "$TRAFFIC" client_first --count 5 --here --port 7400 >/dev/null 3>&- </dev/null
	start_in t top -o json --interval 200ms --no-audit
	expect "keeper's" "$(caps_of "$(keepers_of "$TWTRACE_PID")" CapPrm)" DAC_READ_SEARCH
	in_ns a "$TRAFFIC" client_first --count 7 --here --port 7401 >/dev/null 3>&- </dev/null
	traffic client_first --count 3 --port 7402
	stop_twtrace
	expect "words" "$(<"$ERRORS")" ""
	summary | jq -e --argjson own "$(ns_inode t)" '[.audit[] | [.netns, .time_wait.error]] == [[$own, 0]]'
	summary | jq -e '[.ports[] | select(.role == "client" and .port == (7400, 7401, 7402)) |
		[.port, .time_wait]] | sort == [[7400, 5], [7401, 7], [7402, 3]]'
}

@test "what is permitted and not effective is enough" {
	local copy=$BATS_TEST_TMPDIR/twtrace

	need_command setcap
	cp "$TWTRACE" "$copy"
	setcap cap_bpf,cap_perfmon,cap_sys_admin,cap_sys_ptrace,cap_dac_read_search=p "$copy" ||
		skip "no capabilities of files on this file system"
	chmod 755 "$BATS_TEST_TMPDIR" "$copy"
	netns_new t
	time_wait_stays t
	setpriv --reuid 65534 --regid 65534 --clear-groups "$copy" trace -o jsonl \
		--netns "$(ns_inode t)" --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready" >"$EVENTS" \
		2>"$ERRORS" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until ready_or_dead "$BATS_TEST_TMPDIR/ready"
	expect "tracer's" "$(caps_of "$TWTRACE_PID" CapPrm)" "$(kept_for_bpf)"
	traffic client_first --count 10 --port 7400
	wait_until has_event 'select(.kind == "time_wait_enter" and .remote_port == 7400)'
	stop_twtrace
	summary | jq -e '[.audit[].time_wait | [.twtrace, .kernel, .error]] == [[10, 10, 0]]'
}

@test "a namespace that ends is not kept alive" {
	netns_pair a b
	start_twtrace trace -o jsonl --interval 100ms
	in_ns a "$TRAFFIC" client_first --count 20 --here --port 7400 >/dev/null 3>&- </dev/null
	wait_until has_event 'select(.kind == "time_wait_enter" and .remote_port == 7400)'
	expect "its end here" "$(links_in b)" 1
	netns_del a
	# the other end of the pair goes with it
	wait_until no_link_in b
	stop_twtrace
}
