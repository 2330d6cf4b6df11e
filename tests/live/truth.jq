# SPDX-License-Identifier: GPL-2.0-or-later
# What is wrong with what twtrace said about one run of the generator, one sentence a line;
# nothing when all is as the table has it.
#
#   jq -rn -f truth.jq --rawfile table T --slurpfile events E --slurpfile truth R
#
# Sockets are told apart by cookie. A socket is the server's if it has the scenario's port at
# its own end and came from a listener, else the client's.

def table_rows:
	$table | split("\n") | map(select(test("^[a-z]")) | [splits(" +")]
		| {scenario: .[0], side: .[1], n: (.[2] | tonumber), path: .[3], error: .[4],
		   birth: .[5], turns: .[6], reset: .[7], fails: .[8]})
	| map(select(.scenario == $truth[0].scenario));

# Every socket of the run: its events, its path and what came of it.
def sockets:
	[$events[] | select(.netns == $truth[0].netns and .cookie != null and .kind != "summary")]
	| group_by(.cookie)
	| map(select(any(.[]; .local_port == $truth[0].port or .remote_port == $truth[0].port)))
	| map({
		all: .,
		steps: map(select(.kind == "transition")),
		births: map(select(.kind == "time_wait_enter")),
		turns: map(select(.kind == "time_wait_substate")),
		fails: map(select(.kind == "connect_failed"))})
	| map(select(.steps | any(.[]; .to == "LISTEN" or (.from == "LISTEN" and .to == "CLOSE")) | not))
	| map(select(.steps | length > 0))
	| map(.path = (.steps[0].from + (.steps | map(">" + .to) | add)))
	| map(.side = (if .steps[0].from == "LISTEN" then "server" else "client" end));

def last_error: .steps[-1].error // "-";

# The births a row allows, each with the number of turns that belongs to it.
def expected_births($row):
	if $row.birth == "-" then [[[], 0]]
	elif $row.birth == "soon" then [[["TIME_WAIT"], 0], [["FIN_WAIT2"], 1]]
	else [[[$row.birth], (if $row.turns == "yes" then 1 else 0 end)]] end;

# The events of a socket against its row.
def complaints_of($row):
	(if $row.error != "?" and last_error != $row.error
	 then "ended with error \(last_error), not \($row.error)" else empty end),
	([(.births | map(.substate)), (.turns | length)] as $got
	 | if any(expected_births($row)[]; . == $got) then empty
	   else "births and turns \($got) by \(.births | map(.evidence)), not \($row.birth) and \($row.turns)" end),
	(.turns[] | select(.from != "FIN_WAIT2" or .to != "TIME_WAIT") | "turned from \(.from) to \(.to)"),
	(if (.fails | map(.error)) != ($row.fails | if . == "-" then [] else [.] end)
	 then "connect_failed: \(.fails | map(.error)), not \($row.fails)" else empty end),
	(if any(.all[]; .direction != (if $row.side == "client" then "outgoing" else "incoming" end))
	 then "directions \(.all | map(.direction) | unique)" else empty end),
	(if any(.steps[1:][]; .in_state_us == null) then "in_state_us is null after the first step" else empty end),
	(if (.steps | map(.ts_ns)) != (.steps | map(.ts_ns) | sort) then "ts_ns is not in order" else empty end),
	(.steps as $s | range(1; $s | length) | select($s[.].from != $s[. - 1].to)
	 | "step \(.) begins at \($s[.].from), not where the last one ended");

# Addresses, ports and the owner as the generator knows them.
def complaints_of_ends($socket):
	.side as $side
	| ($truth[0].connections | map(if $side == "client" then {near: .client, far: .server}
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

# The rows of the final summary: what the port's two roles add up to.
def complaints_of_summary($rows):
	([$events[] | select(.kind == "summary")][-1]) as $summary
	| if $summary == null then "no summary" else
	["client", "server"][] as $side
	| ($rows | map(select(.side == $side))) as $rows
	| select(($rows | length) > 0)
	| ([$summary.ports[] | select(.port == $truth[0].port and .role == $side)][0]) as $got
	| {
		opened: ($rows | map(select(.path | test("ESTABLISHED")) | .n) | add // 0),
		closed: ($rows | map(select(.path | test("ESTABLISHED")) | .n) | add // 0),
		closed_first: ($rows | map(select(.path | test("FIN_WAIT1")) | .n) | add // 0),
		failed: ($rows | map(select(.fails != "-") | .n) | add // 0),
		time_wait_entered: ($rows | map(select(.birth != "-") | .n) | add // 0),
		resets: (if any($rows[]; .reset == "?") then null
			 else $rows | map(select(.reset == "1") | .n) | add // 0 end),
		open: 0
	} | if $got == null and all(.[]; . == null or . == 0) then empty	# nothing to make a row of
	    elif $got == null then "no row of port \($truth[0].port) as \($side)"
	    else to_entries[] | select(.value != null and .value != $got[.key])
		| "\($side) row: \(.key) is \($got[.key]), not \(.value)" end
	end;

table_rows as $rows
| sockets as $sockets
| (if ($rows | length) == 0 then "the table has no row" else empty end),
  (["client", "server"][] as $side
   | ($rows | map(select(.side == $side) | .path as $path | range(.n) | $path) | sort) as $want
   | ($sockets | map(select(.side == $side) | .path) | sort) as $got
   | select($want != $got)
   | "\($side): paths \($got), not \($want)"),
  ($sockets[] as $socket
   | ($rows | map(select(.side == $socket.side and .path == $socket.path))[0]) as $row
   | select($row != null)
   | ($socket | (complaints_of($row), complaints_of_ends($socket)))
   | "\($socket.side) \($socket.path): \(.)"),
  (if $ARGS.named.summary == "yes" then complaints_of_summary($rows) else empty end)
| "\($truth[0].scenario) \($truth[0].family): \(.)"
