# SPDX-License-Identifier: GPL-2.0-or-later
# What is wrong with what `twtrace leaks -o json` said of the workloads in expected.txt, one
# sentence a line that begins with the workload's name; nothing when all is as the table has it.
#
#   jq -rn -f judge.jq --rawfile table T --slurpfile minute DOC --slurpfile before DOC \
#	--slurpfile later DOC --rawfile lines L [--arg stacks yes]
#
# lines: "WORKLOAD FILE:LINE" of each line marked LEAK. With stacks, the one that opened what
# leaks must be among those of the verdict.

def table_rows:
	$table | split("\n") | map(select(test("^[a-z]")) | [splits(" +")]
		| {name: .[0], run: .[1], port: (.[2] | tonumber), kinds: (.[3] | split(",")),
		   services: (.[4] | split(",")), side: .[5], function: .[6]});

# Kinds whose sockets have a process that holds them.
def held: ["close_wait", "established_growth", "fin_wait2_held", "closed_held", "syn_sent",
	   "accept_queue"];

# Where a unit or a container names the service, its ports tell whose it is.
def is_of($row):
	(.service | IN($row.services[]))
	or ((.service // "" | test(":|\\.service$")) and ([.local_port, .remote_port] | any(. == $row.port)));

def brief: "\(.level) \(.kind) of \(.service), ports \(.local_port) and \(.remote_port), count \(.count)";

def port_of($side): if $side == "local" then .local_port else .remote_port end;
def is_at($row): $row.side == "-" or port_of($row.side) == $row.port;

def stack_complaints($row; $where):
	if $ARGS.named.stacks != "yes" or $row.function == "-" then empty
	else
		[.stacks | .. | strings] as $text | [.stacks | .. | numbers | tostring] as $number
		| (if any($text[]; contains($row.function)) then empty
		   else "no stack with \($row.function)()" end),
		  (if ($where | length) == 0 then "no line is marked LEAK" else empty end),
		  ($where | map(capture("(?<file>[^/]*):(?<line>[0-9]+)$"))
		   | if any(.[]; . as $at | any($text[]; test("\($at.file):\($at.line)\\b"))
				or (any($text[]; endswith($at.file)) and any($number[]; . == $at.line)))
		     then empty else "no stack with \($where | join(", "))" end)
	end;

# Of the verdict that must be there.
def verdict_complaints($row; $where):
	(if (.count // 0) > 0 then empty else "count is \(.count)" end),
	(if (.confidence | type) == "number" and .confidence >= 0 and .confidence <= 1 then empty
	 else "confidence is \(.confidence)" end),
	(if (.kind | IN(held[]) | not) or any(.holders[]?; .comm == $row.services[0] and .pid > 0)
	 then empty else "\($row.services[0]) is not among its holders \(.holders | tojson)" end),
	(if ($row.name != "cw-prefork") or ([.holders[]?.pid] | unique | length) > 1
	 then empty else "its holders are \(.holders | tojson), not several" end),
	stack_complaints($row; $where);

# What must at least be said: what never grew while it was watched is at first only named, a
# minute later suspected.
def levels($row; $run):
	if $run == "before" then ["leak", "suspect", "watch"]
	elif $run == "later" then ["leak", "suspect"]
	else ["leak"] end;

def leaking_complaints($row; $run; $said; $where):
	($said | map(select(is_of($row)))) as $mine
	| levels($row; $run) as $levels
	| ($mine | map(select((.level | IN($levels[])) and .kind == $row.kinds[0] and is_at($row)))) as $right
	| (if $right == [] then
		"no \($levels | join(" or ")) \($row.kinds[0]) of \($row.services[0]), \($row.side) port \($row.port); "
		+ "of it: \($mine | map(brief) | if . == [] then "nothing" else join("; ") end)"
	   else $right[0] | verdict_complaints($row; $where) end),
	  ($mine[] | select(.level == "leak" and ((.kind | IN($row.kinds[]) | not) or (is_at($row) | not)))
		| "accused of something else too: \(brief)");

def innocent_complaints($row; $said):
	$said[] | select(.level == "leak" and is_of($row)) | "accused, and innocent: \(brief)";

($lines | split("\n") | map(select(. != "") | split(" "))) as $marked
| {minute: ($minute[0].verdicts // []), before: ($before[0].verdicts // []),
   later: ($later[0].verdicts // [])} as $verdicts
| table_rows[]
| . as $row
| (if .run == "before" then "before", "later" else .run end) as $run
| (if .kinds == ["-"] then innocent_complaints($row; $verdicts[$run])
   else leaking_complaints($row; $run; $verdicts[$run];
		$marked | map(select(.[0] == $row.name) | .[1]))
   end)
| "\($row.name): \(if $run == "minute" then "" else "\($run): " end)\(.)"
