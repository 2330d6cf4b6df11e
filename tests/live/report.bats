#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace report` and `report --compare` on recordings of this host: one load, recorded twice as
# it is, once at double its rate, and once with fewer ports. Each in a namespace that is new, for
# TIME_WAITs pile up.

bats_require_minimum_version 1.5.0

load lib

RATE=100
SECONDS_EACH=8 # seven slices are the least that can tell

setup_file() {
	# namespaces of one name, so that their settings are compared
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
	live_setup
	need_command python3
	probe_trace
	recorded "$(recording base)" "$RATE"
	recorded "$(recording again)" "$RATE"
	recorded "$(recording double)" $((2 * RATE))
	recorded "$(recording narrow)" "$RATE" net.ipv4.ip_local_port_range="40000 40063"
}

setup() {
	live_setup
}

teardown() {
	live_teardown
}

teardown_file() {
	live_teardown
}

# recording NAME: its file
recording() {
	echo "$BATS_FILE_TMPDIR/$1.twr"
}

# recorded FILE RATE [NAME=VALUE]: the load at that rate, with that setting.
recorded() {
	netns_new t
	in_ns t sysctl -qw net.ipv4.tcp_tw_reuse=0 ${3:+"$3"}
	start_here record "$1"
	in_ns t python3 "$LIVE/ports/steady.py" "$2" $(($2 * SECONDS_EACH + $2 / 2)) >"$1.truth" 3>&- </dev/null
	stop_twtrace
	netns_del t
}

# compare BEFORE AFTER: its document is in $DOCUMENT
compare() {
	DOCUMENT=$BATS_TEST_TMPDIR/document
	"$TWTRACE" report --compare -o json "$(recording "$1")" "$(recording "$2")" >"$DOCUMENT"
}

# verdict FIGURE
verdict() {
	jq -r --arg name "$1" '.figures[] | select(.name == $name) | .verdict' "$DOCUMENT"
}

@test "twice the rate is changed, and so is what follows from it" {
	compare base double
	for figure in opened closed time_wait_entered; do
		expect "$figure" "$(verdict "$figure")" changed
		jq -e --arg name "$figure" '.figures[] | select(.name == $name)
			| .change > 0.8 and .change < 1.2' "$DOCUMENT" || fail "$figure: $(<"$DOCUMENT")"
	done
	expect "settings" "$(jq -c .settings "$DOCUMENT")" '[]'
	expect "failed" "$(verdict failed)" "within spread"
	jq -e '.services | any(.service == "python3")' "$DOCUMENT"
}

# Times are the machine's as much as the load's.
@test "the same load twice has no figure that changed, but for times" {
	compare base again
	expect "changed" "$(jq -c '[.figures[] | select(.verdict == "changed" and .unit != "ms") | .name]' "$DOCUMENT")" '[]'
	expect "rates that could tell" "$(jq -c '[.figures[] | select(.name == "opened") | .verdict]' "$DOCUMENT")" \
		'["within spread"]'
	expect "settings" "$(jq -c .settings "$DOCUMENT")" '[]'
}

@test "a setting that differs is listed, and what it does is changed" {
	compare base narrow
	expect "settings" "$(jq -c '.settings | map([.name, .after])' "$DOCUMENT")" \
		'[["net.ipv4.ip_local_port_range","40000 40063"]]'
	for figure in opened failed failed_EADDRNOTAVAIL ports_used_share; do
		expect "$figure" "$(verdict "$figure")" changed
	done
	# a hundred a second find none
	jq -e --argjson rate "$RATE" '.figures[] | select(.name == "failed_EADDRNOTAVAIL")
		| .before.median == 0 and (.after.median - $rate | fabs) < $rate / 5' "$DOCUMENT"
	"$TWTRACE" report --compare "$(recording base)" "$(recording narrow)" |
		grep -q '^  net.ipv4.ip_local_port_range: .* before, 40000 40063 after'
}

@test "a report has the findings of the doctor, from the facts that are in the recording" {
	local document=$BATS_TEST_TMPDIR/report file

	file=$(recording narrow)
	"$TWTRACE" report -o json "$file" >"$document"
	diff <(jq .doctor "$document") <("$TWTRACE" doctor -o json -i "$file" | jq 'del(.advice)')
	expect "what is missing" "$(jq -r .doctor.missing "$document")" null
	expect "counters" "$(jq -r .doctor.counters_since "$document")" window
	expect "the first finding" "$(jq -r '.doctor.findings[0].id' "$document")" ports_exhausted
	expect "failures" "$(jq -r '.doctor.findings[0].evidence[] | select(.what == "connects that found no port") | .value' "$document")" \
		"$(jq .EADDRNOTAVAIL "$file.truth")"
	"$TWTRACE" report "$file" | sed -n '/^Findings/,$p' | grep -q '^PROBLEM '
}
