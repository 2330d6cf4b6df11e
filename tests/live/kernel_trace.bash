# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The kernel's own trace of state changes, by tracefs: an instance of ours beside others that may be
# running. Every test has one. It tells what no program was told of: some kernels keep programs away
# from their init process, and so from what a softirq does while it interrupts a thread of it; no
# counter of skipped programs tells.

# kernel_trace_begin: of all changes, from now on; fails where there is no tracefs.
kernel_trace_begin() {
	local tracefs=/sys/kernel/tracing

	if [[ ${INSTANCE:-} ]]; then
		: >"$INSTANCE/trace"
		return
	fi
	MOUNTED='' INSTANCE=''
	if [[ ! -d $tracefs/events/sock ]]; then
		MOUNTED=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/tracefs
		mkdir "$MOUNTED"
		mount -t tracefs none "$MOUNTED" 2>/dev/null || { MOUNTED=''; return 1; }
		tracefs=$MOUNTED
	fi
	[[ -d $tracefs/events/sock/inet_sock_set_state ]] || return
	INSTANCE=$tracefs/instances/twtrace-test-$$
	mkdir "$INSTANCE" 2>/dev/null || { INSTANCE=''; return 1; }
	# of each processor
	echo $((8192 / $(nproc) + 512)) >"$INSTANCE/buffer_size_kb"
	echo 1 >"$INSTANCE/events/sock/inet_sock_set_state/enable"
}

kernel_trace_end() {
	if [[ ${INSTANCE:-} ]]; then
		echo 0 >"$INSTANCE/events/enable"
		rmdir "$INSTANCE"
	fi
	[[ -z ${MOUNTED:-} ]] || umount "$MOUNTED"
	MOUNTED='' INSTANCE=''
}

# The ends of minisocks by their timer too.
kernel_trace_expiries() {
	local handler event=$INSTANCE/events/timer/timer_expire_entry

	handler=$(awk '$3 == "tw_timer_handler" { print $1 }' /proc/kallsyms)
	[[ $handler =~ [1-9a-f] && -d $event ]] || return
	echo "function == 0x$handler" >"$event/filter"
	echo 1 >"$event/enable"
}

# The threads that ran or were interrupted at each of them.
kernel_expiries() {
	sed -nE 's/^.*-([0-9]+) +\[.* timer_expire_entry: .*/\1/p' "$INSTANCE/trace"
}

# Every change: "sport dport FROM TO thread", the thread that ran or was interrupted.
kernel_trace() {
	sed -nE 's/^.*-([0-9]+) +\[.* sport=([0-9]+) dport=([0-9]+) .*oldstate=TCP_(\w+) newstate=TCP_(\w+).*/\2 \3 \4 \5 \1/p' \
		"$INSTANCE/trace"
}

# kernel_trace_only FILTER...: from now on the changes for which this is true, and no others.
kernel_trace_only() {
	local event=$INSTANCE/events/sock/inet_sock_set_state

	echo 0 >"$event/enable"
	echo "$*" >"$event/filter"
	: >"$INSTANCE/trace"
	echo 1 >"$event/enable"
}

# "FROM TO" of each change that no program was told of: of init's threads. They come and go: of
# one that is not there any more the name tells.
kernel_withheld() {
	local changes=${BATS_TEST_TMPDIR:-$BATS_FILE_TMPDIR}/changes thread name

	[[ ${INSTANCE:-} ]] || return 0
	sed -nE 's/^ *(.*)-([0-9]+) +\[.* oldstate=TCP_(\w+) newstate=TCP_(\w+).*/\2 \1\t\3 \4/p' \
		"$INSTANCE/trace" >"$changes"
	cut -f 1 "$changes" | sort -u | while read -r thread name; do
		! is_of_init "$thread" "$name" || echo "$thread $name"
	done | awk -F '\t' 'NR == FNR { of_init[$1]; next } $1 in of_init { print $2 }' - "$changes"
}

# A failed test to which this may have happened is played again, at most three times: no program
# could have counted right. tests/run tells of each time.
again_where_withheld() {
	local count

	[[ -z ${BATS_TEST_COMPLETED:-} && ${BATS_TEST_NAME:-} ]] || return 0
	count=$(kernel_withheld | wc -l)
	((count > 0)) || return 0
	echo "# $BATS_TEST_DESCRIPTION: $count changes came while a thread of init ran, which some kernels" \
		"keep from all programs: again" >&3
	# shellcheck disable=SC2034 # bats reads it
	BATS_TEST_RETRIES=3
}

# is_of_init THREAD NAME
is_of_init() {
	if [[ -e /proc/$1/status ]]; then
		[[ $(</proc/"$1"/status) == *$'\nTgid:\t1\n'* ]]
	else
		sort -u /proc/1/task/*/comm | grep -qxF -e "$2"
	fi
}
