#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Overload: churn over 200 ports and 8 hosts while twtrace stands still, so that its ring runs
# over; or goes on, but nobody reads what it says. Every count equals the generator's, on both
# ends, and the kernel's. Played once with all tracers at the same time, before the first test.
#
# All is in BATS_FILE_TMPDIR: truth (the generator's line), mib (the kernel's births), withheld
# (see kernel_withheld), NAME.out and NAME.errors of each tracer, NAME.json its final document.

load lib
load table

CHURN=${CHURN:-${BUILD:-$ROOT/build}/bench/churn}
FIRST=25000 PORTS=200 REMOTES=8
BEFORE=2000 STALL=20000 AFTER=2000	# connections
TRIES=3

setup_file() {
	lacking >"$BATS_FILE_TMPDIR/skip"
	[[ -x $CHURN ]] || echo "there is no $CHURN" >>"$BATS_FILE_TMPDIR/skip"
	[[ ! -s $BATS_FILE_TMPDIR/skip ]] || return 0
	"$TWTRACE" trace --for 100ms -o jsonl >/dev/null 2>"$BATS_FILE_TMPDIR/skip" 3>&- ||
		[[ $? != 3 ]] || return 0
	: >"$BATS_FILE_TMPDIR/skip"
	: >"$BATS_FILE_TMPDIR/tries"
	for _ in $(seq "$TRIES"); do
		play_overload
		judge_try >>"$BATS_FILE_TMPDIR/tries"
		[[ -s $BATS_FILE_TMPDIR/withheld ]] || return 0
		echo "# the kernel has withheld $(wc -l <"$BATS_FILE_TMPDIR/withheld") events from all programs" >&3
	done
	echo "in $TRIES runs the kernel has withheld events from all programs," \
		"$(wc -l <"$BATS_FILE_TMPDIR/withheld") in the last" >"$BATS_FILE_TMPDIR/incomplete"
}

setup() {
	need_table
	live_setup
}

teardown() {
	live_teardown
}

teardown_file() {
	kernel_trace_end
	live_teardown
}

# ------------------------------------------------------------------------------- the run

# tracer NAME OUTPUT ARGS...
tracer() {
	local name=$BATS_FILE_TMPDIR/$1 out=$2

	shift 2
	: >"$name.ready"
	"$TWTRACE" "$@" --netns "$(ns_path t)" --ready-fd 9 9>"$name.ready" >"$out" \
		2>"$name.errors" 3>&- 7>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	WAIT=30 wait_until ready_or_dead "$name.ready"
}

new_netns() {
	netns_new t
	# a connect that takes over a TIME_WAIT, while nobody looks: who did is not told in sum
	in_ns t sh -c 'cd /proc/sys/net/ipv4 && echo 2000000 >tcp_max_tw_buckets &&
		echo 8192 >../core/somaxconn && echo 0 >tcp_tw_reuse'
	ns_inode t >"$BATS_FILE_TMPDIR/netns"
}

play_overload() {
	local dir=$BATS_FILE_TMPDIR stopped=()

	new_netns
	rm -f "$dir"/*.pipe
	mkfifo "$dir/out.pipe" "$dir/control.pipe"
	watch_init || true
	churn_start
	tracer recorded /dev/null record "$dir/recording"
	stopped+=("$TWTRACE_PID")
	tracer wide "$dir/wide.out" top -o jsonl
	stopped+=("$TWTRACE_PID")
	tracer narrow "$dir/narrow.out" top -o jsonl --ring 64K
	stopped+=("$TWTRACE_PID")
	tracer text "$dir/text.out" top -o text --limit 3
	stopped+=("$TWTRACE_PID")
	exec 8<>"$dir/out.pipe"
	tracer unread "$dir/out.pipe" trace -o jsonl
	UNREAD_PID=$TWTRACE_PID
	echo >&7
	WAIT=60 wait_until made "$BEFORE"
	kill -STOP "${stopped[@]}"
	WAIT=60 wait_until made $(($(connections) + STALL))
	kill -CONT "${stopped[@]}"
	WAIT=60 wait_until made $(($(connections) + AFTER))
	churn_end
	in_ns t cat /proc/net/netstat | births >"$dir/mib"
	kernel_withheld >"$dir/withheld"
	cat "$dir/out.pipe" >"$dir/unread.out" 3>&- 8>&- &
	READER_PID=$!
	PIDS+=("$READER_PID")
	exec 8>&-
	for TWTRACE_PID in "${stopped[@]}" "$UNREAD_PID"; do
		stop_twtrace "$TWTRACE_PID"
	done
	wait "$READER_PID"
	forget "$READER_PID"
	kernel_trace_end
	netns_del t
}

# It listens, and waits.
churn_start() {
	: >"$BATS_FILE_TMPDIR/churn.ready"
	exec 7<>"$BATS_FILE_TMPDIR/control.pipe"
	# not by in_ns: the pid of a function in the background is a shell's
	ip netns exec "$(ns t)" "$CHURN" --here --first-port "$FIRST" --ports "$PORTS" \
		--remotes "$REMOTES" --bind --json --control 6 --ready-fd 9 \
		6<"$BATS_FILE_TMPDIR/control.pipe" 9>"$BATS_FILE_TMPDIR/churn.ready" \
		>"$BATS_FILE_TMPDIR/truth" 2>"$BATS_FILE_TMPDIR/churn.errors" 3>&- 7>&- 8>&- </dev/null &
	CHURN_PID=$!
	PIDS+=("$CHURN_PID")
	wait_until test -s "$BATS_FILE_TMPDIR/churn.ready"
}

churn_end() {
	exec 7>&-
	wait "$CHURN_PID"
	forget "$CHURN_PID"
}

# Made so far, as the namespace of the generator counts them.
connections() {
	awk '$1 == "Tcp:" { if (seen++) print $7 }' "/proc/$CHURN_PID/net/snmp"
}

made() {
	(($(connections) >= $1))
}

births() {
	awk '$1 == "TcpExt:" && !seen++ { for (i = 2; i <= NF; i++) name[i] = $i; next }
		$1 == "TcpExt:" { for (i = 2; i <= NF; i++) if (name[i] == "TW" || name[i] == "TWKilled") n += $i }
		END { print n }'
}

# Some kernels keep programs away from their init process (see kernel_trace.bash): its own
# trace of what happened in its threads, to sockets of these ports, is the measure of it.
watch_init() {
	local last=$((FIRST + PORTS - 1))

	kernel_trace_begin &&
		kernel_trace_only "((sport >= $FIRST && sport <= $last) || (dport >= $FIRST && dport <= $last)) &&" \
			'comm != "churn-client" && comm != "churn-server" && common_pid != 0'
}

# ------------------------------------------------------------------------------- the truth

# pair FROM TO...: how often the recorder's programs saw these changes, by the numbers of the
# states: of PAIRS, which is the last record but END.
pairs_seen() {
	local head

	head=$(od -An -t u4 -j 12 -N 4 "$BATS_FILE_TMPDIR/recording")
	tail -c +$((head + 1)) "$BATS_FILE_TMPDIR/recording" | zstd -dcq | tail -c 1376 | head -c 1352 |
		od -An -v -w8 -t u8 | awk -v wanted=" $* " '
			{ pair = int((NR - 1) / 13) ">" (NR - 1) % 13 }
			index(wanted, " " pair " ") { n += $1 } END { print n + 0 }'
}

withheld() {
	grep -cE "^($1)\$" "$BATS_FILE_TMPDIR/withheld"
}

truth_of() {
	jq "$1" "$BATS_FILE_TMPDIR/truth"
}

# at_least WHAT ACTUAL EXPECTED
at_least() {
	(($2 >= $3)) || echo "$1: $2, not $3"
}

# What the programs should have seen and have not, but for what was withheld. They count for
# the whole host, where others may be at work: that nothing is seen twice, the tables show.
wrong_sight() {
	local n

	n=$(truth_of .client.connections)
	at_least "ESTABLISHED" "$(pairs_seen '2>1' '3>1')" $((2 * n - $(withheld '.* ESTABLISHED')))
	at_least "FIN_WAIT1" "$(pairs_seen '1>4')" $((n - $(withheld '.* FIN_WAIT1')))
	at_least "TIME_WAIT" "$(pairs_seen '5>7' '11>7')" $((n - $(withheld '(FIN_WAIT2|CLOSING) CLOSE')))
	at_least "CLOSE of the other end" "$(pairs_seen '9>7')" $((n - $(withheld 'LAST_ACK CLOSE')))
	expect "the kernel's births" "$(<"$BATS_FILE_TMPDIR/mib")" "$n" || true
}

# wrong_counts DOCUMENT MISSING: what disagrees with the truth in any table, where so many
# changes were seen by no program.
wrong_counts() {
	jq -r --slurpfile truth "$BATS_FILE_TMPDIR/truth" --argjson missing "$2" '
		. as $doc | $truth[0] as $t | $t.client.connections as $n
		| def compare(what; want): . as $got
			| if . == null then "\(what): no row" else
				want | to_entries[] | . as $w
				| select(if .key == "open" then $got.open > $missing
					else $got[.key] > .value or $got[.key] < .value - $missing end)
				| "\(what): \(.key) is \($got[.key]), not \($w.value)" end;
		def all(n; first): {connections: n, opened: n, closed: n, failed: 0, resets: 0,
			open: 0, closed_first: first, time_wait_entered: first};
		def count(rows): rows as $rows | reduce ("connections", "opened", "closed",
			"failed", "resets", "open", "closed_first", "time_wait_entered") as $field
			({}; .[$field] = ([$rows[] | .[$field]] | add // 0));
		($doc.totals | compare("totals"; all(2 * $n; $n))),
		($t.server.ports | to_entries[] | .key as $port | .value as $k
			| ([$doc.ports[] | select(.port == ($port | tonumber))]) as $rows
			| ($rows | map(select(.role == "server"))[0] | compare("server \($port)"; all($k; 0))),
			  ($rows | map(select(.role == "client"))[0] | compare("client \($port)"; all($k; $k)))),
		($doc.ports[] | select(.role == "unknown" and .connections > 0) | "port \(.port): no role"),
		($t.client.remotes | to_entries[] | .key as $addr | .value as $k
			| ($doc.remotes | map(select(.remote_addr == $addr))[0])
			| compare("remote \($addr)"; all($k + $t.server.remotes[$addr]; $k))),
		(if any($doc.services[]; .service == "churn-client") then
			($doc.services | map(select(.service == "churn-client"))[0] | compare("churn-client"; all($n; $n))),
			($doc.services | map(select(.service == "churn-server"))[0] | compare("churn-server"; all($n; 0)))
		 else empty end),
		(count($doc.pairs) | compare("all pairs"; all(2 * $n; $n))),
		(reduce $doc.pairs[] as $pair ({}; .["\($pair.role) \($pair.port)"] += [$pair])) as $pairs
		| ($doc.ports[] | . as $port
			| count($pairs["\(.role) \(.port)"] // [])
			| compare("the pairs of \($port.role) \($port.port)"; $port | all(.connections; .closed_first)))
		' "$1" | head -n 20
}

# Of a run in which something was withheld: nothing else is missing.
judge_try() {
	local name missing

	finish_documents
	missing=$(wc -l <"$BATS_FILE_TMPDIR/withheld")
	wrong_sight
	for name in wide narrow replayed; do
		wrong_counts "$BATS_FILE_TMPDIR/$name.json" "$missing" | sed "s/^/$name: /"
	done
}

finish_documents() {
	local name

	for name in wide narrow; do
		tail -n 1 "$BATS_FILE_TMPDIR/$name.out" >"$BATS_FILE_TMPDIR/$name.json"
	done
	tail -n 1 "$BATS_FILE_TMPDIR/unread.out" >"$BATS_FILE_TMPDIR/unread.json"
	"$TWTRACE" top -o json -i "$BATS_FILE_TMPDIR/recording" >"$BATS_FILE_TMPDIR/replayed.json"
}

# ------------------------------------------------------------------------------- the tests

# complete: skips where the kernel has never let the programs see everything.
complete() {
	[[ ! -s $BATS_FILE_TMPDIR/incomplete ]] || skip "$(<"$BATS_FILE_TMPDIR/incomplete")"
}

right_counts() {
	local wrong

	wrong=$(wrong_counts "$BATS_FILE_TMPDIR/$1.json" 0)
	[[ -z $wrong ]] || fail "$wrong; loss: $(jq -c .loss "$BATS_FILE_TMPDIR/$1.json")"
}

# loss NAME CAUSE
loss() {
	jq ".loss.$2" "$BATS_FILE_TMPDIR/$1.json"
}

audit_agrees() {
	jq -e --argjson netns "$(<"$BATS_FILE_TMPDIR/netns")" '
		[.audit[] | select(.netns == $netns)] | length == 1 and .[0].time_wait_entered.twtrace != null
		and all(.[0][] | objects; .error == 0 or .error == null)' \
		"$BATS_FILE_TMPDIR/$1.json" >/dev/null ||
		fail "$(jq -c .audit "$BATS_FILE_TMPDIR/$1.json")"
}

# No gauge goes below zero, which would be 2^64 above, nor does more close than there was.
sane_all_along() {
	jq -n 'reduce (inputs | .totals, .ports[], .remotes[], .services[]) as $row (0;
		. + ([$row.connections as $all | $row | (.open, .established, .syn_sent, .fin_wait1, .fin_wait2,
			.close_wait, .last_ack, .closing, .time_wait) | select(. < 0 or . > 1e9)] | length)
		+ (if $row.opened > $row.connections or $row.closed > $row.connections then 1 else 0 end))' \
		"$BATS_FILE_TMPDIR/$1.out"
}

@test "the programs have seen everything but what the kernel withheld, and that alone is missing" {
	[[ ! -s $BATS_FILE_TMPDIR/tries ]] || fail "$(<"$BATS_FILE_TMPDIR/tries")"
}

@test "twtrace has stood still: every count equals the generator's, in every table" {
	complete
	right_counts wide
}

@test "with a ring of 64 KiB too" {
	complete
	right_counts narrow
}

@test "a recording of it gives the same tables" {
	complete
	right_counts replayed
}

@test "what had no room is a loss of its own, and no other one is told of" {
	local name

	for name in wide narrow replayed; do
		(($(loss "$name" spilled) > 0)) || fail "$name: nothing was spilled"
	done
	for name in wide replayed; do
		expect "$name: ring_full" "$(loss "$name" ring_full)" 0
		expect "$name: no_memory" "$(loss "$name" no_memory)" 0
		expect "$name: malformed" "$(loss "$name" malformed)" 0
	done
	(($(loss narrow spilled) > $(loss wide spilled))) || fail "64 KiB had as much room as the default"
}

@test "the audit agrees with the kernel after an interval" {
	local name

	complete
	for name in wide narrow replayed; do
		audit_agrees "$name"
	done
}

@test "no gauge is ever negative, and no connection is left open" {
	local name

	for name in wide narrow; do
		expect "$name: strange rows" "$(sane_all_along "$name")" 0
		expect "$name: open" "$(jq .totals.open "$BATS_FILE_TMPDIR/$name.json")" 0
	done
}

@test "the user is told in one line what was lost and what still holds" {
	local lines

	lines=$(tac "$BATS_FILE_TMPDIR/text.out" | sed '/traced for/q' | grep '^lost events: ')
	expect "lines" "$(grep -c 'the ring buffer was full.*they are in every count' <<<"$lines")" 1
	[[ ! -s $BATS_FILE_TMPDIR/text.errors ]]
}

@test "nobody has read its output for a while: the counts are exact, what was not printed is told" {
	complete
	expect "opened" "$(jq .totals.opened "$BATS_FILE_TMPDIR/unread.json")" $((2 * $(truth_of .client.connections)))
	expect "closed" "$(jq .totals.closed "$BATS_FILE_TMPDIR/unread.json")" $((2 * $(truth_of .client.connections)))
	expect "closed first" "$(jq .totals.closed_first "$BATS_FILE_TMPDIR/unread.json")" "$(truth_of .client.connections)"
	expect "TIME_WAIT" "$(jq .totals.time_wait_entered "$BATS_FILE_TMPDIR/unread.json")" "$(<"$BATS_FILE_TMPDIR/mib")"
	(($(loss unread output_full) > 0)) || fail "$(jq -c .loss "$BATS_FILE_TMPDIR/unread.json")"
}
