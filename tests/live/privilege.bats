#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is left of root's power once it traces, or reads a file: capabilities, ids, files, ports.
# docs/security.md has it as tables.

bats_require_minimum_version 1.5.0

load lib

NOTHING=0000000000000000
KILL_ALONE=0000000000000020
NOBODY=65534

setup() {
	live_setup
	need_command setpriv
	# to be reached by others, unlike what bats makes
	CELL=$(mktemp -d /tmp/twtrace-privilege-XXXXXX)
	chmod 755 "$CELL"
}

teardown() {
	live_teardown
	[[ ! -d ${CELL:-} ]] || rm -rf "$CELL"
}

# field NAME STATUS: of a /proc/PID/status, blanks made one
field() {
	sed -n "s/^$1:[[:space:]]*//p" "$2" | tr -s '\t ' ' ' | sed 's/ $//'
}

# holds_nothing STATUS [PERMITTED]: whatever runs there
holds_nothing() {
	local name

	for name in CapInh CapEff CapBnd CapAmb; do
		[[ $(field "$name" "$1") == "$NOTHING" ]] || return
	done
	[[ $(field CapPrm "$1") == "${2:-$NOTHING}" && $(field NoNewPrivs "$1") == 1 ]]
}

# all_hold_nothing PID [PERMITTED]: the first thread may have PERMITTED, no other
all_hold_nothing() {
	local thread

	for thread in /proc/"$1"/task/*; do
		if [[ $thread == */"$1" ]]; then
			holds_nothing "$thread/status" "${2:-}" || return
		else
			holds_nothing "$thread/status" || return
		fi
	done
}

# expect_nothing PID [PERMITTED]: threads get rid of what they have in their first moment
expect_nothing() {
	WAIT=5 wait_until all_hold_nothing "$@" && return
	grep -E '^(Name|Cap|NoNew)' /proc/"$1"/task/*/status
	return 1
}

threads_of() {
	cat /proc/"$1"/task/*/comm
}

# helper_of PID NAME: a process of it
helper_of() {
	local child

	cat /proc/"$1"/task/*/children | tr ' ' '\n' | while read -r child; do
		[[ $(<"/proc/$child/comm") != "$2" ]] || echo "$child"
	done
}

need_bpf_for_all() {
	[[ $(field CapPrm "/proc/$1/status") == "$NOTHING" ]] ||
		skip "this kernel lets bpf() be called by the privileged only"
}

# landlock_create_ruleset(2) tells its version, asked without twtrace
need_landlock() {
	/usr/bin/python3 -c 'import ctypes; exit(ctypes.CDLL(None).syscall(444, 0, 0, 1) < 1)' ||
		skip "this kernel has no Landlock"
}

# ---------------------------------------------------------------------------- while it traces

@test "once it traces, no thread of any command has a capability" {
	local command

	probe_trace
	printf 'secret\n' >"$CELL/token"
	for command in "trace --names" "top --names" "record $CELL/a.twr" \
		"record $CELL/parts.twr --max-size 1M" "leaks --stacks" \
		"flame --interval 1s --write $CELL/%S.svg" "doctor --for 30s" \
		"serve --listen 127.0.0.1:0 --metrics-file $CELL/m.prom --auth-token-file $CELL/token"; do
		# shellcheck disable=SC2086 # words
		start_here $command -v
		need_bpf_for_all "$TWTRACE_PID"
		expect_nothing "$TWTRACE_PID" || { echo "of: $command"; return 1; }
		grep -q 'twtrace: Landlock (version\|files are not limited' "$ERRORS"
		stop_twtrace
	done
}

@test "what looks for it keeps what it needs, and has none of it between two looks" {
	local keeper

	probe_trace
	start_here trace
	keeper=$(helper_of "$TWTRACE_PID" twtrace-keeper)
	[[ $keeper ]]
	# SYS_ADMIN, SYS_PTRACE, DAC_READ_SEARCH
	WAIT=5 wait_until holds_nothing "/proc/$keeper/status" 0000000000280004
	stop_twtrace
}

@test "--no-audit: after the start nobody can enter another namespace any more" {
	local keeper

	probe_trace
	start_here trace --no-audit
	keeper=$(helper_of "$TWTRACE_PID" twtrace-keeper)
	# DAC_READ_SEARCH, for control groups
	[[ ! $keeper ]] || WAIT=5 wait_until holds_nothing "/proc/$keeper/status" 0000000000000004
	stop_twtrace
}

@test "of a command that is run nothing is kept but to pass signals on, and it has all" {
	probe_trace
	# shellcheck disable=SC2016 # of the shell that is run
	"$TWTRACE" run -v --ready-fd 9 -- sh -c 'cat /proc/self/status >"$1"; exec sleep 60' _ "$CELL/child" \
		9>"$CELL/ready" >"$EVENTS" 2>"$ERRORS" 3>&- &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until test -s "$CELL/ready"
	wait_until grep -q Seccomp "$CELL/child"
	expect_nothing "$TWTRACE_PID" "$KILL_ALONE"
	# what is to remove the control group has DAC_OVERRIDE for that
	if grep -q "scope: the control group" "$ERRORS"; then
		holds_nothing "/proc/$(helper_of "$TWTRACE_PID" twtrace-scope)/status" 0000000000000002
	fi
	for name in CapPrm CapEff CapBnd NoNewPrivs Uid; do
		[[ $(field "$name" "$CELL/child") == "$(field "$name" /proc/self/status)" ]]
	done
	kill -TERM "$TWTRACE_PID"
	wait "$TWTRACE_PID" || true
	forget "$TWTRACE_PID"
}

# ------------------------------------------------------------------------------- another user

@test "--user: all of it is that user, for good, and what it makes is that user's" {
	local thread status

	probe_trace
	mkdir "$CELL/own"
	chown "$NOBODY:$NOBODY" "$CELL/own"
	start_here serve --listen 127.0.0.1:0 --metrics-file "$CELL/own/m.prom" --user "$NOBODY"
	wait_until test -s "$CELL/own/m.prom"
	for status in /proc/"$TWTRACE_PID"/task/*/status \
		"/proc/$(helper_of "$TWTRACE_PID" twtrace-keeper)/status"; do
		[[ $(field Uid "$status") == "$NOBODY $NOBODY $NOBODY $NOBODY" ]]
		[[ $(field Gid "$status") == "$NOBODY $NOBODY $NOBODY $NOBODY" ]]
		[[ $(field Groups "$status") == "$(id -G "$NOBODY")" ]]
	done
	[[ $(stat -c %u "$CELL/own/m.prom") == "$NOBODY" ]]
	stop_twtrace
}

@test "--user: parts of a recording are that user's, and what that user may not write is refused" {
	probe_trace
	mkdir "$CELL/own"
	chown "$NOBODY:$NOBODY" "$CELL/own"
	start_here record "$CELL/own/tcp.twr" --max-size 1M --user "$NOBODY"
	kill -USR2 "$TWTRACE_PID"
	wait_until eval "[[ \$(find '$CELL/own' -name 'tcp.*' | wc -l) == 2 ]]"
	[[ $(stat -c %u "$CELL"/own/tcp.* | sort -u) == "$NOBODY" ]]
	stop_twtrace
	run -1 --separate-stderr "$TWTRACE" record "$CELL/tcp.twr" --max-size 1M --for 100ms --user "$NOBODY"
	# shellcheck disable=SC2154 # by run --separate-stderr
	[[ $stderr == "twtrace record: cannot write '$CELL/tcp.twr': Permission denied" ]]
	run -1 --separate-stderr "$TWTRACE" serve --listen none --metrics-file "$CELL/m" --for 100ms --user "$NOBODY"
	[[ $stderr == *"cannot write '$CELL/m': Permission denied" ]]
	run -1 --separate-stderr "$TWTRACE" flame --write "$CELL/f.svg" --for 100ms --user "$NOBODY"
	[[ $stderr == *"cannot write '$CELL/f.svg': Permission denied" ]]
}

@test "--user: the namespaces of others are seen as by root" {
	probe_trace
	start_traffic idle_hold --count 3 --port 7301
	run -0 --separate-stderr "$TWTRACE" list --port 7301 -o json --user "$NOBODY"
	[[ $stderr == "" ]]
	(($(jq '.sockets | length' <<<"$output") >= 6))
	stop_traffic
}

@test "--user: who is not root can't, and is told so" {
	cp "$TWTRACE" "$CELL/twtrace"
	run -1 setpriv --reuid "$NOBODY" --clear-groups --bounding-set -all "$CELL/twtrace" top --for 100ms --user 1
	[[ $output == "twtrace top: --user: only root may become '1' (CAP_SETUID and CAP_SETGID are missing)" ]]
}

# --------------------------------------------------------------------------------- Landlock

# status_with URL TOKEN: of HTTP
status_with() {
	curl -s -o "$BATS_TEST_TMPDIR/body" -w '%{http_code}' -H "Authorization: Bearer $2" "${1}metrics"
}

@test "a token is read from its own folder only, whatever its name leads to later" {
	local url

	probe_trace
	need_landlock
	mkdir "$CELL/one" "$CELL/two"
	ln -s one "$CELL/folder"
	printf 'first\n' >"$CELL/one/token"
	printf 'other\n' >"$CELL/two/token"
	start_here serve --listen 127.0.0.1:0 --auth-token-file "$CELL/folder/token"
	url=$(sed -n 's/.*listening on \(http[^ ]*\)$/\1/p' "$ERRORS")
	[[ $(status_with "$url" first) == 200 ]]
	# another file in its place is read
	printf 'second\n' >"$CELL/one/new"
	mv "$CELL/one/new" "$CELL/one/token"
	[[ $(status_with "$url" second) == 200 ]]
	# another folder is not, though it is root's and so is the tracer
	ln -sfn two "$CELL/folder"
	[[ $(status_with "$url" other) == 401 ]]
	grep -q "cannot read '$CELL/folder/token': Permission denied; the token stays" "$ERRORS"
	[[ $(status_with "$url" second) == 200 ]]
	stop_twtrace
}

@test "the thread that writes metrics writes into its own folder only" {
	probe_trace
	need_landlock
	mkdir "$CELL/one" "$CELL/two"
	ln -s one "$CELL/folder"
	start_here serve --listen none --metrics-file "$CELL/folder/m.prom" --interval 200ms
	wait_until test -s "$CELL/one/m.prom"
	ln -sfn two "$CELL/folder"
	wait_until grep -q "cannot write '$CELL/folder/m.prom': Permission denied" "$ERRORS"
	[[ ! -e $CELL/two/m.prom ]]
	stop_twtrace
}

@test "parts of a recording are made in their own folder only" {
	probe_trace
	need_landlock
	mkdir "$CELL/one" "$CELL/two"
	start_here record "$CELL/one/tcp.twr" --max-size 1M
	mv "$CELL/one" "$CELL/three"
	ln -s two "$CELL/one"
	kill -USR2 "$TWTRACE_PID"
	# who can't go on ends, with a sentence
	wait_until grep -q "Permission denied" "$ERRORS"
	STATUS=0
	wait "$TWTRACE_PID" || STATUS=$?
	forget "$TWTRACE_PID"
	[[ $STATUS == 1 ]]
	[[ $(find "$CELL/two" -type f) == "" ]]
}

# ---------------------------------------------------------------------------- without tracing

@test "what is replayed may open none of the host's files, and make none but what was named" {
	local recording=$ROOT/tests/golden/run/recording

	need_landlock
	run -0 --separate-stderr "$TWTRACE" report -v "$recording"
	[[ $stderr == *"twtrace: Landlock (version "*"; writes nothing"* ]]
	[[ $stderr != *[\ ,]/proc* && $stderr != *[\ ,]/sys* && $stderr != *" /etc,"* && $stderr != *"$ROOT"* ]]
	run -0 --separate-stderr "$TWTRACE" record "$CELL/copy.twr" -v -i "$recording"
	[[ $stderr == *"; writes $CELL"* ]]
}

# reads PID: it waits for what is in the pipe
reads() {
	[[ $(cut -d ' ' -f 1 "/proc/$1/syscall") == 0 ]] && holds_nothing "/proc/$1/status" "${2:-}"
}

@test "who reads recordings gives up everything before the first byte" {
	local command pid

	mkfifo "$CELL/pipe"
	exec 8<>"$CELL/pipe"
	for command in "top -o text -i" "trace -i" "list -i" "leaks -i" "ports -i" "flame -i" "doctor -i" \
		"report" "run -i" "record - -i"; do
		# shellcheck disable=SC2086 # words
		"$TWTRACE" $command "$CELL/pipe" >"$CELL/out" 2>"$ERRORS" 3>&- 8>&- &
		pid=$!
		PIDS+=("$pid")
		wait_until reads "$pid" || { cat "$ERRORS" "/proc/$pid/status"; echo "of: $command"; return 1; }
		kill -KILL "$pid"
		wait "$pid" || true
		forget "$pid"
	done
	exec 8>&-
}

@test "root reads anybody's recording, and puts what becomes of it into anybody's folder" {
	probe_trace
	mkdir -m 700 "$CELL/own"
	timeout 30 "$TWTRACE" record "$CELL/own/in.twr" --for 200ms
	chmod 600 "$CELL/own/in.twr"
	chown -R "$NOBODY:$NOBODY" "$CELL/own"
	run -0 "$TWTRACE" top -o text -i "$CELL/own/in.twr"
	run -0 "$TWTRACE" flame -i "$CELL/own/in.twr" --diff "$CELL/own/in.twr" --write "$CELL/own/out.svg"
	[[ -s $CELL/own/out.svg ]]
	run -0 "$TWTRACE" record "$CELL/own/copy.twr" -i "$CELL/own/in.twr"
	run -0 "$TWTRACE" report "$CELL/own/copy.twr"
}

@test "root's doctor reads anybody's files" {
	mkdir -m 700 "$CELL/own" "$CELL/own/proc"
	mkdir -p "$CELL/own/proc/sys/net/ipv4"
	echo 2 >"$CELL/own/proc/sys/net/ipv4/tcp_tw_reuse"
	printf 'net.ipv4.tcp_tw_recycle = 1\n' >"$CELL/own/sysctl.conf"
	chown -R "$NOBODY:$NOBODY" "$CELL/own"
	chmod 600 "$CELL/own/sysctl.conf" "$CELL/own/proc/sys/net/ipv4/tcp_tw_reuse"
	run -0 "$TWTRACE" doctor --facts "$CELL/own"
	run -0 "$TWTRACE" doctor --facts "$CELL/own" --check "$CELL/own/sysctl.conf"
	[[ $output == *tcp_tw_recycle* ]]
}

# ----------------------------------------------------------------------- what was not given

# without CAPABILITY ARGS...: twtrace, as root that lacks it
without() {
	local cap=$1

	shift
	setpriv --bounding-set="-$cap" --inh-caps="-$cap" "$TWTRACE" "$@"
}

@test "each capability that is missing takes one thing away, and says so" {
	probe_trace
	run -3 --separate-stderr setpriv --bounding-set=-bpf,-sys_admin --inh-caps=-all "$TWTRACE" trace --for 100ms
	[[ $stderr == *"CAP_BPF"* ]]
	run -3 --separate-stderr setpriv --bounding-set=-perfmon,-sys_admin --inh-caps=-all "$TWTRACE" trace --for 100ms
	[[ $stderr == *"CAP_PERFMON"* ]]
	# where there is but one namespace, nothing is missing
	netns_new t
	run -0 --separate-stderr without sys_admin list -o json
	[[ $(grep -c . <<<"$stderr") == 1 && $stderr == *"CAP_SYS_ADMIN is missing"* ]]
	run -0 --separate-stderr without sys_ptrace list -o json
	[[ $(grep -c . <<<"$stderr") == 1 && $stderr == *"CAP_SYS_PTRACE is missing"* ]]
	run -0 --separate-stderr without dac_read_search list -o json
	[[ $(grep -c . <<<"$stderr") == 1 && $stderr == *"CAP_DAC_READ_SEARCH is missing"* ]]
	run -0 --separate-stderr without checkpoint_restore flame --stacks --for 100ms
	[[ $(grep -c "CAP_CHECKPOINT_RESTORE is missing" <<<"$stderr") == 1 ]]
	run -0 --separate-stderr without sys_ptrace flame --stacks --for 100ms
	[[ $(grep -c -- "--stacks: .*CAP_SYS_PTRACE is missing" <<<"$stderr") == 1 ]]
	run -0 --separate-stderr without kill list -o json
	[[ $stderr == "" ]]
}

@test "permitted and not effective is enough" {
	probe_trace
	not_sanitized "that wants more than that"
	need_command setcap
	cp "$TWTRACE" "$CELL/twtrace"
	setcap cap_bpf,cap_perfmon,cap_sys_admin,cap_sys_ptrace,cap_dac_read_search+p "$CELL/twtrace" ||
		skip "no capabilities on files here"
	run -0 --separate-stderr setpriv --reuid "$NOBODY" --regid "$NOBODY" --clear-groups "$CELL/twtrace" list -o json
	[[ $stderr == "" ]]
}
