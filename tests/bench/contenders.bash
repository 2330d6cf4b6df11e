# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Who takes turns: how each is started, when it is ready, what it used, how it ends.

# What bpftrace is asked for: a line for each event, as the others print it.
BPFTRACE_PROGRAM='tracepoint:sock:inet_sock_set_state {
	printf("%d %s %d %d %d %d\n", pid, comm, args->sport, args->dport, args->oldstate, args->newstate);
}'
RUNNING=()

# use NAME: how it is called (command), where its output goes, whether it says when it is ready.
use() {
	command=() output_file=/dev/null says_ready=yes
	case $1 in
	nothing) ;;
	empty) command=("$BENCH/empty") ;;
	counter) command=("$BENCH/empty" --stats) ;;
	top) command=("$TWTRACE" top) ;;
	timer) command=("$TWTRACE" top --evidence timer) ;;
	trace) command=("$TWTRACE" trace) output_file=$WORK/output ;;
	record) command=("$TWTRACE" record "$WORK/recording") ;;
	standin) command=("$BENCH/standin") output_file=$WORK/output ;;
	tcpstates) command=(tcpstates) output_file=$WORK/output says_ready='' ;;
	bpftrace) command=(bpftrace -e "$BPFTRACE_PROGRAM") output_file=$WORK/output says_ready='' ;;
	*) die "there is no contender '$1'" ;;
	esac
}

# why_not NAME: prints why it cannot take part; fails when it can.
why_not() {
	case $1 in
	tcpstates | bpftrace)
		! command -v "$1" >/dev/null && echo 'not on the PATH'
		;;
	timer)
		! "$TWTRACE" trace --evidence timer --for 100ms >/dev/null 2>&1 3>&- &&
			echo 'this kernel does not allow it'
		;;
	*) false ;;
	esac
}

# start NAME: returns when it is ready; PID is its number (0 for nothing).
start() {
	local command output_file says_ready

	use "$1"
	PID=0
	((${#command[@]})) || return 0
	exec 3<>"$WORK/ready"
	[[ -z $says_ready ]] || command+=(--ready-fd 3)
	"${command[@]}" >"$output_file" 2>"$WORK/errors" </dev/null &
	PID=$!
	RUNNING+=("$PID")
	if [[ $says_ready ]]; then
		await_line "$1"
	else
		await_programs "$1"
	fi
	exec 3<&-
}

failed_to_start() {
	die "$1 did not start: $(head -c 500 "$WORK/errors")"
}

await_line() {
	local line

	until read -t 0.5 -r line <&3 && [[ $line ]]; do
		kill -0 "$PID" 2>/dev/null || failed_to_start "$1"
	done
}

# They do not say when they are ready: one that has loaded its programs will soon be.
await_programs() {
	local tries

	for ((tries = 0; tries < 200; tries++)); do
		kill -0 "$PID" 2>/dev/null || failed_to_start "$1"
		if [[ $("$BENCH/programs" "$PID" 2>/dev/null) ]]; then
			sleep 1
			return
		fi
		sleep 0.05
	done
	failed_to_start "$1"
}

# stop PID: as a user would, by Ctrl-C.
stop() {
	local pid=$1 status=0 other others=()

	((pid)) || return 0
	kill -INT "$pid" 2>/dev/null || die "it ended by itself: $(head -c 500 "$WORK/errors")"
	wait "$pid" || status=$?
	for other in "${RUNNING[@]}"; do
		[[ $other == "$pid" ]] || others+=("$other")
	done
	RUNNING=("${others[@]}")
	((status == 0 || status == 130)) || die "it ended with status $status: $(head -c 500 "$WORK/errors")"
}

end_all() {
	local pid

	for pid in "${RUNNING[@]}"; do
		kill -KILL "$pid" 2>/dev/null || continue
		wait "$pid" 2>/dev/null || true
	done
}

# cpu_ns PID: processor time of all its threads so far.
cpu_ns() {
	kill -0 "$1" 2>/dev/null || die "it ended by itself: $(head -c 500 "$WORK/errors")"
	# a thread may end between the listing and the reading
	{ cat /proc/"$1"/task/*/schedstat 2>/dev/null || true; } | awk '{ sum += $1 } END { printf "%.0f", sum }'
}

# calm PID: returns when it has done what there was to do, or PATIENCE is over.
calm() {
	local before now tries

	before=$(cpu_ns "$1")
	for ((tries = 0; tries < PATIENCE * 10; tries++)); do
		sleep 0.1
		now=$(cpu_ns "$1")
		((now - before > 5000000)) || return 0
		before=$now
	done
}

# idle_ticks: of all processors since boot, and all ticks.
idle_ticks() {
	awk '/^cpu / { print $5 + $6, $2 + $3 + $4 + $5 + $6 + $7 + $8; exit }' /proc/stat
}

# The kernel takes down what the last turn left behind: wait until it has, or PATIENCE is over.
settle() {
	local idle all before_idle before_all tries

	read -r before_idle before_all < <(idle_ticks)
	for ((tries = 0; tries < PATIENCE * 10; tries++)); do
		sleep 0.1
		read -r idle all < <(idle_ticks)
		(((idle - before_idle) * 100 < (all - before_all) * 90)) || return 0
		before_idle=$idle before_all=$all
	done
}

# turns ROUND NAME...: the names, in another order each round.
turns() {
	local shift=$(($1 % ($# - 1)))

	shift
	echo "${@:shift+1}" "${@:1:shift}"
}
