#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Processes and namespaces that are gone before anybody can look at them, and a hundred thousand
# connections that end at once: an owner is the right one or none, and the counts are exact.

load lib

setup() {
	live_setup
	probe_trace
	[[ -x /usr/bin/python3 ]] || skip "needs /usr/bin/python3"
	ACTORS=$LIVE/faults/actors.py
	GROUPS_MADE=()
}

teardown() {
	live_teardown
	for group in "${GROUPS_MADE[@]}"; do
		wait_until rmdir "$group"
	done
}

# actors ARGS...: in the namespace `t`, with the mounts of here (ip netns exec would change /sys)
actors() {
	nsenter --net="$(ns_path t)" "$ACTORS" "$@" 3>&- </dev/null
}

# seen_births PORT COUNT
seen_births() {
	(($(events "select(.kind == \"time_wait_enter\" and .remote_port == $1)" | wc -l) >= $2))
}

# owners_against FILE KEY: how many births have the owner that FILE says by the client's port, how
# many have none, how many another one.
owners_against() {
	events 'select(.kind == "time_wait_enter")' | jq -s -c --slurpfile truth "$1" --arg key "$2" '
		INDEX($truth[]; .port) as $of
		| [.[] | $of[.local_port | tostring][$key] as $right | .[$key]
			| if . == $right then "right" elif . == null then "unknown" else "wrong" end]
		| [("right", "unknown", "wrong") as $how | map(select(. == $how)) | length]'
}

@test "a storm of processes that live for one connection: each is named, and none in place of another" {
	netns_new t
	start_here trace -o jsonl
	actors storm 7500 400 >"$BATS_TEST_TMPDIR/truth"
	wait_until seen_births 7500 400
	stop_twtrace
	expect "generator" "$(wc -l <"$BATS_TEST_TMPDIR/truth")" 400
	expect "names" "$(owners_against "$BATS_TEST_TMPDIR/truth" comm)" '[400,0,0]'
	expect "numbers" "$(owners_against "$BATS_TEST_TMPDIR/truth" pid)" '[400,0,0]'
	expect "servers" "$(events 'select(.from? == "LAST_ACK") | .comm' | sort -u)" '"tw-storm-server"'
	expect "loss" "$(summary | jq .loss.total)" 0
}

# group NAME: a control group of v1, where a look at /proc says which one it is; where there are
# only those of v2, one that the kernel tells with the event. TOO_LATE is what is known of the
# group of a process that is gone.
group() {
	local root=/sys/fs/cgroup

	TOO_LATE=right
	[[ ! -e $root/systemd/cgroup.procs ]] || root+=/systemd TOO_LATE=unknown
	[[ -e $root/cgroup.procs ]] || skip "no control groups at $root or $root/systemd"
	mkdir "$root/twtrace-$$-$1.service" 2>/dev/null || skip "no control group can be made in $root"
	GROUPS_MADE+=("$root/twtrace-$$-$1.service")
}

# begin_reuse: the first one has its connection, and lives until end_one.
begin_reuse() {
	mkfifo "$BATS_TEST_TMPDIR/end"
	exec 8<>"$BATS_TEST_TMPDIR/end"
	nsenter --net="$(ns_path t)" "$ACTORS" reuse 7501 "${GROUPS_MADE[@]}" 3>&- \
		<&8 8>&- >"$BATS_TEST_TMPDIR/truth" &
	ACTORS_PID=$!
	PIDS+=("$ACTORS_PID")
	wait_until test -e "$BATS_TEST_TMPDIR/truth"
	wait_until is_number 1
}

is_number() {
	(($(wc -l <"$BATS_TEST_TMPDIR/truth") == $1))
}

end_one() {
	echo -n . >&8
}

end_reuse() {
	end_one
	wait "$ACTORS_PID"
	forget "$ACTORS_PID"
	exec 8>&-
	expect "numbers" "$(jq .pid "$BATS_TEST_TMPDIR/truth" | sort -u | wc -l)" 1
}

# What the service of each one's birth is; unknown: named by the command.
services() {
	events 'select(.kind == "time_wait_enter")' | jq -s -c --slurpfile truth "$BATS_TEST_TMPDIR/truth" '
		INDEX(.local_port) as $births | [$truth[] | .service as $right
			| $births[.port | tostring] | if .service == $right then "right"
				elif .service == .comm then "unknown" else "wrong: \(.service)" end]'
}

@test "a process with the number of one that has died is not taken for it: looked at too late" {
	netns_new t
	group one
	group two
	start_here trace -o jsonl --interval 1h
	kill -STOP "$TWTRACE_PID"
	begin_reuse
	end_one
	wait_until is_number 2
	kill -CONT "$TWTRACE_PID"
	wait_until seen_births 7501 2
	end_reuse
	stop_twtrace
	expect "services" "$(services)" "[\"$TOO_LATE\",\"right\"]"
}

@test "nor is it where the first one was looked at" {
	netns_new t
	group one
	group two
	start_here trace -o jsonl --interval 1h
	begin_reuse
	wait_until seen_births 7501 1
	end_one
	wait_until is_number 2
	wait_until seen_births 7501 2
	end_reuse
	stop_twtrace
	expect "services" "$(services)" '["right","right"]'
}

# value KEY: of /proc/PID/status, in kB or as it is
status_of() {
	awk -v key="$1:" '$1 == key { print $2 }' "/proc/$TWTRACE_PID/status"
}

descriptors() {
	find "/proc/$TWTRACE_PID/fd" -mindepth 1 | wc -l
}

# last KEY: of the last whole document
last() {
	tail -n 2 "$EVENTS" | jq -cR "fromjson? | $1" | tail -n 1
}

has_closed() {
	(($(last .totals.closed) >= $1))
}

@test "namespaces made and ended by the hundred a second: exact counts, no descriptor, flat memory" {
	local before rss

	netns_new t
	watch 7502 7502
	start_twtrace top -o jsonl --port 7502
	actors nets 7502 200 >"$BATS_TEST_TMPDIR/truth"
	wait_until has_closed 400
	before=$(descriptors) rss=$(status_of VmRSS)
	actors nets 7502 400 >>"$BATS_TEST_TMPDIR/truth"
	wait_until has_closed 1200
	WAIT=20 wait_until nothing_held
	((before + 4 > $(descriptors))) || fail "$before descriptors, then $(descriptors)"
	((rss + 8192 > $(status_of VmRSS))) || fail "$rss kB, then $(status_of VmRSS)"
	stop_twtrace
	cat "$BATS_TEST_TMPDIR/truth"
	nearly counts "$(summary | jq -c '.totals | {opened, closed, closed_first, time_wait_entered, open, failed}')" \
		'{"opened": 1200, "closed": 1200, "closed_first": 600, "time_wait_entered": 600, "open": 0, "failed": 0}' \
		"$(kernel_withheld | wc -l)"
	expect "loss" "$(summary | jq .loss.total)" 0
	expect "errors of the audit" "$(summary | jq -c '[.audit[][] | objects | .error | values | select(. != 0)]')" '[]'
}

# watch PORT LAST: what the kernel keeps from all programs (see overload.bats) is missing here, and
# nothing else.
watch() {
	kernel_trace_begin || return 0
	kernel_trace_only "((sport >= $1 && sport <= $2) || (dport >= $1 && dport <= $2)) && common_pid != 0 &&" \
		'comm != "actors.py" && comm != "tw-crowd-server" && comm != "tw-crowd-client"'
}

# nearly WHAT ACTUAL EXPECTED WITHHELD: in figures by name
nearly() {
	jq -n -e --argjson is "$2" --argjson is_to "$3" --argjson withheld "$4" '
		all($is | keys[]; $is[.] <= $is_to[.] and $is[.] >= $is_to[.] - $withheld)' >/dev/null ||
		fail "$1: $2, not $3; $4 changes were withheld by the kernel"
}

# The namespaces are gone, and so is what was in TIME_WAIT in them.
nothing_held() {
	(($(last .totals.time_wait) == 0))
}

@test "a hundred thousand connections of a service end at once by kill -9" {
	local crowd=100000 withheld

	netns_new t
	mkfifo "$BATS_TEST_TMPDIR/go"
	exec 8<>"$BATS_TEST_TMPDIR/go"
	nsenter --net="$(ns_path t)" "$ACTORS" crowd 7510 $crowd <&8 >"$BATS_TEST_TMPDIR/truth" 3>&- 8>&- &
	PIDS+=("$!")
	ACTORS_PID=$!
	WAIT=60 wait_until test -s "$BATS_TEST_TMPDIR/truth"
	watch 7510 7530
	start_here top -o jsonl
	echo >&8
	exec 8>&-
	WAIT=60 wait_until has_closed $((2 * crowd))
	wait "$ACTORS_PID"
	forget "$ACTORS_PID"
	stop_twtrace
	summary >"$BATS_TEST_TMPDIR/top"
	withheld=$(kernel_withheld | wc -l)
	nearly counts "$(jq -c '.totals | {connections, opened, closed, closed_first, time_wait_entered, open,
		failed, resets}' "$BATS_TEST_TMPDIR/top")" "{\"connections\": $((2 * crowd)), \"opened\": 0,
		\"closed\": $((2 * crowd)), \"closed_first\": $crowd, \"time_wait_entered\": $crowd, \"open\": 0,
		\"failed\": 0, \"resets\": 0}" "$withheld"
	nearly services "$(jq -c '[.services[] | select(.connections > 0) | {key: .service, value: .closed}]
		| from_entries' "$BATS_TEST_TMPDIR/top")" \
		"{\"tw-crowd-server\": $crowd, \"tw-crowd-client\": $crowd}" "$withheld"
	jq -c .loss "$BATS_TEST_TMPDIR/top"
	expect "events lost for good" "$(jq '.loss | .total - .spilled' "$BATS_TEST_TMPDIR/top")" 0
	expect "TIME_WAIT" "$(jq .totals.time_wait "$BATS_TEST_TMPDIR/top")" \
		"$(in_ns t cat /proc/net/sockstat | awk '/^TCP:/ { print $7 }')"
}
