#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace ports` on recordings: what it says in each format, and what it refuses.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
}

ports() {
	"$TWTRACE" ports "$@"
}

@test "a connect() without a port is named with its destination and its process" {
	run ports -i tests/golden/failures/recording
	[[ $status == 0 ]]
	[[ $output == *"1 without a port left"* ]]
	[[ $output == *"127.0.0.1:35009 in golden-2188: no port was left: 1 connect() failed (EADDRNOTAVAIL)"* ]]
	[[ $output == *"1  connect  EADDRNOTAVAIL  tw-client[3326]  -> 127.0.0.1:35009"* ]]
	[[ $output == *"held by a connection in ESTABLISHED (tw-client[3329])"* ]]
}

@test "failures are as many as the totals say, in every recording" {
	local recording ports top

	for recording in tests/golden/*/recording; do
		ports=$(ports -o json -i "$recording" |
			jq '[.failures[] | select(.kind == "connect").count] + [.left_out.failures] | add')
		top=$("$TWTRACE" top -o json -i "$recording" | jq .totals.failed)
		[[ $ports == "$top" ]] || { echo "$recording: $ports, not $top"; return 1; }
	done
}

@test "jsonl is a document for each interval, and one that sums it up" {
	ports -o jsonl --interval 500ms -i tests/golden/failures/recording >"$BATS_TEST_TMPDIR/out"
	jq -es 'length > 2 and (.[:-1] | all(.kind == "interval")) and .[-1].kind == "summary"' "$BATS_TEST_TMPDIR/out"
	jq -es '.[-1] | del(.kind)' "$BATS_TEST_TMPDIR/out" >"$BATS_TEST_TMPDIR/last"
	ports -o json -i tests/golden/failures/recording | jq . | diff "$BATS_TEST_TMPDIR/last" -
}

@test "a used port counts once: what has it adds up, and there are no more than there can be" {
	local recording

	for recording in tests/golden/*/recording; do
		ports -o json -i "$recording" | jq -e '.budgets | all(
			.used == .established + .time_wait + .fin_wait2 + .other
			and .used <= .peak and (.capacity == null or .used <= .capacity)
			and (.capacity == null or .capacity + .blocked + (.reserved // 0) == .high - .low + 1))'
	done >/dev/null
}

@test "--limit cuts tables, filters choose destinations" {
	[[ $(ports -o json --limit 2 -i tests/golden/churn/recording | jq '.budgets | length') == 2 ]]
	run ports --limit 2 -i tests/golden/churn/recording
	[[ $output == *"(8 more; --limit shows them)"* ]]
	[[ $(ports -o json --remote 127.0.0.2 -i tests/golden/churn/recording |
		jq -c '[.budgets[].remote_addr] | unique') == '["127.0.0.2"]' ]]
	run ports --port 1 -i tests/golden/churn/recording
	[[ $status == 0 && $output == *"No outgoing TCP connection that the filters let through"* ]]
}

@test "what it cannot do it says in one sentence" {
	run ports -o csv -i tests/golden/churn/recording
	[[ $status == 2 && $output == *"'csv'"* ]]
	run ports -i /nonexistent
	[[ $status == 1 && $output == *"'/nonexistent'"* ]]
}
