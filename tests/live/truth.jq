# SPDX-License-Identifier: GPL-2.0-or-later
# What is wrong with what twtrace said about runs of the generator, one sentence a line; nothing
# when all is as the table has it.
#
#   jq -rn -f truth.jq --rawfile table T --slurpfile events E --slurpfile truth R \
#	[--arg tier fentry|kprobe|timer|inferred] [--arg netns stays|ends|gone] [--arg summary yes]
#
# Each run has a port of its own.
#
# tier: the evidence twtrace had for TIME_WAIT (inferred). netns: whether the namespace is still
# there; what the scenario left in it is purged at its end. Without the argument it stays, or, if
# the generator made it for itself (--own-netns), it ends while this is asked. summary: the last
# line is there too.
#
# Sockets are told apart by cookie. A socket is the server's if it has the scenario's port at
# its own end and came from a listener, else the client's.

# What a tier must know of a minisock, by what really happened to it.
#   born, turned, ended   the evidence that may be named; for ends, by the reason told
#   told                  the reason told, where it is not the real one
#   turns_missed          the turn of one that ends before the next poll is never seen
#   refused               "at once": no birth is told of. "later": a poll tells, which may not
#                         know of which socket
#   taken_back            the evidence of births that a refusal takes back
#   residence             "known", or "or null" where it would be a guess
#   late                  by how much more than the timer wheel it may be too long, in ms: a busy host
#                         takes its time, and polls further apart than 5 s tell no residence
def tiers:
	def exact($name):
		{born: [$name], turned: [$name], ended: {}, any_end: [$name], told: {},
		 turns_missed: false, refused: "at once", taken_back: [], residence: "known", late: 1500};
	{
		fentry: exact("fentry"),
		kprobe: exact("kprobe"),
		timer: (exact("timer") + {turned: ["timer", "snapshot"], turns_missed: true,
					  refused: "later", taken_back: ["inferred"]}),
		inferred: {
			born: ["inferred"],
			turned: ["snapshot"],
			ended: {reused: ["inferred"], reopened: ["inferred"], purged: ["inferred"],
				unknown: ["snapshot"]},
			any_end: ["inferred", "snapshot"],
			told: {reset: "unknown", destroyed: "unknown"},
			turns_missed: true, refused: "later", taken_back: ["inferred"],
			residence: "or null", late: 6500}
	};

def table_rows:
	{client: "CLOSE>SYN_SENT>ESTABLISHED", server: "LISTEN>SYN_RECV>ESTABLISHED"} as $begin
	| $table | split("\n") | map(select(test("^[a-z]")) | [splits(" +")]
		| {scenario: .[0], side: .[1], n: (.[2] | tonumber), path: .[3], error: .[4],
		   reset: .[5], fails: .[6], birth: .[7], end: .[8], life: (.[9] | tonumber? // null)}
		| if .path | startswith(">") then .path = $begin[.side] + .path else . end);

table_rows as $every_row
| ($events | map(select(.kind == "summary"))) as $summary
# by namespace and port; what has none may be of any run
| (reduce ($events[] | select(.netns)) as $event ({};
	reduce ([$event.local_port, $event.remote_port] | unique - [null]
		| if . == [] then "none" else .[] end) as $port
		(.; .["\($event.netns) \($port)"] += [$event]))) as $by_port
| (tiers | .[$ARGS.named.tier // "inferred"]) as $tier
| $truth[] as $run
| ($ARGS.named.netns // (if $run.own_netns then "ends" else "stays" end)) as $netns
| ($by_port["\($run.netns) \($run.port)"] + $by_port["\($run.netns) none"] // []) as $events |

# All that was said of the run, by cookie.
def told:
	[$events[] | select(.cookie != null)] | group_by(.cookie)
	| map({
		all: .,
		steps: map(select(.kind == "transition")),
		births: map(select(.kind == "time_wait_enter")),
		turns: map(select(.kind == "time_wait_substate")),
		exits: map(select(.kind == "time_wait_exit")),
		refusals: map(select(.kind == "time_wait_refused")),
		fails: map(select(.kind == "connect_failed"))});

# Every socket of the run, in the order of their first steps: its path and what came of it.
def sockets:
	map(select(.steps | any(.[]; .to == "LISTEN" or (.from == "LISTEN" and .to == "CLOSE")) | not))
	| map(select(.steps | length > 0))
	| map(.path = (.steps[0].from + (.steps | map(">" + .to) | add)))
	| map(.side = (if .steps[0].from == "LISTEN" then "server" else "client" end))
	| sort_by(.steps[0].ts_ns);

def last_error: .steps[-1].error // "-";

# ---------------------------------------------------------------------- minisocks

# How many that should live the generator did not find in the kernel any more. On loopback a
# late ACK may meet a closed socket, whose RST then kills the TIME_WAIT: OutRsts shows it.
def killed($rows; $side):
	($run["states_" + $side] // {} | (.TIME_WAIT // 0) + (.FIN_WAIT2 // 0)) as $there
	| ($rows | map(select(.side == $side and .end == "lives") | .n) | add // 0) - $there
	| if . > 0 and . <= $run["mib_" + $side].OutRsts then . else 0 end;

# The births a row allows, each with the number of turns that belongs to it.
def expected_births($row):
	(.exits | length > 0) as $over
	| if $row.end == "refused" then [[[], 0]] + if $tier.refused == "later"
		then [[["TIME_WAIT"], 0], [["FIN_WAIT2"], 0]] else [] end
	elif $row.birth == "-" then [[[], 0]]
	elif $row.birth == "turns" then [[["FIN_WAIT2"], 1]]
	elif $row.birth == "soon" then [[["TIME_WAIT"], 0], [["FIN_WAIT2"], 1]]
	else [[[$row.birth], 0]] end
	| if $tier.turns_missed and $over
	  then . + map(select(.[1] == 1) | .[1] = 0) else . end;

# The ends a row allows, as they are told.
def expected_ends($row; $killed):
	if $row.end == "-" or $row.end == "refused" then [[]]
	elif $row.end != "lives" then [[$row.end]]
	else (if $netns != "gone" then [[]] else [] end)
		+ (if $netns != "stays" then [["purged"]] else [] end)
	end
	| map(map($tier.told[.] // .))
	# its RST is this host's own: told by each tier, unless it was not seen
	| if $row.end == "lives" and $killed > 0 then . + [["reset"], [$tier.told.reset // "reset"]] else . end;

def off($a; $b): ($a - $b) | if . < 0 then - . else . end;

# The end against the birth; the time in it against the clock and the row.
def complaints_of_exit($row; $exit):
	(.births[-1]) as $birth
	| ((.turns[-1].to) // $birth.substate) as $substate
	| (if $exit.evidence | IN(($tier.ended[$exit.reason] // $tier.any_end)[]) then empty
	   else "\($exit.reason) by \($exit.evidence)" end),
	  (if $birth == null or $exit.ts_ns < $birth.ts_ns then "its end comes before its birth" else empty end),
	  (if any(.turns[]; .ts_ns > $exit.ts_ns) then "turns after its end" else empty end),
	  (if $exit.substate != $substate then "ends in \($exit.substate), not \($substate)" else empty end),
	  (if $exit.residence_ms == null then
		(if $tier.residence == "known" then "residence_ms is null" else empty end)
	   elif $exit.reason == "unknown" then "a guess: residence_ms \($exit.residence_ms) of an unknown end"
	   elif $birth != null and off($exit.residence_ms; ($exit.ts_ns - $birth.ts_ns) / 1e6) > 1 then
		"residence_ms \($exit.residence_ms) between \($birth.ts_ns) and \($exit.ts_ns) ns"
	   # the timer wheel is late by an eighth at most
	   elif $row.life != null and $row.end == $exit.reason and
		($exit.residence_ms < 1000 * $row.life or $exit.residence_ms > 1125 * $row.life + $tier.late) then
		"residence_ms \($exit.residence_ms), not \($row.life) s"
	   else empty end);

def complaints_of_minisock($row; $killed):
	([(.births | map(.substate)), (.turns | length)] as $got
	 | if any(expected_births($row)[]; . == $got) then empty
	   else "births and turns \($got) by \(.births | map(.evidence)), not \($row.birth)" end),
	(if $row.end == "refused" then $tier.taken_back else $tier.born end) as $born
	| (.births[].evidence | select(IN($born[]) | not) | "born by \(.)"),
	(.turns[] | select(.from != "FIN_WAIT2" or .to != "TIME_WAIT") | "turned from \(.from) to \(.to)"),
	(.turns[].evidence | select(IN($tier.turned[]) | not) | "turned by \(.)"),
	((.exits | map(.reason)) as $got
	 | expected_ends($row; $killed) as $want
	 | if any($want[]; . == $got) then empty else "ends \($got), not \($want)" end),
	(complaints_of_exit($row; .exits[])),
	(if (.refusals | length) > 0 and $row.end != "refused" then "refused" else empty end),
	(if $row.end == "refused" and $tier.refused == "at once" and (.refusals | length) != 1
	 then "\(.refusals | length) refusals" else empty end);

# Of the run as a whole: what no socket of it accounts for, and the sums.
def complaints_of_sums($rows; $told):
	($told[] | select((.steps | length) == 0 and any(.all[]; .kind | startswith("time_wait")))
	 | "a minisock of no socket: \(.all[0] | [.kind, .cookie, .local_port, .remote_port])"),
	([$events[] | select(.kind == "time_wait_refused") | .count // 1] | add // 0) as $got
	| ($rows | map(select(.end == "refused") | .n) | add // 0) as $want
	| select($got != $want) | "\($got) refused, not \($want)";

def complaints_of_killed($rows; $sockets):
	("client", "server") as $side
	| killed($rows; $side) as $killed
	| ([$sockets[] | select(.side == $side and .row.end == "lives")
	    | .exits[] | select(.reason != "purged")] | length) as $got
	| select($got != $killed and ($rows | any(.side == $side)))
	| "\($side): \($got) ended early, of \($killed) that the kernel shows to have been killed";

# ------------------------------------------------------------------------ sockets

# The events of a socket against its row.
def complaints_of($row):
	(if $row.error != "?" and last_error != $row.error
	 then "ended with error \(last_error), not \($row.error)" else empty end),
	(if (.fails | map(.error)) != ($row.fails | if . == "-" then [] else [.] end)
	 then "connect_failed: \(.fails | map(.error)), not \($row.fails)" else empty end),
	(if any(.all[]; .direction != (if $row.side == "client" then "outgoing" else "incoming" end))
	 then "directions \(.all | map(.direction) | unique)" else empty end),
	(if any(.steps[1:][]; .in_state_us == null) then "in_state_us is null after the first step" else empty end),
	(if (.steps | map(.ts_ns)) != (.steps | map(.ts_ns) | sort) then "ts_ns is not in order" else empty end),
	(.steps as $s | range(1; $s | length) | select($s[.].from != $s[. - 1].to)
	 | "step \(.) begins at \($s[.].from), not where the last one ended");

# Addresses, ports and the owner as the generator knows them.
def complaints_of_ends:
	.side as $side
	| ($run.connections | map(if $side == "client" then {near: .client, far: .server}
				    else {near: .server, far: .client} end)) as $ends
	| .steps[-1] as $last
	| if ($ends | length) == 0 then
		(if $last.pid == null or ($last.comm != ("tw-" + $side))
		 then "owner \($last.pid) \($last.comm), not tw-\($side)" else empty end)
	  elif any($ends[]; .near.addr == $last.local_addr and .near.port == $last.local_port
			    and .far.addr == $last.remote_addr and .far.port == $last.remote_port) then
		[$ends[] | select(.near.port == $last.local_port)][0] as $own
		| if $last.pid != $own.near.closer or $last.comm != $own.near.closer_comm
		  then "owner \($last.pid) \($last.comm), not \($own.near.closer) \($own.near.closer_comm)"
		  else empty end
	  elif .path == "CLOSE>SYN_SENT>CLOSE" then	# its port may never have been known
		(if $last.pid != $ends[-1].near.closer
		 then "owner \($last.pid) \($last.comm), not \($ends[-1].near.closer)" else empty end)
	  else "no such connection: \($last | [.local_addr, .local_port, .remote_addr, .remote_port])" end;

# ------------------------------------------------------------------------ summary

# The rows of the final summary: what the port's two roles add up to.
def complaints_of_summary($rows; $sockets):
	$summary[-1] as $summary
	| if $summary == null then "no summary" else
	(if $summary.evidence != ($ARGS.named.tier // "inferred")
	 then "the summary's evidence is \($summary.evidence)" else empty end),
	("client", "server") as $side
	| ($rows | map(select(.side == $side))) as $rows
	| select(($rows | length) > 0)
	| ([$summary.ports[] | select(.port == $run.port and .role == $side)][0]) as $got
	| ($rows | map(select(.birth != "-") | .n) | add // 0) as $born
	| [$sockets[] | select(.side == $side) | .exits[].reason] as $ends
	| {
		opened: ($rows | map(select(.path | test("ESTABLISHED")) | .n) | add // 0),
		closed: ($rows | map(select(.path | test("ESTABLISHED")) | .n) | add // 0),
		closed_first: ($rows | map(select(.path | test("FIN_WAIT1")) | .n) | add // 0),
		failed: ($rows | map(select(.fails != "-") | .n) | add // 0),
		time_wait_entered: $born,
		time_wait_other: ($ends | map(select(. != "expired" and . != "reused")) | length),
		time_wait_refused: ($rows | map(select(.end == "refused") | .n) | add // 0),
		minisocks: ($born - ($ends | length)),
		resets: (if any($rows[]; .reset == "?") then null
			 else $rows | map(select(.reset == "1") | .n) | add // 0 end),
		open: 0
	} + (["expired", "reused", "reopened", "reset", "destroyed", "purged", "unknown"]
	     | map(. as $reason | {key: "time_wait_\(.)", value: ($ends | map(select(. == $reason)) | length)})
	     | from_entries)
	| if $got == null and all(.[]; . == null or . == 0) then empty	# nothing to make a row of
	    elif $got == null then "no row of port \($run.port) as \($side)"
	    else ($got | .minisocks = .time_wait + .fin_wait2) as $got
		| to_entries[] | select(.value != null and .value != $got[.key])
		| "\($side) row: \(.key) is \($got[.key]), not \(.value)" end
	end;

($every_row | map(select(.scenario == $run.scenario))) as $rows
| told as $told
| ($told | sockets
   # those of one side and path against their rows, in order
   | group_by([.side, .path])
   | map([.[0] as $kind
	  | $rows[] | select(.side == $kind.side and .path == $kind.path)
	  | . as $row | range(.n) | $row] as $own
	 | to_entries | map(.value + {row: $own[.key]}))
   | add // []) as $sockets
| (if $tier == null then "there is no tier \($ARGS.named.tier)" else empty end),
  (if ($rows | length) == 0 then "the table has no row" else empty end),
  (("client", "server") as $side
   | ($rows | map(select(.side == $side) | .path as $path | range(.n) | $path) | sort) as $want
   | ($sockets | map(select(.side == $side) | .path) | sort) as $got
   | select($want != $got)
   | "\($side): paths \($got), not \($want)"),
  ($sockets[] | select(.row != null) | .row as $row
   | "\(.side) \(.path): \(complaints_of($row), complaints_of_ends,
	complaints_of_minisock($row; killed($rows; $row.side)))"),
  complaints_of_killed($rows; $sockets),
  complaints_of_sums($rows; $told),
  (if $ARGS.named.summary == "yes" then complaints_of_summary($rows; $sockets) else empty end)
| "\($run.scenario) \($run.family): \(.)"
