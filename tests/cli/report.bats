#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace report` and `report --compare` on recordings. Needs no privilege.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	TWTRACE=$(realpath "${TWTRACE:-build/twtrace}")
	LEAKS=tests/golden/leaks/recording
	CHURN=tests/golden/churn/recording
	work=$BATS_TEST_TMPDIR
}

@test "each part of a report is the document of its own command" {
	local recording

	for recording in tests/golden/{churn,failures,leaks}/recording; do
		"$TWTRACE" report -o json "$recording" >"$work/report"
		diff <(jq .top "$work/report") <("$TWTRACE" top -o json -i "$recording" | jq .)
		diff <(jq .ports "$work/report") <("$TWTRACE" ports -o json -i "$recording" | jq .)
		diff <(jq .leaks "$work/report") <("$TWTRACE" leaks -o json -i "$recording" | jq .)
		diff <(jq .doctor "$work/report") <("$TWTRACE" doctor -o json -i "$recording" | jq 'del(.advice)')
		[[ $(jq '[.open.sockets[] | select(.minisock or .state == "LISTEN")] | length' "$work/report") == 0 ]]
	done
}

@test "several recordings are one story, and each is named" {
	"$TWTRACE" report -o json "$CHURN" tests/golden/failures/recording >"$work/report"
	[[ $(jq -c '[.recordings[].file]' "$work/report") == '["tests/golden/churn/recording","tests/golden/failures/recording"]' ]]
	diff <(jq .top "$work/report") \
		<("$TWTRACE" top -o json -i "$CHURN" -i tests/golden/failures/recording | jq .)
}

@test "the text has its sections, and no table is wider than 120 columns" {
	"$TWTRACE" report "$LEAKS" >"$work/report"
	for heading in Recordings Connections "Open at the end" "Ports and failures" Leaks Findings; do
		grep -q "^$heading" "$work/report"
	done
	[[ $(sed '/^Ports and failures/,/^Leaks/d' "$work/report" | grep -cE '.{121}') == 0 ]]
}

@test "what rests on facts is not judged without them, and that is said" {
	"$TWTRACE" report -o json "$CHURN" >"$work/report"
	jq -e '.doctor | (.missing | startswith("No files of any network namespace are known"))
		and .counters_since == null and (.unjudged | length > 20)
		and (.findings | map(.id) == ["evidence"])' "$work/report"
	"$TWTRACE" report "$CHURN" >"$work/text"
	grep -q '^No files of any network namespace are known' "$work/text"
	grep -q 'counters are unknown$' "$work/text"
	[[ $(grep -c 'Not judged\|Advice' "$work/text") == 0 ]]
}

@test "a finding of the whole is in the report, with its sentence" {
	"$TWTRACE" report -o json tests/golden/failures/recording >"$work/report"
	jq -e '.doctor.findings[0] | .id == "ports_exhausted" and .severity == "problem"' "$work/report"
	"$TWTRACE" report tests/golden/failures/recording | sed -n '/^Findings/,$p' | grep -q '^PROBLEM '
}

@test "what was lost is said below the recordings, and nothing where nothing was" {
	"$TWTRACE" report tests/golden/overload/recording | sed '/^Connections/,$d' >"$work/head"
	grep -qE '^lost events: [1-9][0-9,]*, not told one by one' "$work/head"
	[[ $("$TWTRACE" report "$CHURN" | grep -c 'lost events') == 0 ]]
}

@test "a recording without a record has a report, and says so" {
	head -c 700 "$CHURN" >"$work/empty"
	run --separate-stderr -0 "$TWTRACE" report "$work/empty"
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *"was cut after 0 records"* && $output == *"without any record"* ]]
	run --separate-stderr -0 "$TWTRACE" report -o json "$work/empty"
	[[ $(jq -c '[.recordings[0] | .from, .records, .complete]' <<<"$output") == '[null,0,false]' ]]
}

@test "a recording that was cut is told, and is not complete" {
	head -c 60000 "$LEAKS" >"$work/cut"
	run --separate-stderr "$TWTRACE" report -o json "$work/cut"
	# shellcheck disable=SC2154 # set by run
	[[ $status == 0 && $stderr == *"what comes before is shown"* ]]
	[[ $(jq '.recordings[0].complete' <<<"$output") == false ]]
	run --separate-stderr -0 "$TWTRACE" report --compare -o json "$LEAKS" "$work/cut"
	[[ $(jq -r '.caveats[].what' <<<"$output") == *complete* ]]
}

@test "a copy is within spread in every figure, and nothing differs" {
	cp "$LEAKS" "$work/copy"
	"$TWTRACE" report --compare -o json "$LEAKS" "$work/copy" >"$work/same"
	jq -e '[.figures[] | select(.before.slices >= 7)] | length > 5 and all(.verdict == "within spread")' "$work/same"
	jq -e '.caveats == [] and .settings == [] and .services == [] and .leaks == {gained: [], lost: []}' "$work/same"
}

@test "the other way round the verdicts are the same, and what was gained is lost" {
	"$TWTRACE" report --compare -o json "$LEAKS" "$CHURN" >"$work/one"
	"$TWTRACE" report --compare -o json "$CHURN" "$LEAKS" >"$work/other"
	jq -e '.caveats | any(.what == "length")' "$work/one"
	diff <(jq '[.figures[] | [.name, .before, .after, .verdict]]' "$work/one") \
		<(jq '[.figures[] | [.name, .after, .before, .verdict]]' "$work/other")
	diff <(jq .leaks.lost "$work/one") <(jq .leaks.gained "$work/other")
	jq -e '.figures | all(.verdict == "too short to tell")' "$work/one"
}

@test "a comparison fits 80 columns, with its units, and without colour in a file" {
	local one other

	for one in tests/golden/{leaks,churn,tiers}/recording; do
		for other in tests/golden/{leaks,failures,tiers}/recording; do
			[[ $one == "$other" ]] ||
				"$TWTRACE" report --compare "$one" "$other" >>"$work/text"
		done
	done
	[[ $(grep -cE '.{81}' "$work/text") == 0 && $(grep -c $'\033' "$work/text") == 0 ]]
	grep -qE '^opened +0/s +0\.\.[0-9.]+ +3\.98/s +2\.26\.\.6\.44 +new$' "$work/text"
	grep -qE '^residence_p50 +1m00s +4\.97s\.\.1m01s +- +- +-$' "$work/text"
	grep -qE '^closed_first_share +50% ' "$work/text"
	grep -q '^No figure of the whole has changed\.$' "$work/text"
}

@test "on a terminal what has changed is coloured, unless NO_COLOR is set" {
	local command="'$TWTRACE' report --compare tests/golden/tiers/recording '$LEAKS'"

	script -qec "$command" /dev/null </dev/null >"$work/terminal"
	grep -q $'^\033\[1;33mChanged\033\[0m' "$work/terminal"
	[[ $(grep -c $'\033.*\(Within\|Too short\)' "$work/terminal") == 0 ]]
	NO_COLOR=1 script -qec "$command" /dev/null </dev/null >"$work/terminal"
	[[ $(grep -c $'\033' "$work/terminal") == 0 ]]
}

@test "what can't be compared is refused in a sentence" {
	run -2 "$TWTRACE" report
	[[ $output == *"needs a FILE"* ]]
	run -2 "$TWTRACE" report --compare "$CHURN"
	[[ $output == *"takes two recordings"*"here are 1"* ]]
	run -2 "$TWTRACE" report --compare "$CHURN" "$LEAKS" "$CHURN"
	[[ $output == *"here are 3"* ]]
	run -2 "$TWTRACE" report --compare "$CHURN" "tests/../$CHURN"
	[[ $output == *"'tests/../$CHURN' is '$CHURN'"* ]]
	run -1 "$TWTRACE" report --compare "$CHURN" "$work/nowhere"
	[[ $output == *"cannot read '$work/nowhere'"* ]]
	run -1 "$TWTRACE" report "$CHURN" "$CHURN"
	[[ $output == *"cover the same time of the same boot"* ]]
	head -c 700 "$CHURN" >"$work/empty"
	run -1 "$TWTRACE" report --compare "$CHURN" "$work/empty"
}
