#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The units of contrib/systemd without systemd: the same user, capabilities, system calls and
# read-only file systems, and what can be traced with them.

bats_require_minimum_version 1.5.0

setup() {
	load lib.bash
	live_setup
	probe_trace
	need_command systemd-analyze
	need_command setpriv
	UNIT=$ROOT/contrib/systemd/twtrace.service
	# what lies in a home is hidden from what runs
	CELL=$(mktemp -d /run/twtrace-test-XXXXXX)
	chmod 755 "$CELL"
	cp "$TWTRACE" "$LIVE/unit/confine.py" "$CELL"
	cp "$UNIT" "$CELL/unit"
}

teardown() {
	live_teardown
	[[ ! -d ${CELL:-} ]] || rm -rf "$CELL"
}

# capabilities_of UNIT: as setpriv has them
capabilities_of() {
	sed -n 's/^AmbientCapabilities=//p' "$1" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g'
}

# confined CAPABILITIES ARGS...: twtrace as the unit has it, with these capabilities; it takes the
# place of the shell, which `run` and & give it, so that its pid is known
confined() {
	local caps=$1

	shift
	# a sanitizer finds leaks by ptrace(2), which is not the unit's
	# shellcheck disable=SC2016 # of the shell that is run
	ASAN_OPTIONS=detect_leaks=0 exec unshare -m --propagation private sh -ec '
		cell=$1 caps=$2
		shift 2
		mount -t tmpfs -o mode=0 none /root
		mount -t tmpfs -o mode=0 none /home
		[ ! -d "$cell/state" ] || mount --bind "$cell/state" "$cell/state"
		mount -o remount,bind,ro /
		mount --bind /proc/sys /proc/sys
		mount -o remount,bind,ro /proc/sys
		mount --bind /dev/null /proc/kallsyms
		exec setpriv --reuid=61234 --regid=61234 --clear-groups --no-new-privs \
			--bounding-set="-all,$caps" --inh-caps="-all,$caps" --ambient-caps="-all,$caps" \
			/usr/bin/python3 -B "$cell/confine.py" "$cell/unit" "$cell/twtrace" "$@"' \
		_ "$CELL" "$caps" "$@"
}

# hold PORT: a listener, a connection and its other end, of another user, in a network
# namespace that only its process holds
hold() {
	local ready=$BATS_TEST_TMPDIR/held

	# shellcheck disable=SC2016 # of the shell that is run
	unshare -n sh -c 'ip link set lo up && exec setpriv --reuid=61235 --clear-groups \
		/usr/bin/python3 -c "$1"' _ "
import socket, time
listener = socket.create_server(('127.0.0.1', $1))
client = socket.create_connection(('127.0.0.1', $1))
server, _ = listener.accept()
print('held', flush=True)
time.sleep(600)" >"$ready" 3>&- &
	HOLDER=$!
	PIDS+=("$HOLDER")
	wait_until grep -q held "$ready"
}

states() {
	jq -r '.sockets[].state' <<<"$1" | sort | tr '\n' ' '
}

@test "with the unit's restrictions the sockets of all namespaces are found, with their owners" {
	hold 7701
	run -0 --separate-stderr confined "$(capabilities_of "$UNIT")" list --port 7701 -o json
	# shellcheck disable=SC2154 # by run --separate-stderr
	[[ $stderr == "" ]]
	[[ $(states "$output") == "ESTABLISHED ESTABLISHED LISTEN " ]]
	[[ $(jq -r '[.sockets[].pid] | unique[]' <<<"$output") == "$HOLDER" ]]
}

@test "with the unit's restrictions it serves, and sees what happens in other namespaces" {
	local url

	hold 7702
	confined "$(capabilities_of "$UNIT")" serve --listen 127.0.0.1:0 >"$EVENTS" 2>"$ERRORS" 3>&- &
	PIDS+=($!)
	wait_until grep -q 'listening on' "$ERRORS"
	url=$(sed -n 's/.*listening on \(http[^ ]*\)$/\1/p' "$ERRORS")
	WAIT=30 wait_until curl -sf "${url}readyz" -o "$BATS_TEST_TMPDIR/ready"
	curl -sf "${url}metrics" >"$BATS_TEST_TMPDIR/metrics"
	grep -q '^twtrace_' "$BATS_TEST_TMPDIR/metrics"
	[[ $(grep -c 'missing\|cannot' "$ERRORS") == 0 ]]
}

@test "the flight recorder records with its unit's restrictions" {
	UNIT=$ROOT/contrib/systemd/twtrace-record.service
	cp "$UNIT" "$CELL/unit"
	mkdir -m 777 "$CELL/state"
	run -0 --separate-stderr confined "$(capabilities_of "$UNIT")" record --for 300ms \
		--max-size 64M --keep 16 "$CELL/state/tcp.twr"
	[[ $stderr == "" ]]
	run -0 "$TWTRACE" top -i "$CELL/state/tcp.twr"
}

@test "with BPF and PERFMON alone the other namespaces' old sockets are missing, and it says so" {
	hold 7703
	run -0 --separate-stderr confined +bpf,+perfmon list --port 7703 -o json
	[[ $stderr == *"CAP_SYS_ADMIN is missing"* ]]
	[[ $(states "$output") == "" ]]
}

@test "without SYS_PTRACE a namespace without a name is not seen, and it says so" {
	hold 7704
	run -0 --separate-stderr confined "$(capabilities_of "$UNIT" | sed 's/,+sys_ptrace//')" list --port 7704 -o json
	[[ $stderr == *"CAP_SYS_PTRACE is missing"* ]]
	[[ $(states "$output") == "" ]]
}

# in_a_pod ARGS...: twtrace as Kubernetes has it: root without ambient capabilities, those of the
# manifest, and a network namespace of its own
in_a_pod() {
	local caps

	caps=$(/usr/bin/python3 -B "$ROOT/tests/cli/deploy/daemonset.py" "$ROOT/contrib/kubernetes/daemonset.yaml" \
		capabilities | sed 's/CAP_/+/' | tr 'A-Z\n' 'a-z,' | sed 's/,$//')
	[[ $caps == *+bpf* ]] || return
	exec unshare -n setpriv --bounding-set="-all,$caps" --inh-caps=-all "$TWTRACE" "$@"
}

@test "in a pod, with the manifest's capabilities, the namespaces of the others are found and traced" {
	hold 7705
	run -0 --separate-stderr in_a_pod list --port 7705 -o json
	[[ $stderr == "" ]]
	[[ $(states "$output") == "ESTABLISHED ESTABLISHED LISTEN " ]]
	in_a_pod trace --port 7705 -o jsonl --ready-fd 9 9>"$BATS_TEST_TMPDIR/pod" >"$EVENTS" 2>"$ERRORS" 3>&- &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until test -s "$BATS_TEST_TMPDIR/pod"
	nsenter -t "$HOLDER" -n /usr/bin/python3 -c 'import socket; socket.create_connection(("127.0.0.1", 7705))'
	wait_until has_event 'select(.to == "ESTABLISHED" and .direction == "outgoing")'
}
