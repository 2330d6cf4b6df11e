#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Where in its code a process connects, accepts and closes, by name: of programs whose lines
# are known (stacks/program.c), read by stacks/show.c.

load lib

setup() {
	live_setup
	probe_trace
	STACKED=${BUILD:-$ROOT/build}/tests/stacks
	[[ -x $STACKED/show ]] || skip "there is no $STACKED/show"
	ldd "$STACKED/show" | grep -q libdw || skip "it was built without libdw, which knows the names"
	STACKS=$BATS_TEST_TMPDIR/stacks
	netns_new t
	TWTRACE=$STACKED/show
}

teardown() {
	live_teardown
}

# start_show [N]: traces the namespace `t`, of one socket in N; what it says is in STACKS.
start_show() {
	mkfifo "$BATS_TEST_TMPDIR/show.in"
	"$TWTRACE" "$(ns_inode t)" "${1:-1}" <"$BATS_TEST_TMPDIR/show.in" >"$STACKS" 2>"$ERRORS" 3>&- &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	exec 8>"$BATS_TEST_TMPDIR/show.in"
	WAIT=30 wait_until grep -q '^ready' "$STACKS"
}

stop_show() {
	exec 8>&-
	wait "$TWTRACE_PID"
	forget "$TWTRACE_PID"
}

# run_program COMMAND...: in the namespace; leaves the pid and the lines that program.c told in RAN and LINES.
run_program() {
	declare -gA LINES
	local words

	read -ra words < <(in_ns t "$@" 3>&- 8>&-)
	RAN=${words[0]}
	LINES=([connect]=${words[2]} [accept]=${words[4]} [close]=${words[6]} [caller]=${words[8]})
	[[ $RAN ]]
}

# stacks_of DEED: thread, verdict and frames but for the C library's, lines without their folders.
stacks_of() {
	awk -v deed="$1" -v pid="$RAN" '$1 == deed && $3 == pid { print }' "$STACKS" |
		cut -d ' ' -f 5- | sed -E 's, [^ ;]*/([^/;]+:[0-9]+), \1,g; s, (_*(connect|accept|close))[^;]*;, ,'
}

# check_deeds THREAD OUTER: what the last run did, all called from one_connection(), that from OUTER.
check_deeds() {
	local caller=${LINES[caller]}

	expect connect "$(stacks_of connected)" \
		"$1 whole do_connect program.c:${LINES[connect]};one_connection program.c:$caller;$2"
	expect accept "$(stacks_of accepted)" \
		"$1 whole do_accept program.c:${LINES[accept]};one_connection program.c:$((caller + 1));$2"
	# the third is the listener's, which the end of the process closes
	expect close "$(stacks_of closed | head -2)" \
		"$1 whole do_close program.c:${LINES[close]};one_connection program.c:$((caller + 2));$2
$1 whole do_close program.c:${LINES[close]};one_connection program.c:$((caller + 3));$2"
}

# Where program.c calls one_connection(), of the main thread and of the other.
in_main() {
	echo "main program.c:$(calls | tail -1)"
}

in_thread() {
	echo "in_thread program.c:$(calls | head -1)"
}

calls() {
	grep -n 'one_connection();' "$LIVE/stacks/program.c" | cut -d : -f 1
}

# Where others may run it from.
copy_for_all() {
	local folder=$BATS_FILE_TMPDIR/all

	mkdir -p "$folder" && cp "$STACKED/$1" "$folder" && chmod -R a+rX "$BATS_RUN_TMPDIR"
	echo "$folder/$1"
}

@test "function, file and line of connect, accept and close, with frame pointers" {
	start_show
	run_program "$STACKED/framed"
	stop_show
	check_deeds framed "$(in_main)"
}

@test "the same in a thread, whose name and number are its own" {
	start_show
	run_program "$STACKED/framed" --thread
	stop_show
	check_deeds tw-threaded "$(in_thread)"
	expect "threads apart from the first" \
		"$(awk -v pid="$RAN" '$3 == pid && $5 == "tw-threaded" && $4 == pid' "$STACKS")" ''
}

@test "the same without frame pointers, by the unwind tables" {
	start_show
	run_program "$STACKED/frameless"
	stop_show
	check_deeds frameless "$(in_main)"
}

@test "the same without frame pointers in a thread" {
	start_show
	run_program "$STACKED/frameless" --thread
	stop_show
	check_deeds tw-threaded "$(in_thread)"
}

@test "a program that this mount namespace does not have" {
	local hidden=$BATS_TEST_TMPDIR/hidden

	mkdir "$hidden"
	start_show
	# shellcheck disable=SC2016 # for the inner shell
	run_program unshare -m sh -c '
		mount -t tmpfs none "$1" && cp "$2" "$1/elsewhere" && "$1/elsewhere"' \
		sh "$hidden" "$STACKED/framed"
	stop_show
	[[ ! -e $hidden/elsewhere ]]
	check_deeds elsewhere "$(in_main)"
}

@test "one socket in three: connect and close of a socket are both seen, or neither" {
	local sampled

	start_show 3
	run_program "$STACKED/framed" --main 59
	stop_show
	# 60 connections of two sockets each, and their 60 listeners, which end with the process
	sampled=$(awk '$1 == "connected"' "$STACKS" | wc -l)
	((sampled >= 8 && sampled <= 35)) || fail "$sampled of 60 connects"
	expect "sockets connected and never closed" "$(awk '
		$1 == "connected" || $1 == "accepted" { begun[$2] }
		$1 == "closed" { ended[$2]; if (!/ none /) closed[$2] }
		END { for (cookie in begun) if (!(cookie in ended)) print cookie
		      for (cookie in closed) if (!(cookie in begun)) print cookie }' "$STACKS")" ''
}

@test "a process that becomes another program, and another user's" {
	start_show
	# shellcheck disable=SC2016 # for the inner shell
	run_program setpriv --reuid 65534 --regid 65534 --clear-groups bash -c '
		: </dev/tcp/127.0.0.1/1
		# what it was is asked of it while it is that
		for try in {1..250}; do
			[[ $seen != *connected* ]] || break
			sleep 0.02
			IFS= read -r line <&7
			seen+=$line
		done
		exec "$1"' bash "$(copy_for_all framed)" 2>/dev/null 7<"$STACKS"
	stop_show
	expect "program and innermost frame before exec" \
		"$(awk -v pid="$RAN" '$3 == pid && $5 == "bash" { print $1, $7 ~ /^_*connect/ }' "$STACKS")" \
		'connected 1'
	sed -i '/ bash /d' "$STACKS"
	check_deeds framed "$(in_main)"
}

# A user's files beside a program, to be changed and cut off at will.
@test "debug information is not read from where the program says" {
	local program=$BATS_TEST_TMPDIR/linked

	[[ $(command -v objcopy) ]] || skip 'there is no objcopy'
	cd "$BATS_TEST_TMPDIR"
	objcopy --only-keep-debug "$STACKED/framed" linked.debug
	objcopy --strip-all --add-gnu-debuglink=linked.debug "$STACKED/framed" "$program"
	start_show
	run_program "$program"
	stop_show
	expect "frames of the program by name" "$(stacks_of connected | grep -c 'do_connect')" 0
	stacks_of connected | grep -q 'linked+0x'
}
