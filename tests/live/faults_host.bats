#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Hosts on which something is not as usual: /proc, the control groups, the clock. In mount and
# time namespaces of twtrace's own, so that this host stays as it is.

bats_require_minimum_version 1.5.0
load lib

CGROUPS=/sys/fs/cgroup
NO_GROUPS="umount -R -l $CGROUPS"
ONLY_V2="$NO_GROUPS && mount -t cgroup2 none $CGROUPS"

setup() {
	live_setup
	probe_trace
	MADE=()
}

teardown() {
	live_teardown
	for group in "${MADE[@]}"; do
		wait_until rmdir "$group"
	done
}

# start_within WORDS... -- ARGS...: as start_here, by a command that becomes twtrace
start_within() {
	# shellcheck disable=SC2153 # of lib.bash
	local words=() twtrace=$TWTRACE

	while [[ $1 != -- ]]; do
		words+=("$1")
		shift
	done
	shift
	cat >"$BATS_TEST_TMPDIR/within" <<-END
		#!/bin/sh
		exec $(printf '%q ' "${words[@]}") $(printf '%q' "$twtrace") "\$@"
	END
	chmod 755 "$BATS_TEST_TMPDIR/within"
	TWTRACE=$BATS_TEST_TMPDIR/within start_here "$@"
}

# with_mounts COMMANDS: the words of start_within for a mount namespace in which these were run.
with_mounts() {
	WITHIN=(unshare -m --propagation private sh -ec "$1"' && exec "$@"' _)
}

# seen_all: the generator's connections, to the unit and with their owner.
seen_all() {
	wait_until closed_in_sum $((2 * $1))
	stop_twtrace
	expect "counts" "$(summary | jq -c '.totals | [.opened, .closed, .time_wait_entered]')" "[$((2 * $1)),$((2 * $1)),$1]"
	expect "owners" "$(events 'select(.kind == "time_wait_enter") | .comm' | sort -u)" '"tw-client"'
}

closed_in_sum() {
	(($(events 'select(.kind == "transition" and .to == "CLOSE")' | wc -l) >= $1))
}

@test "/proc mounted with hidepid: owners and counts as ever, to root and to who has two capabilities" {
	local caps=+bpf,+perfmon user

	user=(setpriv --reuid=61234 --regid=61234 --clear-groups "--bounding-set=-all,$caps"
		"--inh-caps=-all,$caps" "--ambient-caps=-all,$caps")
	with_mounts 'mount -t proc -o hidepid=2 proc /proc'
	start_within "${WITHIN[@]}" -- trace -o jsonl
	traffic client_first --count 20
	seen_all 20
	[[ ! -s $ERRORS ]]
	# a user that reaches the program
	cp "$TWTRACE" /run/twtrace-$$ && chmod 755 /run/twtrace-$$
	TWTRACE=/run/twtrace-$$ start_within "${WITHIN[@]}" "${user[@]}" -- trace -o jsonl
	rm /run/twtrace-$$
	traffic client_first --count 20
	seen_all 20
	[[ $(wc -l <"$ERRORS") == 2 && $(<"$ERRORS") == *"CAP_DAC_READ_SEARCH is missing"*"CAP_SYS_ADMIN is missing"* ]]
}

@test "no /proc: a sentence, exit 3" {
	not_sanitized "that wants /proc itself"
	# shellcheck disable=SC2016 # for the inner shell
	run -3 --separate-stderr unshare -m --propagation private \
		sh -c 'umount -l /proc && exec "$0" top --for 1s' "$TWTRACE"
	# shellcheck disable=SC2154 # by run --separate-stderr
	[[ $(wc -l <<<"$stderr") == 1 && $stderr == *"is /proc mounted?" ]]
}

# in_groups GROUP...: a holding generator in these control groups; its connections are there.
in_groups() {
	local joins='' group

	for group; do
		joins+="echo \$\$ >$group/cgroup.procs; "
	done
	sh -c "$joins exec nsenter --net=$(ns_path t) $TRAFFIC idle_hold --count 5 --here" \
		<>"$BATS_TEST_TMPDIR/hold" >"$BATS_TEST_TMPDIR/truth" 3>&- &
	TRAFFIC_PID=$!
	PIDS+=("$TRAFFIC_PID")
	wait_until test -s "$BATS_TEST_TMPDIR/truth"
}

# hierarchies: V1 and V2, where control groups of each kind are made; empty: there is none.
hierarchies() {
	V1=$CGROUPS/systemd V2=$CGROUPS/unified
	[[ -e $V1/cgroup.procs ]] || V1=
	[[ -e $V2/cgroup.procs ]] || V2=$CGROUPS
	[[ -e $V2/cgroup.procs && $(stat -f -c %T "$V2") == cgroup2fs ]] || V2=
}

# group HIERARCHY NAME
group() {
	mkdir "$1/$2" 2>/dev/null || skip "no control group can be made in $1"
	MADE+=("$1/$2")
}

# begin_groups: V1 and V2 for the test, ONE a group of the one, TWO of the other, where it is there.
begin_groups() {
	hierarchies
	netns_new t
	mkfifo "$BATS_TEST_TMPDIR/hold"
	ONE=twtrace-$$-one.service TWO=twtrace-$$-two.service
	[[ -z $V1 ]] || group "$V1" "$ONE"
	[[ -z $V2 ]] || group "$V2" "$TWO"
}

# named MOUNTS SERVICE GROUP...: what clients in these groups belong to where these mounts are seen.
named() {
	with_mounts "$1"
	start_within "${WITHIN[@]}" -- trace -o jsonl
	in_groups "${@:3}"
	wait_until connected 5
	stop_twtrace
	stop_traffic
	expect "$1, in ${*:3}" "$(events 'select(.from? == "SYN_SENT" and .to == "ESTABLISHED") | .service' |
		sort -u)" "\"$2\""
}

connected() {
	(($(events 'select(.from? == "SYN_SENT" and .to == "ESTABLISHED")' | wc -l) >= $1))
}

@test "control groups of v2 alone: services are named by them" {
	begin_groups
	[[ $V2 ]] || skip "no control groups of v2 at $CGROUPS or $CGROUPS/unified"
	named "$ONLY_V2" "$TWO" "$V2/$TWO" ${V1:+"$V1/$ONE"}
	named "$ONLY_V2" tw-client "$V2" ${V1:+"$V1/$ONE"}
}

@test "no control groups at all: services are named by their commands" {
	begin_groups
	[[ $V1$V2 ]] || skip "no control groups at $CGROUPS to be without"
	named "$NO_GROUPS" tw-client ${V2:+"$V2/$TWO"} ${V1:+"$V1/$ONE"}
}

@test "control groups of v1 alone: services are named by them" {
	begin_groups
	[[ $V1 ]] || skip "no control groups of v1 at $CGROUPS/systemd"
	named "${V2:+umount }${V2:-true}" "$ONE" "$V1/$ONE" ${V2:+"$V2"}
}

@test "control groups of v1 and of v2: services are named by v2's, where that is not its root" {
	begin_groups
	[[ $V1 && $V2 ]] || skip "not both of $CGROUPS/systemd and $CGROUPS/unified are there"
	named true "$TWO" "$V1/$ONE" "$V2/$TWO"
	named true "$ONE" "$V1/$ONE" "$V2"
	named true tw-client "$V1" "$V2"
}

@test "in a time namespace, ahead or behind, all is counted and as long as it was" {
	local offset rounds=0

	netns_new t
	time_wait_stays t
	for offset in -300 86400; do
		rounds=$((rounds + 1))
		start_within unshare --time --monotonic="$offset" --boottime="$offset" \
			sh -c 'exec "$@"' _ -- trace -o jsonl
		traffic client_first --count 20
		seen_all 20
		summary | jq -e ".totals.lifetime_ms.max < 60000 and .totals.time_wait == $((20 * rounds))" >/dev/null ||
			fail "$(summary | jq -c .totals)"
		expect "its times" "$(summary | jq '.to | sub("[.].*Z"; "Z") | fromdate - now | fabs < 60')" true
	done
}
