# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# The sections: what each measures, turn by turn. The figures go to sample().

# present SECTION NAME...: those that can take part; rows of the others say why they are empty.
present() {
	local section=$1 name why

	shift
	for name in "$@"; do
		if why=$(why_not "$name"); then
			missing "$section/$name/*" "$why"
		else
			echo "$name"
		fi
	done
}

# Prints JSON.
churn() {
	"$BENCH/churn" --for "$CHURN_TIME" --json || die "the generator failed"
}

# figures PREFIX COMMAND...: which prints lines of NAME VALUE UNIT.
figures() {
	local prefix=$1 name value

	shift
	"$@" >"$WORK/figures" || die "$1 failed"
	while read -r name value _; do
		sample "$prefix/$name" "$value"
	done <"$WORK/figures"
}

# ------------------------------------------------------------------------------- kernel
# BPF statistics on. In each turn the empty program is attached too: it counts the
# transitions, and its time is the floor.

# programs_between COUNTER TRACER: of two looks at the programs, on standard input, with an
# empty line between: "NAME NANOSECONDS-A-TRANSITION RUNS NANOSECONDS-A-RUN" for each that
# ran, "empty" among them, and "all" for the sum of the tracer's.
programs_between() {
	awk -v counter="$1" '
		!NF { second = 1; next }
		!second { runs[$2] = $3; ns[$2] = $4; next }
		{ runs[$2] = $3 - runs[$2]; ns[$2] = $4 - ns[$2]; name[$2] = $6; owner[$2] = $1 }
		owner[$2] == counter { transitions = runs[$2] }
		END {
			for (id in name) {
				if (!runs[id] || !transitions)
					continue
				print name[id], ns[id] / transitions, runs[id], ns[id] / runs[id]
				if (owner[id] != counter)
					all += ns[id]
			}
			if (transitions)
				print "all", all / transitions, transitions, 0
		}'
}

# kernel_turn NAME
kernel_turn() {
	local counter tracer cpu=0 before after name per_transition runs per_run empty='' all='' begun took
	local timer_runs=0 timer_ns=0 pids

	settle
	start counter
	counter=$PID
	tracer=0
	[[ $1 == empty ]] || start "$1"
	[[ $1 == empty ]] || tracer=$PID
	pids=("$counter")
	((tracer == 0)) || pids+=("$tracer")
	((tracer == 0)) || cpu=$(cpu_ns "$tracer")
	before=$("$BENCH/programs" "${pids[@]}")
	begun=${EPOCHREALTIME/[.,]/}
	churn >/dev/null
	took=$((${EPOCHREALTIME/[.,]/} - begun))
	((tracer == 0)) || calm "$tracer"
	after=$("$BENCH/programs" "${pids[@]}")
	((tracer == 0)) || cpu=$(($(cpu_ns "$tracer") - cpu))
	stop "$tracer"
	stop "$counter"

	while read -r name per_transition runs per_run; do
		case $name in
		empty) empty=$per_transition ;;
		all) all=$per_transition transitions=$runs ;;
		timer_*)
			timer_runs=$((timer_runs + runs))
			timer_ns=$(calc "$timer_ns + $runs * $per_run")
			;;
		*)
			[[ $1 != top ]] || sample "kernel/top/program/$name" "$per_transition"
			;;
		esac
	done < <(programs_between "$counter" <<<"$before"$'\n\n'"$after")
	[[ $all ]] || die "no transition was counted in the turn of $1"
	if [[ $1 == empty ]]; then
		sample kernel/empty/gross "$empty"
		return
	fi
	GROSS[$1]=$all
	sample "kernel/$1/gross" "$all"
	sample "kernel/$1/net" "$(calc "$all - $empty")"
	sample "kernel/$1/ratio" "$(calc "$all / $empty")"
	sample "kernel/$1/user" "$(calc "$cpu / 1e9 / ($transitions / 1e6)")"
	if [[ $1 == timer ]]; then
		sample kernel/timer/rate "$(calc "$timer_runs / ($took / 1e6)")"
		sample kernel/timer/each "$(calc "$timer_runs ? $timer_ns / $timer_runs : 0")"
	fi
}

section_kernel() {
	local round name names
	local -A GROSS

	mapfile -t names < <(present kernel top trace standin timer tcpstates bpftrace)
	for ((round = 0; round < ROUNDS; round++)); do
		for name in $(turns "$round" empty "${names[@]}"); do
			progress "kernel, round $((round + 1)) of $ROUNDS: $name"
			kernel_turn "$name"
		done
		for name in standin tcpstates; do
			[[ -z ${GROSS[$name]:-} ]] ||
				sample "kernel/$name/twentieth" "$(calc "${GROSS[top]} / ${GROSS[$name]}")"
		done
	done
}

# --------------------------------------------------------------------------------- rate
# Connections a second; BPF statistics off.

rate_turn() {
	local result

	settle
	start "$1"
	result=$(churn)
	stop "$PID"
	RATE[$1]=$(jq .per_second <<<"$result")
	sample "rate/$1/connections" "${RATE[$1]}"
}

section_rate() {
	local round name names
	local -A RATE

	mapfile -t names < <(present rate top trace standin timer tcpstates bpftrace)
	for ((round = 0; round < ROUNDS; round++)); do
		for name in $(turns "$round" nothing empty "${names[@]}"); do
			progress "rate, round $((round + 1)) of $ROUNDS: $name"
			rate_turn "$name"
		done
		sample rate/empty/kept "$(calc "${RATE[empty]} / ${RATE[nothing]}")"
		for name in "${names[@]}"; do
			sample "rate/$name/kept" "$(calc "${RATE[$name]} / ${RATE[empty]}")"
		done
	done
}

# ------------------------------------------------------------------------------- replay
# A recording of the churn, fed to the model alone.

section_replay() {
	local round

	settle
	start record
	churn >/dev/null
	calm "$PID"
	stop "$PID"
	for ((round = 0; round < ROUNDS; round++)); do
		progress "replay, round $((round + 1)) of $ROUNDS"
		figures replay "$BENCH/replay" "$WORK/recording"
	done
}

# ------------------------------------------------------------------------------ sockets
# Sockets that are there when twtrace starts: how soon it is ready, and how large it is.

# resident PID: "RSS RING", in bytes, the second of what maps a BPF map into memory.
resident() {
	awk '/^[0-9a-f]+-[0-9a-f]+ / { ring = /bpf-map|bpf_map/ }
		/^Rss:/ { rss += $2; if (ring) in_ring += $2 }
		END { print rss * 1024, in_ring * 1024 }' /proc/"$1"/smaps
}

# how_large NAME: of PID, when its first look at the host is over, and it has had time to ask
# who holds what it found.
how_large() {
	local rss ring

	sleep "$FIRST_INTERVAL"
	calm "$PID"
	read -r rss ring < <(resident "$PID")
	APART=$((rss - ring))
	sample "sockets/$1/rss" "$(calc "$rss / 1048576")"
	sample "sockets/$1/ring" "$(calc "$ring / 1048576")"
	sample "sockets/$1/apart" "$(calc "$APART / 1048576")"
}

idle_turn() {
	settle
	start top
	how_large idle
	IDLE+=("$APART")
	stop "$PID"
}

# sockets_turn NUMBER HOLDER IDLE: SIZES[NUMBER] sockets are held by HOLDER; without any it
# has IDLE bytes.
sockets_turn() {
	local begin ready listed size=${SIZES[$1]}

	settle
	begin=${EPOCHREALTIME/[.,]/}
	start top
	ready=$((${EPOCHREALTIME/[.,]/} - begin))
	how_large "$1"
	sample "sockets/$1/each" "$(calc "($APART - $3) / $size")"
	stop "$PID"
	settle
	begin=${EPOCHREALTIME/[.,]/}
	nsenter --net=/proc/"$2"/ns/net ss -tan >/dev/null
	listed=$((${EPOCHREALTIME/[.,]/} - begin))
	sample "sockets/$1/ready" "$(calc "$ready / 1e6")"
	sample "sockets/$1/ss" "$(calc "$listed / 1e6")"
	sample "sockets/$1/ratio" "$(calc "$ready / $listed")"
}

section_sockets() {
	local number round holder idle
	local IDLE=()

	for ((round = 0; round < ROUNDS; round++)); do
		progress "sockets, round $((round + 1)) of $ROUNDS: idle"
		idle_turn
	done
	idle=$(printf '%s\n' "${IDLE[@]}" | sort -n | sed -n "$((ROUNDS / 2 + 1))p")
	for number in "${!SIZES[@]}"; do
		progress "sockets: opening ${SIZES[number]}"
		exec 3<>"$WORK/ready"
		"$BENCH/hold" --sockets "${SIZES[number]}" --ready-fd 3 2>"$WORK/errors" </dev/null &
		PID=$! holder=$!
		RUNNING+=("$holder")
		await_line hold
		exec 3<&-
		for ((round = 0; round < ROUNDS; round++)); do
			progress "sockets, round $((round + 1)) of $ROUNDS: ${SIZES[number]}"
			sockets_turn "$number" "$holder" "$idle"
		done
		stop "$holder"
	done
}

# -------------------------------------------------------------------------------- model
# Synthetic records into the model alone: no kernel, no file.

model_round() {
	figures model "$BENCH/model" -k "$KEYS" -e "$EVENTS" "$@"
}

section_model() {
	local round number

	for ((round = 0; round < ROUNDS; round++)); do
		progress "model, round $((round + 1)) of $ROUNDS"
		model_round moderate growth_open growth_remotes
	done
	# the same each time, and long: once
	progress "model: memory"
	model_round memory
	progress "model: churn"
	model_round churn
	for ((number = 10000; number <= 1000000; number *= 10)); do
		((number <= KEYS)) || missing "model/*_$number" "only up to $KEYS keys were asked for"
	done
}

# -------------------------------------------------------------------------------- flame
# Connections into the model alone, then pictures of them.

section_flame() {
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		progress "flame, round $((round + 1)) of $ROUNDS"
		figures flame "$BENCH/flame" -c "$KEYS" -s "$((KEYS / 10))"
	done
}

# ------------------------------------------------------------------------------- scrape
# What /metrics costs, by the host.

section_scrape() {
	local round

	for ((round = 0; round < ROUNDS; round++)); do
		progress "scrape, round $((round + 1)) of $ROUNDS"
		figures scrape "$BENCH/scrape" -r "$((KEYS / 10))"
	done
}
