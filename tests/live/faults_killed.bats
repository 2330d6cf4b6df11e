#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Tracers that are killed, stopped, starved of memory or started beside others: what they leave
# behind, and what the others and they themselves then count.

bats_require_minimum_version 1.5.0
load lib

setup() {
	live_setup
	probe_trace
	HERE=$BATS_TEST_TMPDIR
}

teardown() {
	live_teardown
	if [[ -d ${CELL:-} ]]; then
		wait_until rmdir "$CELL"
	fi
}

# bpf_objects PID: "prog 17" and the like, a line each, of all that the process holds.
bpf_objects() {
	sed -nE 's/^(prog|map|link)_id:\s+/\1 /p' "/proc/$1"/fdinfo/* | sort -u
}

# in_kernel FILE: which of these objects are still there.
in_kernel() {
	local kind

	for kind in prog map link; do
		bpftool -j "$kind" show | jq -r --arg kind "$kind" '.[] | "\($kind) \(.id)"'
	done | sort -u | comm -12 - "$1"
}

none_in_kernel() {
	[[ -z $(in_kernel "$1") ]]
}

killed() {
	kill -KILL "$1"
	wait "$1" || true
	forget "$1"
}

# opened_in FILE N PORT
opened_in() {
	[[ $("$TWTRACE" top -o json -i "$1" --port "$3" 2>/dev/null | jq .totals.opened) == "$2" ]]
}

peer_is_gone() {
	! in_ns b ip link show veth0 >/dev/null 2>&1
}

@test "killed: nothing stays in the kernel, no namespace, no port; the recording is readable" {
	local pid pids=() port name

	need_command bpftool
	netns_pair a b
	for name in 'top -o jsonl' 'trace -o jsonl' "record $HERE/file" 'serve --listen 127.0.0.1:0'; do
		# shellcheck disable=SC2086 # words
		start_twtrace $name
		pids+=("$TWTRACE_PID")
		bpf_objects "$TWTRACE_PID" >>"$HERE/objects"
	done
	sort -o "$HERE/objects" "$HERE/objects"
	port=$(sed -nE 's|^twtrace serve: listening on .*:([0-9]+)/?$|\1|p' "$ERRORS")
	expect "kinds of objects" "$(in_kernel "$HERE/objects" | cut -d ' ' -f 1 | sort -u | xargs)" "link map prog"
	# others may be at work on this host
	"$TRAFFIC" client_first --count 50 --port 7520 --server 10.77.0.2 --netns-client "$(ns_path a)" \
		--netns-server "$(ns_path b)" >/dev/null 3>&- </dev/null
	wait_until opened_in "$HERE/file" 100 7520
	for pid in "${pids[@]}"; do
		killed "$pid"
	done
	wait_until none_in_kernel "$HERE/objects"
	run -0 --separate-stderr "$TWTRACE" top -o json -i "$HERE/file" --port 7520
	# shellcheck disable=SC2154 # by run --separate-stderr
	[[ $(jq .totals.time_wait_entered <<<"$output") == 50 && $stderr == *"was cut"* ]]
	start_twtrace serve --listen "127.0.0.1:$port"
	killed "$TWTRACE_PID"
	netns_del a
	wait_until peer_is_gone
}

@test "a terminal that goes away ends it in order, unless that is ignored" {
	start_here record "$HERE/file"
	traffic client_first --count 20
	kill -HUP "$TWTRACE_PID"
	wait "$TWTRACE_PID"
	forget "$TWTRACE_PID"
	run -0 --separate-stderr "$TWTRACE" top -o json -i "$HERE/file"
	[[ $(jq .totals.opened <<<"$output") == 40 && -z $stderr ]]
	(trap '' HUP && "$TWTRACE" trace --netns "$(ns_path t)" -o jsonl --ready-fd 9 9>"$HERE/ready" >"$EVENTS" \
		2>"$ERRORS" 3>&- </dev/null) &
	PIDS+=("$!")
	wait_until test -s "$HERE/ready"
	TWTRACE_PID=$(pgrep -P "$!")
	PIDS+=("$TWTRACE_PID")
	kill -HUP "$TWTRACE_PID"
	traffic client_first --count 20
	wait_until has_event 'select(.kind == "time_wait_enter")'
	kill -INT "$TWTRACE_PID"
	wait "$!"
	expect "opened" "$(summary | jq .totals.opened)" 40
}

@test "stopped for a while, and on: what had no room is in every count, and it answers again" {
	local url

	need_command curl
	start_here serve --listen 127.0.0.1:0 --ring 64K
	url=$(sed -n 's/^twtrace serve: listening on //p' "$ERRORS")
	kill -STOP "$TWTRACE_PID"
	traffic client_first --count 5000 --hosts 8
	sleep 2 # more than the interval in which it compares with the kernel
	kill -CONT "$TWTRACE_PID"
	wait_until answers "${url}api/v1/top" 10000
	expect "counts" "$(jq -c '.totals | [.opened, .closed, .closed_first, .time_wait_entered, .open]' "$HERE/body")" \
		'[10000,10000,5000,5000,0]'
	jq -e '.loss | .spilled > 0 and .total == .spilled' "$HERE/body"
	wait_until agrees "${url}api/v1/top"
	stop_twtrace
}

answers() {
	curl -sf -m 5 "$1" >"$HERE/body" && (($(jq .totals.closed "$HERE/body") >= $2))
}

# The kernel's TIME_WAIT and its own.
agrees() {
	curl -sf -m 5 "$1" >"$HERE/body" && jq -e '.audit | length == 1 and (.[0].time_wait |
		.twtrace == .kernel and .error == 0)' "$HERE/body" >/dev/null
}

# in_cell LIMIT: a control group with so much memory, in CELL; what is started by TWTRACE is in it.
in_cell() {
	local memory=/sys/fs/cgroup/memory limit=memory.limit_in_bytes program

	if [[ ! -e $memory/$limit ]]; then
		memory=/sys/fs/cgroup limit=memory.max
		grep -qw memory $memory/cgroup.subtree_control 2>/dev/null ||
			skip "no memory controller at /sys/fs/cgroup, by which memory could be limited"
	fi
	mkdir "$memory/twtrace-test-$$" 2>/dev/null || skip "no control group can be made in $memory"
	CELL=$memory/twtrace-test-$$
	echo "$1" >"$CELL/$limit"
	printf -v program '%q' "$TWTRACE"
	printf '#!/bin/sh\necho $$ >%s/cgroup.procs && exec %s "$@"\n' "$CELL" "$program" >"$HERE/in_cell"
	chmod +x "$HERE/in_cell"
}

@test "40 MiB of memory are enough for 20,000 connections in TIME_WAIT" {
	not_sanitized "that takes more by itself"
	in_cell 40M
	TWTRACE=$HERE/in_cell start_here top -o jsonl
	traffic client_first --count 20000 --hosts 8
	wait_until closed_in_all 40000
	stop_twtrace
	expect "counts" "$(summary | jq -c '.totals | [.opened, .closed, .time_wait_entered, .open]')" '[40000,40000,20000,0]'
	jq -e '.loss | .total == .spilled' <<<"$(summary)"
}

closed_in_all() {
	(($(tail -n 2 "$EVENTS" | jq -cR 'fromjson? | .totals.closed' | tail -n 1) >= $1))
}

@test "killed for want of memory: nothing stays in the kernel, and the recording is readable" {
	local status=0

	not_sanitized "that takes more by itself"
	need_command bpftool
	in_cell 24M
	TWTRACE=$HERE/in_cell start_here record "$HERE/file" --ring 1M
	bpf_objects "$TWTRACE_PID" >"$HERE/objects"
	[[ -s $HERE/objects ]]
	for _ in {1..20}; do
		kill -0 "$TWTRACE_PID" 2>/dev/null || break
		traffic client_first --count 10000 --hosts 8
	done
	wait "$TWTRACE_PID" || status=$?
	forget "$TWTRACE_PID"
	expect "status" "$status" 137
	[[ ! -s $ERRORS ]]
	wait_until none_in_kernel "$HERE/objects"
	run -0 --separate-stderr "$TWTRACE" top -o json -i "$HERE/file"
	(($(jq .totals.opened <<<"$output") > 0)) && [[ $stderr == *"was cut"* ]]
}

@test "one that begins and ends beside another one, again and again, disturbs nothing" {
	start_here trace -o jsonl --ring 32M
	in_ns t "$TRAFFIC" client_first --count 4000 --here >"$HERE/truth" 3>&- </dev/null &
	PIDS+=("$!")
	for _ in {1..4}; do
		"$TWTRACE" top --netns "$(ns_path t)" --for 100ms -o json >"$HERE/other" 3>&-
		jq -e '.loss.total == 0' "$HERE/other"
	done
	wait "$!"
	WAIT=20 wait_until births 4000
	stop_twtrace
	expect "counts" "$(summary | jq -c '[.totals.opened, .totals.closed, .totals.time_wait_entered, .loss.total]')" \
		'[8000,8000,4000,0]'
}

births() {
	(($(grep -c '"kind":"time_wait_enter"' "$EVENTS") >= $1))
}
