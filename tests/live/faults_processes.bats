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
		rmdir "$group"
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

# group NAME: a control group of v1, where a look at /proc says which one it is.
group() {
	local folder=/sys/fs/cgroup/systemd/twtrace-$$-$1.service

	[[ -e /sys/fs/cgroup/systemd/cgroup.procs ]] && mkdir "$folder" 2>/dev/null ||
		skip "no v1 hierarchy at /sys/fs/cgroup/systemd to make control groups in"
	GROUPS_MADE+=("$folder")
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
	expect "services" "$(services)" '["unknown","right"]'
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
