#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The soak still works: a short one, of which only what does not depend on the time is judged,
# and its judge, on courses that are known.

# shellcheck source=tests/live/lib.bash
. "$BATS_TEST_DIRNAME/../live/lib.bash"

@test "the judge of the soak finds what grows, and nothing else" {
	[[ -x /usr/bin/python3 ]] || skip "needs /usr/bin/python3"
	/usr/bin/python3 -B "$ROOT/tests/soak/test_judge.py"
}

@test "a soak of 20 s: nothing is lost, every tracer ends as it should" {
	local report=$BATS_TEST_TMPDIR/report status=0

	need_root
	need_command ip
	[[ -x /usr/bin/python3 ]] || skip "needs /usr/bin/python3"
	probe_trace
	TWTRACE=$TWTRACE BUILD=${BUILD:-$ROOT/build} "$ROOT/tests/soak/run" --for 20s --rate 100 \
		-o json >"$report" 3>&- || status=$?
	jq -r '.judgements[] | "\(.verdict): \(.why)"' "$report"
	expect "status" "$status" 0
	expect "failed" "$(jq '[.judgements[] | select(.verdict == "failed")] | length' "$report")" 0
	# what a time so short says nothing of is not judged, all else is
	expect "passed" "$(jq -r '[.judgements[] | select(.verdict == "passed") | .what] | sort | join(", ")' "$report")" \
		"answers, error of the audit of record, error of the audit of serve, error of the audit of top, load, loss of leaks, loss of record, loss of serve, loss of top"
	jq -e '.load.connections > 500 and .load.namespaces > 10 and
		([.tracers[] | select((.samples | length) > 10 and .status == 0)] | length == 5)' "$report"
	[[ -z $(compgen -G '/run/netns/soak*') ]]
}
