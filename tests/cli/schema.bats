#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is printed as JSON is what docs/schema says: every golden recording, through every
# JSON output, against its schema.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	# the package's, not one that some other Python may bring
	JSONSCHEMA=/usr/bin/jsonschema
	[[ -x $JSONSCHEMA ]] || skip "needs $JSONSCHEMA (python3-jsonschema)"
}

# agrees SCHEMA FILE: every document in FILE, be it one or a line each
agrees() {
	local work=$BATS_TEST_TMPDIR

	jq -c '{type: "array", minItems: 1, items: .}' "docs/schema/$1.json" >"$work/schema"
	jq -s . "$2" >"$work/instance"
	# a document whose parts are those of other commands names their schemas
	"$JSONSCHEMA" --base-uri "file://$PWD/docs/schema/" -i "$work/instance" "$work/schema"
}

@test "the schemas are schemas" {
	for schema in docs/schema/*.json; do
		jq -e '.["$schema"] and .title' "$schema" >/dev/null
	done
}

@test "every JSON output of every golden recording agrees with its schema" {
	local recording out=$BATS_TEST_TMPDIR/out

	for recording in tests/golden/*/recording; do
		while read -r schema words; do
			# shellcheck disable=SC2086 # words of the table
			case $words in
			report*) "$TWTRACE" $words "$recording" >"$out" ;;
			*) "$TWTRACE" $words -i "$recording" >"$out" ;;
			esac
			agrees "$schema" "$out" || { echo "$words -i $recording"; return 1; }
		done <<-'END'
			trace-line trace -o jsonl
			top top -o json
			top-line top -o jsonl --interval 500ms
			list list -o json
			list list -o json --names
			leaks leaks -o json
			leaks-line leaks -o jsonl
			ports ports -o json
			ports ports -o json --names
			ports-line ports -o jsonl --interval 500ms
			run run -o json
			report report -o json
		END
	done
}

@test "a field that is missing, unknown or of another kind does not pass" {
	local out=$BATS_TEST_TMPDIR/out bad=$BATS_TEST_TMPDIR/bad change

	"$TWTRACE" trace -o jsonl --kind transition -i tests/golden/churn/recording | head -n 1 >"$out"
	agrees trace-line "$out"
	for change in 'del(.cookie)' '.surprise = 1' '.local_port = "80"' '.from = "TIME_WAIT"' '.pid = 0'; do
		jq -c "$change" "$out" >"$bad"
		! agrees trace-line "$bad" 2>/dev/null || { echo "passed: $change"; return 1; }
	done
}

@test "a comparison agrees with its schema, and so it does without a single slice" {
	local out=$BATS_TEST_TMPDIR/out copy=$BATS_TEST_TMPDIR/copy

	cp tests/golden/leaks/recording "$copy"
	for recording in tests/golden/*/recording; do
		"$TWTRACE" report --compare -o json "$copy" "$recording" >"$out"
		agrees compare "$out" || { echo "$recording"; return 1; }
	done
}
