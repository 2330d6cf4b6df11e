#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `ports --what-if` on recordings: what it takes, what it refuses, and its documents.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	RECORDING=tests/golden/churn/recording
	JSONSCHEMA=/usr/bin/jsonschema
}

# refuses SENTENCE SETTING: one line that says so, and exit status 2.
refuses() {
	run -2 --separate-stderr "$TWTRACE" ports -i "$RECORDING" --what-if "$2"
	# shellcheck disable=SC2154 # stderr is set by run --separate-stderr
	[[ -z $output && $stderr == "twtrace ports: --what-if '$2'"*"$1"* ]] || {
		echo "$stderr"
		return 1
	}
}

@test "what is no setting, or has no such value" {
	refuses "there is no 'tw_reuse' to be changed, but these: tcp_tw_reuse, " tw_reuse=1
	refuses "it takes NAME=VALUE" tcp_tw_reuse
	refuses "'3' is out of range: from 0 to 2" net.ipv4.tcp_tw_reuse=3
	refuses "is no range" ip_local_port_range=64999-15000
	refuses "server or client" close_first=them
	refuses "'' is not" keepalive=
}

@test "each golden recording is replayed, as it was to the connection" {
	local recording

	for recording in tests/golden/*/recording; do
		"$TWTRACE" ports -o json -i "$recording" --what-if keepalive=2 >"$BATS_TEST_TMPDIR/out"
		# the same connect() calls in each run, and half of them or more with keep-alive
		jq -e '.what_if == null or (.what_if.total | .observed.connects == .baseline.connects
			and .changed.connects <= .observed.connects
			and .changed.connects * 2 >= .observed.connects)' "$BATS_TEST_TMPDIR/out" ||
			{ echo "$recording"; return 1; }
	done
}

@test "its documents agree with their schemas, and are there when asked for" {
	[[ -x $JSONSCHEMA ]] || skip "needs $JSONSCHEMA (python3-jsonschema)"
	"$TWTRACE" ports -o json -i "$RECORDING" --what-if destinations=2 >"$BATS_TEST_TMPDIR/one"
	jq -e '.what_if.destinations | length > 0' "$BATS_TEST_TMPDIR/one"
	"$JSONSCHEMA" -i "$BATS_TEST_TMPDIR/one" docs/schema/ports.json
	"$TWTRACE" ports -o json -i "$RECORDING" --what-if tcp_rmem=4096 >"$BATS_TEST_TMPDIR/none"
	jq -e '.what_if.settings[0].remark and .what_if.total.changed == null' "$BATS_TEST_TMPDIR/none"
	"$JSONSCHEMA" -i "$BATS_TEST_TMPDIR/none" docs/schema/ports.json
	"$TWTRACE" ports -o jsonl -i "$RECORDING" --what-if destinations=2 >"$BATS_TEST_TMPDIR/lines"
	jq -e -s '.[-1] | .kind == "summary" and .what_if' "$BATS_TEST_TMPDIR/lines"
	jq -e -s 'all(.[:-1][]; has("what_if") | not)' "$BATS_TEST_TMPDIR/lines"
	tail -1 "$BATS_TEST_TMPDIR/lines" >"$BATS_TEST_TMPDIR/last"
	"$JSONSCHEMA" -i "$BATS_TEST_TMPDIR/last" docs/schema/ports-line.json
	"$TWTRACE" ports -o json -i "$RECORDING" | jq -e 'has("what_if") | not'
}

@test "the same recording gives the same replay" {
	local run

	for run in one two; do
		"$TWTRACE" ports -i "$RECORDING" --what-if tcp_tw_reuse=1 >"$BATS_TEST_TMPDIR/$run"
	done
	cmp "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two"
	grep -q '^What if tcp_tw_reuse=1? ' "$BATS_TEST_TMPDIR/one"
}
