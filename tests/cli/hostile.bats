#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Names that want to be more than names (tests/cli/hostile/names.py), in every place of a
# recording that holds one, through every output: none does anything in it, and each output has
# the shape that harmless names give it (tests/cli/hostile/judge.py). And the same of words of the
# command line, of the names of files and of what stands in them. Needs no privilege.

bats_require_minimum_version 1.5.0

PYTHON=/usr/bin/python3 # Debian's, which has the parsers of metrics
RECORDINGS='leaks owners run'
ROUNDS='0 1 2'
BY=host,service,process,comm,role,port,remote,netns,state,close,end,stack

# Each recording NAME-ROUND with both kinds of names.
setup_file() {
	local kind name round

	cd "$BATS_TEST_DIRNAME/../.." || return
	for kind in hostile harmless; do
		mkdir "$BATS_FILE_TMPDIR/$kind"
		for name in $RECORDINGS; do
			for round in $ROUNDS; do
				"$PYTHON" -B tests/cli/hostile/names.py "$kind" "$round" \
					"tests/golden/$name/recording" "$BATS_FILE_TMPDIR/$kind/$name-$round" || return
			done
		done
	done
}

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	TWTRACE=$(realpath "${TWTRACE:-build/twtrace}")
	BUILD=$(realpath "${BUILD:-build}")
	work=$BATS_TEST_TMPDIR
	recordings=$BATS_FILE_TMPDIR
	said_count=0
}

# outputs COMMAND...: what it makes of every recording (@), in $work/hostile and $work/harmless.
# Messages are an output, too.
outputs() {
	local kind recording

	mkdir -p "$work"/{said,hostile,harmless}
	for kind in hostile harmless; do
		for recording in "$recordings/$kind"/"${only:-}"*; do
			"${@//@/$recording}" >"$work/$kind/${recording##*/}" 2>"$work/said/$kind-${recording##*/}" ||
				{ echo "$* of $recording: status $?" && cat -v "$work/said/$kind-${recording##*/}" && return 1; }
		done
	done
}

# judged FORMAT: nothing is wrong with any of them.
judged() {
	"$PYTHON" -B tests/cli/hostile/judge.py "$1" "$work/hostile" "$work/harmless" text "$work/said" "$work/said"
}

# each_of FORMAT COMMAND...: the command's output in that format does nothing.
each_of() {
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
	local command

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
}

@test "pprof" {
	local profile

	command -v go >/dev/null || skip "there is no go; 'make deps' installs it"
	outputs "$TWTRACE" flame -o pprof --fold 0 --by "$BY" -i @
	export PPROF_TMPDIR=$work
	for profile in "$work"/{hostile,harmless}/*; do
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

# says STATUS COMMAND...: it ends so (a pattern). What it says is kept for all_said; with $form set its
# output is of that.
says() {
	local status=0 said=$work/said/${form:-text}

	mkdir -p "$said" "$work/said/messages"
	((said_count++)) || true
	timeout 60 "${@:2}" >"$said/$said_count" 2>"$work/said/messages/$said_count" </dev/null || status=$?
	echo "$said_count: ${*@Q}" >>"$work/commands"
	# shellcheck disable=SC2053 # a pattern
	[[ $status == $1 ]] ||
		{ echo "${*@Q}: status $status" && cat -v "$work/said/messages/$said_count" && return 1; }
	# a name makes no line of its own
	[[ $(wc -l <"$work/said/messages/$said_count") -le 3 ]] ||
		{ cat -v "$work/said/messages/$said_count" && return 1; }
}

# Whatever has been quoted is text.
all_said() {
	local said formats=()

	for said in "$work"/said/*; do
		form=${said##*/}
		formats+=("${form/messages/text}" "$said" "$said")
	done
	"$PYTHON" -B tests/cli/hostile/judge.py "${formats[@]}" || { cat -v "$work/commands" && return 1; }
}

# Names and words of all kinds.
ODD=($'a\e[31mb' $'\e]52;c;eA==\a' $'\xc2\x9b31m' $'\x9b31m' $'\xe2\x80\xaegnp' $'\xff\xfe' $'a\rb\bc'
	$'\xe2\x80\xa8' '%s%n' $'\xe2\x80\x8b' "'" '"' '<script>')

@test "errors quote options as text" {
	local odd option

	for odd in "${ODD[@]}"; do
		for option in port local-port remote for interval limit netns family pid sort kind output; do
			says 2 "$TWTRACE" list "--$option=$odd"$'\e' -i /nowhere
		done
		for option in by color fold weight push push-label push-token-file; do
			says 2 "$TWTRACE" flame "--$option=$odd"$'\e' -i /nowhere
		done
		says 2 "$TWTRACE" ports --what-if "$odd" -i /nowhere
		says 2 "$TWTRACE" serve --listen "$odd"
		says 2 "$TWTRACE" "$odd"
		says 2 "$TWTRACE" top "--$odd"
		says 2 "$TWTRACE" top "--$odd=$odd"
		# of glibc's getopt this is no option and no error
		[[ $odd == $'\xff'* ]] || says 2 "$TWTRACE" top "-$odd"
		says 1 "$TWTRACE" top -i /nowhere/"$odd"
		says 2 "$TWTRACE" record "$work/x" "$odd"
		says 1 "$TWTRACE" report "$odd"
	done
	# a newline begins no message of its own
	says 1 "$TWTRACE" top -i $'/nowhere\ntwtrace top: all is well'
	[[ $(wc -l <"$work/said/messages/$said_count") == 1 ]]
	all_said
}

@test "names of files, of folders and of commands are quoted as text" {
	local odd

	for odd in "${ODD[@]}" $'a\nb'; do
		cp tests/golden/leaks/recording "$work/$odd.twr"
		head -c 60000 tests/golden/leaks/recording >"$work/$odd.cut"
		echo nonsense >"$work/$odd.bad"
		for command in top list leaks ports flame doctor; do
			says 0 "$TWTRACE" "$command" -i "$work/$odd.cut"
		done
		says 1 "$TWTRACE" report "$work/$odd.twr" "$work/$odd.twr"
		form=json says 0 "$TWTRACE" report -o json "$work/$odd.twr"
		form=html says 0 "$TWTRACE" report --html "$work/$odd.twr"
		says 0 "$TWTRACE" report --compare "$work/$odd.twr" "$work/$odd.cut"
		form=html says 0 "$TWTRACE" flame -o html --diff "$work/$odd.cut" -i "$work/$odd.twr"
		form=svg says 0 "$TWTRACE" flame -o svg --diff "$work/$odd.twr" -i "$work/$odd.twr"
		says 0 "$TWTRACE" flame --write "$work/$odd.folded" -i "$work/$odd.twr"
		says 1 "$TWTRACE" flame --write "$work/nowhere/$odd" -i "$work/$odd.twr"
		says 1 "$TWTRACE" record "$work/nowhere/$odd" -i "$work/$odd.twr"
		says 1 "$TWTRACE" top -i "$work/$odd.bad"
		says '[12]' "$TWTRACE" doctor --facts "$work/$odd"
		says 0 "$TWTRACE" doctor --check "$work/$odd.bad"
	done
	all_said
}

@test "doctor shows the lines of files as text" {
	local odd

	for odd in "${ODD[@]}" $'a\tb' '=cmd' '</script>'; do
		printf '%s\n' "net.ipv4.tcp_fin_timeout = $odd" "net.ipv4.$odd = 1" "$odd" "$odd = $odd" \
			"# $odd" "net.ipv4.ip_local_reserved_ports = 80,$odd" >"$work/conf"
		# what is no text is not judged at all
		says '[01]' "$TWTRACE" doctor --check "$work/conf"
		! "$TWTRACE" doctor --check "$work/conf" &>/dev/null ||
			form=json says 0 "$TWTRACE" doctor -o json --check "$work/conf"
		rm -rf "$work/tree"
		cp -r tests/cli/doctor/before "$work/tree"
		for file in osrelease ip_local_port_range ip_local_reserved_ports tcp_mem tcp_fin_timeout somaxconn; do
			find "$work/tree" -name "$file" | while IFS= read -r path; do
				printf '%s\n' "$odd" >"$path"
			done
		done
		says 0 "$TWTRACE" doctor --facts "$work/tree"
		says 0 "$TWTRACE" doctor --sysctl-conf --facts "$work/tree"
		form=json says 0 "$TWTRACE" doctor -o json --facts "$work/tree"
	done
	all_said
}
