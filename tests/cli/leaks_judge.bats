#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the verdicts of `twtrace leaks` are judged by in tests/live/leaks.bats, on verdicts that
# are made up: it is content with what is right, and finds what is wrong.

bats_require_minimum_version 1.5.0
load ../live/lib
load ../live/leaks/workloads

setup() {
	command -v jq >/dev/null || skip "needs jq"
	WORK=$BATS_TEST_TMPDIR
}

# What would be right to say, as the table has it; a filter after it makes it wrong.
right_document() {
	leak_lines >"$WORK/lines"
	jq -n --arg run "$1" --rawfile table "$EXPECTED" --rawfile lines "$WORK/lines" '
		($lines | split("\n") | map(select(. != "") | split(" "))) as $lines
		| {verdicts: [$table | split("\n")[] | select(test("^[a-z]")) | [splits(" +")]
			| select(.[1] == $run and .[3] != "-") | . as $row
			| {level: "leak", kind: (.[3] | split(",")[0]), service: .[4],
			   local_port: (if .[5] == "local" then .[2] | tonumber else null end),
			   remote_port: (if .[5] == "remote" then .[2] | tonumber else null end),
			   count: 40, confidence: 0.9,
			   holders: [range(3) | {pid: (. + 10), comm: $row[4], fds: 4}],
			   stacks: [{frames: [($lines[] | select(.[0] == $row[0])
				| {function: $row[6], file: (.[1] | split(":")[0]),
				   line: (.[1] | split(":")[1] | tonumber)})]}]}]}' | jq "${2:-.}"
}

@test "the judge is content with what is right" {
	right_document minute >"$WORK/minute"
	right_document before >"$WORK/before"
	run -0 complaints_of yes "$WORK"/{minute,before,before}
	[[ -z $output ]]
}

# Each row: what makes it wrong, and what must be said of it.
@test "the judge finds what is wrong" {
	right_document before >"$WORK/before"
	while IFS='|' read -r filter said; do
		right_document minute "${filter//;;/|}" >"$WORK/minute"
		run -0 complaints_of yes "$WORK"/{minute,before,before}
		[[ $output == "$said"* ]] || fail "$filter: said '$output', not '$said'"
		! grep -v "^${said%%:*}: " <<<"$output" || fail "$filter: said of others too"
	done <<'END'
del(.verdicts[] ;; select(.service == "lk-growth"))|growth: no leak established_growth of lk-growth
(.verdicts[] ;; select(.service == "lk-growth")).level = "suspect"|growth: no leak
(.verdicts[] ;; select(.service == "lk-cw-slow")).local_port = 1|cw-slow: no leak
(.verdicts[] ;; select(.service == "lk-cw-prefork")).holders[1:] = []|cw-prefork: its holders
(.verdicts[] ;; select(.service == "lk-cw-thread")).holders[].comm = "worker"|cw-thread: lk-cw-thread is not
(.verdicts[] ;; select(.service == "lk-growth-irr")).stacks[].frames[].line += 1|growth-irr: no stack with
(.verdicts[] ;; select(.service == "lk-refused")).stacks[].frames[].function = "main"|refused: no stack with
.verdicts += [.verdicts[] ;; select(.service == "lk-growth-one") ;; .remote_port += 1]|growth-one: accused of
.verdicts += [{level: "leak", kind: "close_wait", service: "peer-burst"}]|burst: accused, and innocent
.verdicts += [{level: "leak", kind: "close_wait", service: "docker:3f2a", local_port: 20250}]|websocket: accused
END
}

@test "the judge lets suspicions of the innocent pass" {
	right_document minute '.verdicts += [{level: "suspect", service: "ok-burst"}]' \
		>"$WORK/minute"
	right_document before >"$WORK/before"
	run -0 complaints_of yes "$WORK"/{minute,before,before}
	[[ -z $output ]]
}
