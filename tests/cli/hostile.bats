#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names that want to be more than names (tests/cli/hostile/names.py), in every place of a
# recording that holds one, through every output: none does anything in it, and each output has
# the shape that harmless names give it (tests/cli/hostile/judge.py). Needs no privilege.

bats_require_minimum_version 1.5.0

PYTHON=/usr/bin/python3 # Debian's, which has the parsers of metrics
# so many that each name is that of a program with connections
RECORDINGS='leaks-0 leaks-1 leaks-2 leaks-3 leaks-4 leaks-5 run-0 run-1'
BY=host,service,process,comm,role,port,remote,netns,state,close,end,stack

# Each recording NAME-ROUND with both kinds of names.
setup_file() {
	local kind name

	cd "$BATS_TEST_DIRNAME/../.." || return
	for kind in hostile harmless; do
		mkdir "$BATS_FILE_TMPDIR/$kind"
		for name in $RECORDINGS; do
			"$PYTHON" -B tests/cli/hostile/names.py "$kind" "${name#*-}" \
				"tests/golden/${name%-*}/recording" "$BATS_FILE_TMPDIR/$kind/$name" || return
		done
	done
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	TWTRACE=$(realpath "${TWTRACE:-build/twtrace}")
	BUILD=$(realpath "${BUILD:-build}")
	work=$BATS_TEST_TMPDIR
	recordings=$BATS_FILE_TMPDIR
}

# outputs COMMAND...: what it makes of every recording (@), in $work/KIND. Messages are an output, too.
outputs() {
	local kind recording

	for kind in "${kinds[@]}"; do
		mkdir -p "$work/said" "$work/$kind"
		for recording in "$recordings/$kind"/"${only:-}"*; do
			"${@//@/$recording}" >"$work/$kind/${recording##*/}" 2>"$work/said/$kind-${recording##*/}" ||
				{ echo "$* of $recording: status $?" && cat -v "$work/said/$kind-${recording##*/}" && return 1; }
		done
	done
}

# judged FORMAT: nothing is wrong with any of them.
judged() {
	"$PYTHON" -B tests/cli/hostile/judge.py "$1" "$work/hostile" "$work/${kinds[-1]}" text "$work/said" "$work/said"
}

# each_of FORMAT COMMAND...: the command's output in that format does nothing.
each_of() {
	local kinds=(hostile harmless)

	# what is text, or was read by a parser, has no other shape
	[[ $1 != @(text|json|jsonl) ]] || kinds=(hostile)
	rm -rf "${work:?}"/{said,hostile,harmless}
	outputs "${@:2}"
	judged "$1" || { echo "$*" && return 1; }
}

@test "text" {
	local command

	for command in top trace list leaks ports doctor; do
		each_of text "$TWTRACE" "$command" -i @
	done
	each_of text "$TWTRACE" report @
	each_of text "$TWTRACE" doctor --sysctl-conf -i @
	each_of text "$TWTRACE" report --compare tests/golden/churn/recording @
	only=run- each_of text "$TWTRACE" run -i @
}

@test "what doctor would have a shell do is what it says" {
	local command kinds=(hostile)

	outputs "$TWTRACE" doctor -o json -i @
	jq -r '.. | .command? | strings' "$work"/hostile/* >"$work/commands"
	[[ -s $work/commands ]]
	while read -r command; do
		[[ $command =~ ^((nsenter -n -t \"\$\(lsns -nt net -o NS,PID \| awk \'\$1 == [0-9]+ \{print \$2\}\'\)\" )?sysctl -w [a-z0-9_.]+=\'[-0-9, $'\t']*\'( && )?)+$ ]] ||
			{ echo "$command" && return 1; }
	done <"$work/commands"
}

@test "JSON, as a document and a line each" {
	local command

	for command in top list leaks ports doctor; do
		each_of json "$TWTRACE" "$command" -o json -i @
	done
	each_of json "$TWTRACE" report -o json @
	each_of json "$TWTRACE" report -o json --compare tests/golden/churn/recording @
	only=run- each_of json "$TWTRACE" run -o json -i @
	for command in top trace leaks ports; do
		each_of jsonl "$TWTRACE" "$command" -o jsonl -i @
	done
}

@test "CSV" {
	each_of csv "$TWTRACE" trace -o csv -i @
}

@test "HTML" {
	each_of html "$TWTRACE" report --html @
	each_of html "$TWTRACE" flame -o html --fold 0 --by "$BY" -i @
}

@test "SVG" {
	each_of svg "$TWTRACE" flame -o svg --fold 0 --by "$BY" -i @
	command -v xmllint >/dev/null || skip "needs xmllint (libxml2-utils)"
	xmllint --noout --nonet "$work"/hostile/*
}

@test "folded stacks and speedscope" {
	each_of folded "$TWTRACE" flame --fold 0 --by "$BY" -i @
	each_of speedscope "$TWTRACE" flame -o speedscope --fold 0 --by "$BY" -i @
	"$PYTHON" -B tests/cli/hostile/names.py all "$work"/hostile/*
}

@test "pprof" {
	local profile kinds=(hostile)

	command -v go >/dev/null || skip "there is no go; 'make deps' installs it"
	outputs "$TWTRACE" flame -o pprof --fold 0 --by "$BY" -i @
	export PPROF_TMPDIR=$work
	for profile in "$work"/hostile/*; do
		go tool pprof -raw "$profile" >"$work/raw" 2>"$work/said.txt" || { cat "$work/said.txt" && return 1; }
		mv "$work/raw" "$profile"
	done
	judged text
}

@test "Prometheus and OpenMetrics" {
	"$PYTHON" -c 'import prometheus_client' 2>/dev/null || skip "needs python3-prometheus-client"
	each_of prometheus "$BUILD/tests/metrics" text @
	each_of openmetrics "$BUILD/tests/metrics" openmetrics @
}

@test "the full screen" {
	local keys

	for keys in 1 2 3 4 5 6 7 8 9 '3<Down><Enter><Enter>' '5<Enter>' '6<Enter>' '7<Enter>' '8<Up><Enter>' \
		'4<Down><Enter>' '3/x'; do
		only=leaks- each_of text "$BUILD/tests/draw" @ 120x40 "$keys"
	done
	only=leaks- each_of text "$BUILD/tests/draw" -a @ 300x40 3
}

# limited_to TEXT KIND: a recording that says it was made with --service TEXT (tw_recording.h)
limited_to() {
	mkdir -p "$recordings/$2"
	cp "$BATS_FILE_TMPDIR/$2/leaks-0" "$recordings/$2/"
	printf %b "$1" | dd of="$recordings/$2/leaks-0" bs=1 seek=240 conv=notrunc status=none
}

@test "the service that a recording was limited to" {
	recordings=$work/limited
	limited_to '\x1b]52;c;eA==\x07\x1b[31m\n</script><script>x' hostile
	limited_to 'web' harmless
	each_of text "$TWTRACE" report @
	grep -qF 'x1b]52' "$work/hostile/leaks-0"
	each_of json "$TWTRACE" report -o json @
	each_of html "$TWTRACE" report --html @
	grep -qF '1b]52' "$work/hostile/leaks-0"
}

@test "a copy, and one for somebody else's eyes, which holds none of the names" {
	local recording name

	for recording in "$recordings"/hostile/*; do
		name=${recording##*/}
		mkdir -p "$work"/{copied,anonymous}
		"$TWTRACE" record "$work/copied/$name" -i "$recording"
		diff <("$TWTRACE" report -o json "$recording" | jq 'del(.recordings)') \
			<("$TWTRACE" report -o json "$work/copied/$name" | jq 'del(.recordings)')
		"$TWTRACE" record "$work/anonymous/$name" --anonymize -i "$recording"
		"$PYTHON" -B tests/cli/hostile/names.py none "$work/anonymous/$name"
		"$TWTRACE" report "$work/anonymous/$name" >"$work/report"
		[[ -s $work/report ]]
	done
}
