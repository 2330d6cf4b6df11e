#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Profiles of pprof, as those who wrote the format read them: by their schema, and with
# go tool pprof. What they are made of is in tests/unit/flame_fixture.h.

bats_require_minimum_version 1.5.0

SCHEMAS=/usr/share/gocode/src/github.com/google/pprof/proto

setup() {
	FLAME=${BUILD:-build}/tests/flame
	profile=$BATS_TEST_TMPDIR/profile.pb.gz
	# go tool pprof puts what it fetches there
	export PPROF_TMPDIR=$BATS_TEST_TMPDIR
}

needs_schema() {
	command -v protoc >/dev/null || skip "there is no protoc; 'make deps' installs it"
	[[ -e $SCHEMAS/profile.proto ]] || skip "there is no $SCHEMAS/profile.proto; 'make deps' installs it"
}

needs_pprof() {
	local said

	command -v go >/dev/null || skip "there is no go; 'make deps' installs it"
	# its help is a failure
	said=$(go tool pprof -h 2>&1) || [[ $said == *pprof\ \<format\>* ]] ||
		skip "go tool pprof does not work: ${said%%$'\n'*}"
}

# decoded [KIND]: by the official schema, as text
decoded() {
	"$FLAME" pprof "$@" | gzip -dc |
		protoc --decode=perftools.profiles.Profile -I "$SCHEMAS" profile.proto
}

# pprof KIND OPTION...: what go tool pprof says of the profile; it warns of nothing else
pprof() {
	"$FLAME" pprof ${1:+"$1"} >"$profile"
	shift
	go tool pprof "$@" "$profile" 2>"$BATS_TEST_TMPDIR/said" || { cat "$BATS_TEST_TMPDIR/said" && return 1; }
	! grep -v '^Main binary filename not available' "$BATS_TEST_TMPDIR/said"
}

@test "it is in gzip, and the same each time" {
	"$FLAME" pprof >"$profile"
	gzip -t <"$profile"
	cmp "$profile" <("$FLAME" pprof)
}

@test "the official schema knows every field" {
	local text
	needs_schema
	text=$(decoded compared)
	# a field that is unknown has no name
	[[ ! $text =~ (^|$'\n')\ *[0-9]+[:\ ] ]]
	for field in sample_type sample location function string_table time_nanos duration_nanos \
		period_type period comment default_sample_type location_id value label num_unit \
		line function_id filename; do
		[[ $text =~ (^|[[:space:]])${field}[:\ ] ]] || { echo "$field is missing" && return 1; }
	done
	[[ $text != *mapping* && $text != *system_name* ]]
	[[ $text == *'time_nanos: 1767225600123456789'* && $text == *'duration_nanos: 60000000000'* ]]
}

@test "names arrive as they are" {
	local text
	needs_schema
	text=$(decoded)
	[[ $text == *'string_table: ""'$'\n'* ]]
	[[ $text == *'string_table: "<script>alert(1)</script>&amp;"'* ]]
	[[ $text == *'string_table: "line\\x0abreak"'* ]]
	[[ $text == *'string_table: "\360\237\230\200 smile"'* ]]
	[[ $text == *'string_table: "\357\277\276 non"'* ]]
	[[ $text == *'string_table: "a;b; c:9"'* ]]
}

@test "ids have no gap and are in order" {
	local text lists
	needs_schema
	text=$(decoded)
	for lists in location function; do
		grep -A 1 "^$lists {" <<<"$text" | sed -n 's/^  id: //p' >"$BATS_TEST_TMPDIR/ids"
		[[ -s $BATS_TEST_TMPDIR/ids ]]
		seq "$(wc -l <"$BATS_TEST_TMPDIR/ids")" | diff - "$BATS_TEST_TMPDIR/ids"
	done
}

@test "go tool pprof: what is counted, when, of which host" {
	needs_pprof
	run -0 pprof '' -raw
	[[ $output == *'Comment: 3 events were lost'* ]]
	[[ $output == *'PeriodType: connections count'$'\n''Period: 1'* ]]
	[[ $output == *'Time: 2026-01-01 00:00:00.123456789'* && $output == *'Duration: 1m0s'* ]]
	[[ $output == *'connections/count open/count time_wait/count seconds/nanoseconds time_wait_seconds/nanoseconds[dflt] failures/count'* ]]
	[[ $output == *'host:[web-1] port:[proxy 443] remote:[line\x0abreak] service:[a;b; c:9] state:[ESTABLISHED]'* ]]
	[[ $output == *'folded_stacks:[3 stacks]'* ]]
	[[ $output == *'handle<T>(int, char*) src/my.cc:42'* ]]
}

@test "go tool pprof: the weight that was asked for comes first" {
	needs_pprof
	run -0 pprof '' -top
	[[ $output == *'Type: time_wait_seconds'* && $output == *'66.67hrs 96.39% 96.39%   66.67hrs 96.39%  handle<T>(int, char*)'* ]]
}

@test "go tool pprof: each of the weights" {
	needs_pprof
	run -0 pprof '' -top -nodefraction=0 -sample_index=connections
	[[ $output == *'7001, 100% of 7001 total'* ]]
	# names that are like C++'s are not taken apart: an address, a tag
	[[ $output == *' 6007 85.80%  2001:db8::1(x)<y>'* && $output == *' 6007 85.80%  <script>alert(1)</script>&amp;'* ]]
	run -0 pprof '' -top -sample_index=open
	[[ $output == *'380, 100% of 380 total'* ]]
	run -0 pprof '' -top -sample_index=seconds
	[[ $output == *'Type: seconds'* && $output == *' total'* ]]
	run -0 pprof '' -top -sample_index=failures
	[[ $output == *'93, 100% of 93 total'* && $output == *' 90 96.77% 96.77%         90 96.77%  SYN_SENT'* ]]
}

@test "go tool pprof: labels choose" {
	needs_pprof
	run -0 pprof '' -top -sample_index=connections -tagfocus=state=CLOSE_WAIT
	[[ $output == *'300, 4.29% of 7001 total'* ]]
}

@test "go tool pprof: where stacks go through" {
	needs_pprof
	run -0 pprof '' -traces -sample_index=connections
	[[ $output == *'4000   handle<T>(int, char*)'$'\n'*' main'$'\n'*' TIME_WAIT'$'\n'* ]]
}

@test "go tool pprof: a comparison is one, with the base as the whole" {
	needs_pprof
	run -0 pprof compared -top -nodefraction=0 -sample_index=connections
	[[ $output == *"compared with yesterday's <file>.tw"* && $output == *' of 2119 total'* ]]
	[[ $output == *' -500 23.60%  gone.service'* && $output == *' 90  4.25%  new.service'* ]]
	[[ $output == *' 2999 '*' handle<T>(int, char*)'* ]]
	run -0 pprof normalized -top -nodefraction=0 -sample_index=connections
	[[ $output == *' of 7001 total'* && $output == *' -1652 23.60%  gone.service'* ]]
}
