#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What /metrics would say of recordings, judged by promtool and by a parser of OpenMetrics; the
# table of docs/metrics.md. Needs no privilege.

bats_require_minimum_version 1.5.0

PYTHON=/usr/bin/python3 # Debian's, which has the parser

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	METRICS=$(realpath "${BUILD:-build}/tests/metrics")
	work=$BATS_TEST_TMPDIR
}

need_parser() {
	"$PYTHON" -c 'import prometheus_client' 2>/dev/null || skip "needs python3-prometheus-client"
}

# check ARGS...: what is wrong, by check.py.
check() {
	"$PYTHON" -B tests/cli/metrics/check.py "$@"
}

# expositions: of every golden recording, in $work/NAME.text.
expositions() {
	local recording name

	for recording in tests/golden/*/recording; do
		name=${recording%/recording}
		"$METRICS" text "$recording" >"$work/${name##*/}.text" || return
	done
}

# values FILE NAME: the sum over all its series.
values() {
	awk -v name="$2" '{ split($1, part, "{") } part[1] == name { sum += $NF } END { print sum + 0 }' "$1"
}

@test "promtool finds nothing to better in the metrics of any recording" {
	command -v promtool >/dev/null || skip "needs promtool (prometheus)"
	expositions
	for text in "$work"/*.text; do
		run -0 promtool check metrics <"$text"
		[[ -z $output ]] || { echo "$text: $output" && return 1; }
	done
}

@test "both formats are read by a strict parser, and tell the same" {
	need_parser
	for recording in tests/golden/*/recording; do
		"$METRICS" text "$recording" >"$work/text"
		"$METRICS" openmetrics "$recording" >"$work/openmetrics"
		check same "$work/text" "$work/openmetrics"
	done
}

@test "the totals are those of top, whatever was scraped before" {
	local recording times

	for recording in tests/golden/{churn,endings,leaks,overload,resets}/recording; do
		"${TWTRACE:-build/twtrace}" top -o json -i "$recording" >"$work/top"
		for times in 0 1 7 100; do
			"$METRICS" text "$recording" "$times" >"$work/text"
			for pair in connections_opened:opened connections_closed:closed \
				connections_closed_first:closed_first connections_failed:failed \
				connections_reset:resets time_wait_entered:time_wait_entered \
				time_wait_refused:time_wait_refused; do
				is=$(values "$work/text" "twtrace_${pair%:*}_total")
				must=$(jq ".totals.${pair#*:}" "$work/top")
				[[ $is == "$must" ]] || { echo "$recording: $pair: $is, not $must" && return 1; }
			done
			is=$(values "$work/text" twtrace_remote_connections_opened_total)
			[[ $is == "$(jq .totals.opened "$work/top")" ]]
			is=$(values "$work/text" twtrace_time_wait)
			[[ $is == "$(jq '.totals | .time_wait + .fin_wait2_orphans' "$work/top")" ]]
			is=$(values "$work/text" twtrace_connections)
			[[ $is == "$(jq .totals.open "$work/top")" ]]
		done
	done
}

@test "no counter decreases while rows are folded and owners become known" {
	local recording rows

	for recording in tests/golden/{churn,endings,leaks,owners,overload}/recording; do
		for rows in 0 1 3; do
			"$METRICS" each "$recording" 100 "$rows" >"$work/each"
			check steady "$work/each"
			"$METRICS" text "$recording" 100 "$rows" >"$work/text"
			[[ $(values "$work/text" twtrace_connections_opened_total) == \
				$(values "$work/text" twtrace_remote_connections_opened_total) ]]
		done
	done
	grep -q '^twtrace_rows_folded_total{table="pairs"} [1-9]' "$work/text"
}

@test "no pid and no ephemeral port is a label" {
	expositions
	run -1 grep -E '[{,](pid|comm|local_port|cookie)="' "$work"/*.text
	"${TWTRACE:-build/twtrace}" top -o json -i tests/golden/churn/recording >"$work/top"
	diff <(grep -o '^twtrace_connections_opened_total{.*port="[0-9]*"' "$work/churn.text" |
		sed 's/.*port="\([0-9]*\)"/\1/' | sort -nu) \
		<(jq '.pairs[].port' "$work/top" | sort -nu)
}

@test "docs/metrics.md has every metric with its type and labels, and no other" {
	expositions
	check docs docs/metrics.md "$work"/*.text
}

@test "the checks find what is wrong" {
	need_parser
	expositions
	grep -v 'twtrace_time_wait_held' docs/metrics.md >"$work/docs.md"
	run check docs "$work/docs.md" "$work"/*.text
	[[ $status == 1 && $output == *'does not have twtrace_time_wait_held_seconds_total'* ]]
	sed 's/| service, port, role, state |/| service, port, role |/' docs/metrics.md >"$work/docs.md"
	run check docs "$work/docs.md" "$work"/*.text
	[[ $status == 1 && $output == *"twtrace_connections has the labels"* ]]
	sed 's/twtrace_time_wait{/twtrace_time_weight{/' contrib/grafana/twtrace.json >"$work/dash.json"
	run check queries docs/metrics.md "$work/dash.json"
	[[ $status == 1 && $output == *'there is no twtrace_time_weight'* ]]
	sed 's/by (remote)/by (service)/' contrib/grafana/twtrace.json >"$work/dash.json"
	run check queries docs/metrics.md "$work/dash.json"
	[[ $status == 1 && $output == *'there is no label service'* ]]
	"$METRICS" text tests/golden/churn/recording >"$work/text"
	"$METRICS" openmetrics tests/golden/churn/recording | sed '$d' >"$work/openmetrics"
	run check same "$work/text" "$work/openmetrics"
	[[ $status != 0 ]]
	printf '# TYPE a_total counter\na_total{b="c"} %d\n' 2 1 >"$work/each"
	run check steady "$work/each"
	[[ $status == 1 && $output == 'a_total{b="c"} was 2.0, and is 1' ]]
}
