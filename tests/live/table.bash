# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Many scenarios played once, watched by every tier of evidence at the same time, and judged
# afterwards: for setup_file. All is in BATS_FILE_TMPDIR:
#
#   skip             why nothing can be traced here, or empty
#   truth            the generator's lines
#   failed           scenarios that did not come about, and why
#   TIER.absent      why this host has not that tier, or empty
#   TIER.events      what twtrace said; TIER.errors, TIER.status
#   TIER.complaints  what is wrong with it
#   dropped          scenarios that were not judged, see drop_withheld

TIERS=(inferred timer kprobe fentry)

# Why nothing can be traced here.
lacking() {
	local command

	[[ $(id -u) == 0 ]] || echo "needs root"
	for command in ip jq; do
		command -v "$command" >/dev/null || echo "needs $command"
	done
	[[ -x $TWTRACE ]] || echo "there is no $TWTRACE"
}

# Each tier that can be had, by really having it for a moment.
probe_tiers() {
	local tier status

	lacking | head -n 1 >"$BATS_FILE_TMPDIR/skip"
	[[ ! -s $BATS_FILE_TMPDIR/skip ]] || return 0
	for tier in "${TIERS[@]}"; do
		status=0
		"$TWTRACE" trace --evidence "$tier" --for 100ms -o jsonl >/dev/null 3>&- \
			2>"$BATS_FILE_TMPDIR/$tier.absent" || status=$?
		# status 3 is its word that it cannot; anything else is the tests' affair
		[[ $status == 3 ]] || : >"$BATS_FILE_TMPDIR/$tier.absent"
	done
	[[ ! -s $BATS_FILE_TMPDIR/inferred.absent ]] ||
		cp "$BATS_FILE_TMPDIR/inferred.absent" "$BATS_FILE_TMPDIR/skip"
}

# The tiers that are here, the plainest first.
tiers_here() {
	local tier

	for tier in "${TIERS[@]}"; do
		[[ -s $BATS_FILE_TMPDIR/$tier.absent ]] || echo "$tier"
	done
}

# For setup: skips what cannot be traced, with the reason.
need_table() {
	[[ ! -s $BATS_FILE_TMPDIR/skip ]] || skip "$(<"$BATS_FILE_TMPDIR/skip")"
}

# need_tier TIER: skips with twtrace's own sentence where it is not here.
need_tier() {
	need_table
	[[ ! -s $BATS_FILE_TMPDIR/$1.absent ]] || skip "$(<"$BATS_FILE_TMPDIR/$1.absent")"
}

# ---------------------------------------------------------------------------- playing

# start_tiers PORTS: a range, for others may be at work on this host.
start_tiers() {
	local tier

	TRACERS=()
	for tier in $(tiers_here); do
		: >"$BATS_FILE_TMPDIR/$tier.ready"
		"$TWTRACE" trace -o jsonl --evidence "$tier" --port "$1" --ready-fd 9 \
			9>"$BATS_FILE_TMPDIR/$tier.ready" >"$BATS_FILE_TMPDIR/$tier.events" \
			2>"$BATS_FILE_TMPDIR/$tier.errors" 3>&- </dev/null &
		TWTRACE_PID=$!
		TRACERS+=("$TWTRACE_PID")
		PIDS+=("$TWTRACE_PID")
		WAIT=30 wait_until ready_or_dead "$BATS_FILE_TMPDIR/$tier.ready"
	done
}

stop_tiers() {
	local tier pid status

	for tier in $(tiers_here); do
		pid=${TRACERS[0]} status=0
		TRACERS=("${TRACERS[@]:1}")
		kill -INT "$pid" 2>/dev/null
		wait "$pid" || status=$?
		forget "$pid"
		echo "$status" >"$BATS_FILE_TMPDIR/$tier.status"
	done
}

# play NAMESPACE FAMILY PORT SCENARIO...: one after the other, each with a port of its own.
play() {
	local name=$1 family=$2 port=$3 scenario said=$BATS_FILE_TMPDIR/said.$1

	shift 3
	for scenario; do
		if in_ns "$name" "$TRAFFIC" "$scenario" --family "$family" --port $((port++)) --here \
			2>"$said" >"$said.truth" 3>&- </dev/null; then
			cat "$said.truth" >>"$BATS_FILE_TMPDIR/truth"
		else
			echo "$scenario $family: $(<"$said")"
		fi
	done >>"$BATS_FILE_TMPDIR/failed"
}

# What no program was told of (kernel_trace.bash), by port.

# of_init: how many of these threads are the init process's.
of_init() {
	local thread count=0

	while read -r thread; do
		! grep -qx 'Tgid:	1' "/proc/$thread/status" 2>/dev/null || count=$((count + 1))
	done
	echo "$count"
}

# withheld PORT: whether that happened to one of this port's sockets.
withheld() {
	[[ $INSTANCE ]] || return
	(($(kernel_trace | awk -v port="$1" '$1 == port || $2 == port { print $5 }' | of_init) > 0))
}

# suspects NETNS: "SCENARIO FAMILY PORT" of what a tier says something wrong of.
suspects() {
	local tier scenario family

	for tier in $(tiers_here); do
		complaints "$tier" "$1" no
	done | sed 's/:.*//' | sort -u | while read -r scenario family; do
		echo "$scenario $family $(jq "select(.scenario == \"$scenario\" and .family == \"$family\")
			| .port" "$BATS_FILE_TMPDIR/truth")"
	done
}

# drop PORT: this run is not judged.
drop() {
	jq -c "select(.port != $1)" "$BATS_FILE_TMPDIR/truth" >"$BATS_FILE_TMPDIR/kept"
	mv "$BATS_FILE_TMPDIR/kept" "$BATS_FILE_TMPDIR/truth"
}

# What was withheld is played again, at other ports, in the namespaces of the families; fails
# where nothing was.
play_withheld() {
	local scenario family port again=1

	suspects stays >"$BATS_FILE_TMPDIR/suspects"
	while read -r scenario family port; do
		withheld "$port" || continue
		echo "# $scenario $family: the kernel has withheld an event from all programs; again" >&3
		drop "$port"
		play "$family" "$family" $((port + 200)) "$scenario"
		again=0
	done <"$BATS_FILE_TMPDIR/suspects"
	return "$again"
}

# Those that take their minute are not played again. Of a minisock's own end the kernel's trace
# does not say whose it was, but how often it was withheld.
drop_withheld() {
	local scenario family port expiries=0

	[[ -z $INSTANCE ]] || expiries=$(kernel_expiries | of_init)
	suspects stays >"$BATS_FILE_TMPDIR/suspects"
	while read -r scenario family port; do
		withheld "$port" || ((expiries-- > 0)) || continue
		drop "$port"
		echo "$scenario $family" >>"$BATS_FILE_TMPDIR/dropped"
	done <"$BATS_FILE_TMPDIR/suspects"
}

# complaints TIER NETNS SUMMARY: of all runs so far; see truth.jq.
complaints() {
	jq -cR 'fromjson?' "$BATS_FILE_TMPDIR/$1.events" >"$BATS_FILE_TMPDIR/$1.whole"
	complaints_of "$@" "$LIVE/truth_table.txt" "$BATS_FILE_TMPDIR/$1.whole"
}

# complaints_of TIER NETNS SUMMARY TABLE EVENTS
complaints_of() {
	jq -rn -f "$LIVE/truth.jq" --arg tier "$1" --arg netns "$2" --arg summary "$3" \
		--rawfile table "$4" --slurpfile events "$5" --slurpfile truth "$BATS_FILE_TMPDIR/truth" 2>&1
}

# all_well NETNS: so far no tier has said anything wrong.
all_well() {
	local tier

	for tier in $(tiers_here); do
		[[ -z $(complaints "$tier" "$1" no) ]] || return 1
	done
}

judge_tiers() {
	local tier

	for tier in $(tiers_here); do
		complaints "$tier" "$1" yes >"$BATS_FILE_TMPDIR/$tier.complaints"
	done
}

# ---------------------------------------------------------------------------- judging

# judged SCENARIO...: they came about, and no tier has said anything wrong of them.
judged() {
	local scenario family tier

	for scenario; do
		! grep "^$scenario " "$BATS_FILE_TMPDIR/failed" || return
		for family in $FAMILIES; do
			jq -e -n "any(inputs; .scenario == \"$scenario\" and .family == \"$family\")" \
				"$BATS_FILE_TMPDIR/truth" >/dev/null ||
				grep -qsx "$scenario $family" "$BATS_FILE_TMPDIR/dropped" ||
				fail "$scenario $family did not run" || return
		done
		for tier in $(tiers_here); do
			! sed "s/^$scenario /$tier: &/; t; d" "$BATS_FILE_TMPDIR/$tier.complaints" | grep . || return
		done
	done
}

# sound TIER: what holds for its whole life. An attach that succeeds proves nothing: hits do.
sound() {
	local births

	need_tier "$1"
	expect "status" "$(<"$BATS_FILE_TMPDIR/$1.status")" 0
	jq -c 'select(.kind == "summary")' "$BATS_FILE_TMPDIR/$1.whole" >"$BATS_FILE_TMPDIR/$1.summary"
	jq -e --arg tier "$1" '.evidence == $tier' "$BATS_FILE_TMPDIR/$1.summary" >/dev/null ||
		fail "the summary's evidence is $(jq -c .evidence "$BATS_FILE_TMPDIR/$1.summary")"
	jq -e '.loss.total == 0' "$BATS_FILE_TMPDIR/$1.summary" >/dev/null ||
		fail "$(jq -c .loss "$BATS_FILE_TMPDIR/$1.summary")"
	births=$(jq -r 'select(.kind == "time_wait_enter") | .evidence' "$BATS_FILE_TMPDIR/$1.whole" |
		grep -cx "$1")
	((births > 0)) || fail "no birth is known by it"
}
