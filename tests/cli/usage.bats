#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command line: what it takes, what it refuses and how it says so. Needs no
# privilege and no kernel.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	BUILD=${BUILD:-build}
}

# refuses STATUS TEXT ARGS...: ends with STATUS, says TEXT on standard error, nothing on standard output
refuses() {
	local status_wanted=$1 text=$2
	shift 2
	run -"$status_wanted" --separate-stderr "$TWTRACE" "$@"
	[[ -z $output ]] || { echo "standard output: $output"; return 1; }
	# shellcheck disable=SC2154 # stderr is set by run --separate-stderr
	[[ $stderr == *"$text"* ]] || { echo "standard error: $stderr"; return 1; }
}

@test "help names every command" {
	run -0 "$TWTRACE" --help
	for command in top trace list doctor record run demo; do
		[[ $output == *$'\n'"  $command"* ]]
	done
}

@test "every command has help of its own" {
	for command in top trace list doctor record run demo; do
		run -0 "$TWTRACE" "$command" --help
		[[ $output == *"Usage: twtrace $command"* ]]
	done
}

@test "help names the formats that the command has" {
	local help
	while read -r command formats; do
		help=$("$TWTRACE" "$command" --help)
		[[ $help == *"--output=FORMAT        text (default), $formats"$'\n'* ]] || { echo "$command"; return 1; }
	done <<-'EOF'
		top json, jsonl
		trace jsonl, csv
		list json
		run json
		doctor json
		demo json, jsonl
	EOF
}

@test "help and version on a full disk: a sentence, exit 1" {
	for words in --help --version "list --help" "top --version" "trace --usage"; do
		# shellcheck disable=SC2086 # words
		run -1 bash -c '"$@" >/dev/full' _ "$TWTRACE" $words
		[[ $output == "twtrace"*": cannot write standard output: No space left on device" ]]
	done
}

@test "the version is printed" {
	run -0 "$TWTRACE" --version
	[[ $output =~ ^twtrace\ [0-9] ]]
}

@test "an option that glibc takes for no error is refused as any other" {
	local odd=$'\xff' words

	for words in "-$odd" "-v$odd" "-${odd}v" "--limit 3 -$odd" "-v -$odd -o json"; do
		# shellcheck disable=SC2086 # words
		refuses 2 "invalid option -- '\\xff'" top $words
	done
	refuses 2 "invalid option -- '\\xff'" run -v "-$odd" ls
	# an argument is none, nor is what belongs to a program
	for words in "-i -$odd" "-i$odd" "--input -$odd" "--inp -$odd" "-- -$odd" "-vi -$odd"; do
		# shellcheck disable=SC2086 # words
		run "$TWTRACE" top $words
		[[ $status != 0 && $output != *invalid* && $output == *"xff'"* ]]
	done
	run "$TWTRACE" run -i /nowhere ls "-$odd"
	[[ $output == *"not both"* ]]
	run -0 "$TWTRACE" top '-?'
	[[ $output == "Usage: "* ]]
}

@test "an unknown command is a usage error that quotes it" {
	refuses 2 "'tpo'" tpo
}

@test "a command with a typing error: the one that was meant is named" {
	local word meant

	while read -r word meant; do
		run -2 --separate-stderr "$TWTRACE" "$word"
		[[ $stderr == "twtrace: no command '$word': did you mean $meant? See twtrace --help" ]]
	done <<-'END'
		dctor doctor
		prots ports
		dempo demo
		recorrd record
		lisst list
		repotr report
	END
	for word in xyz t doc-tor-s toppings; do
		run -2 --separate-stderr "$TWTRACE" "$word"
		[[ $stderr == "twtrace: no command '$word'; see twtrace --help" ]]
	done
}

# options_of PAGE: the options that a manual page explains, a line each
options_of() {
	sed -n '/^[.]Sh OPTIONS/,/^[.]Sh [^O]/s/^[.]It//p' "$1" | grep -oE 'Fl -[a-z-]+' | sed 's/Fl -//'
}

commands() {
	"$TWTRACE" --help | sed -n 's/^  \([a-z]\+\)  .*/\1/p'
}

@test "each command has a manual page, with exactly the options of its help" {
	local command

	[[ $(commands | wc -l) -ge 11 ]]
	for command in $(commands); do
		diff <("$TWTRACE" "$command" --help | sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' | sort) \
			<(options_of "$BUILD/man/twtrace-$command.1" | sort) ||
			{ echo "twtrace-$command.1 and --help differ"; return 1; }
	done
	diff <(commands | sort) <(sed -n 's/^[.]It Xr twtrace-\([a-z]*\) 1$/\1/p' docs/man/twtrace.1 | sort)
}

@test "the manual pages are what man takes without a warning, in 80 columns" {
	local page said pages=("$BUILD"/man/*.1)

	command -v man >/dev/null || skip "needs man"
	[[ ${#pages[@]} -ge 12 ]]
	for page in "${pages[@]}"; do
		said=$(man --warnings -E ascii -l -Tascii -Z "$page" 2>&1 >/dev/null)
		[[ $said == "" ]] || { echo "$page: $said"; return 1; }
		MANWIDTH=80 man -E ascii -l "$page" 2>/dev/null | col -bx >"$BATS_TEST_TMPDIR/page"
		[[ -s $BATS_TEST_TMPDIR/page && $(awk 'length > 80' "$BATS_TEST_TMPDIR/page") == "" ]] ||
			{ echo "$page is too wide"; return 1; }
	done
}

@test "unknown options, missing and left-over arguments are usage errors" {
	refuses 2 "--bogus" top --bogus
	refuses 2 "'extra'" top extra
	[[ $stderr != *"comes first"* ]]
	refuses 2 "unexpected argument 'top'; a command comes first, its options behind it" -v top
	refuses 2 "FILE" record
	refuses 2 "'two'" record one two
	refuses 2 "COMMAND" run --fail
	refuses 2 "'true'" run -i recording true
}

unheard() {
	"$TWTRACE" "$@" 2>&1 >&-
}

@test "standard output that is closed is told, where something was to go there" {
	local recording=tests/golden/churn/recording

	for command in trace top "top -o json" "list -o json"; do
		# shellcheck disable=SC2086 # a command and its options
		run -1 unheard $command -i "$recording"
		[[ $output == "twtrace ${command%% *}: standard output is closed"* ]]
	done
	run -1 unheard --version
	[[ $output == *"cannot write standard output: "* ]]
	run -0 unheard record "$BATS_TEST_TMPDIR/copy" -i "$recording"
	[[ -s $BATS_TEST_TMPDIR/copy ]]
}

@test "list: the states that are asked for" {
	run -0 "$TWTRACE" list -o json --limit 100000 --state time-wait -i tests/golden/churn/recording
	[[ $(jq -r '.sockets[].state' <<<"$output" | sort -u) == TIME_WAIT ]]
	refuses 2 "'CLOSED' is no state; there are: ESTABLISHED, " list --state listen,CLOSED
}

@test "what follows -i without an option is one more recording" {
	one=tests/golden/churn/recording two=tests/golden/leaks/recording
	"$TWTRACE" top -o json -i "$one" -i "$two" >"$BATS_TEST_TMPDIR/each"
	run -0 "$TWTRACE" top -o json -i "$one" "$two"
	[[ $output == "$(<"$BATS_TEST_TMPDIR/each")" ]]
}

@test "durations: junk, no unit, nothing" {
	refuses 2 "'10x'" top --for 10x
	refuses 2 "'10'" top --for 10
	refuses 2 "'10s '" top --for '10s '
	refuses 2 "''" top --for ''
	refuses 2 "'-1s'" top --for=-1s
	refuses 2 "'1ms'" top --interval 1ms
}

@test "ports: over 65535, junk, ranges the wrong way round" {
	refuses 2 "'65536'" top --port 65536
	refuses 2 "'80x'" top --port 80x
	refuses 2 "90-80" top --port 90-80
	refuses 2 "'80,'" top --local-port 80,
}

@test "networks, families, pids, rings, kinds, formats, tiers: what is not one" {
	refuses 2 "'10.0.0.0/33'" top --remote 10.0.0.0/33
	refuses 2 "'example'" top --remote example
	refuses 2 "'5'" top --family 5
	refuses 2 "'0'" top --pid 0
	refuses 2 "'12x'" top --ring 12x
	refuses 2 "'births'" trace --kind transition,births
	refuses 2 "'xml'" top -o xml
	refuses 2 "'csv'" top -o csv
	refuses 2 "'psychic'" top --evidence psychic
	refuses 2 "'size'" list --sort size
	refuses 2 "'/nowhere'" top --netns /nowhere
	refuses 2 "'/etc/passwd'" top --netns /etc/passwd
	refuses 2 "'99'" top --ready-fd 99
	refuses 2 "'nobody-of-that-name'" top --user nobody-of-that-name
	refuses 2 "'4294967295'" serve --user 4294967295
	refuses 2 "'-1'" record x --user -1
}

@test "a value that is refused: the command, the option and the value are named" {
	refuses 2 "twtrace top: --limit '0' is out of range" top --port 80 --limit 0
	refuses 2 "twtrace list: --pid '0' is" list --pid 0
	refuses 2 "twtrace record: --ring 'abc' is" record x --ring abc
	refuses 2 "twtrace top: --ring '7' is" top --ring 7
	refuses 2 "twtrace trace: --port '99999': ports are" trace --port 99999
	refuses 2 "twtrace top: --for '10' has no unit" top --for 10
	refuses 2 "twtrace top: --netns '/etc/passwd' is" top --netns /etc/passwd
	refuses 2 "twtrace top: --output 'csv' is" top -o csv
	refuses 2 "twtrace trace: --kind 'reset_sent,x': " trace --kind reset_sent,x
	refuses 2 "twtrace top: --service '' matches" top --service ''
	refuses 2 "twtrace top: --user '' is no user of this host" top --user ''
	refuses 1 "twtrace top: cannot read '/nowhere/x'" top -i /nowhere/x
}

@test "what reads a recording takes the options of tracing, and needs nobody for them" {
	refuses 1 "'/nowhere/x'" top -i /nowhere/x --user root --no-audit
	[[ $stderr != *CAP_* ]]
}

@test "a recording that is not there, or is none" {
	refuses 1 "'/nowhere/x'" top -i /nowhere/x
	refuses 1 "not a recording" top -i /etc/passwd
	refuses 1 "is empty" trace -i /dev/null
	refuses 1 "'/'" list -i /
}

@test "without privilege: one sentence, exit 3" {
	[[ $(id -u) == 0 ]] || skip "needs root to give it up"
	for command in top trace list; do
		run -3 --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups \
			--bounding-set -all "$TWTRACE" "$command"
		[[ $(wc -l <<<"$stderr") == 1 && $stderr == *root* && -z $output ]]
	done
}

@test "without BTF: one sentence that names it, exit 3" {
	[[ $(id -u) == 0 ]] || skip "needs root"
	unshare -m true 2>/dev/null || skip "needs mount namespaces"
	[[ -e /sys/kernel/btf ]] || skip "this kernel has no /sys/kernel/btf"
	# shellcheck disable=SC2016 # expanded by the inner shell
	run -3 --separate-stderr unshare -m sh -c \
		'mount -t tmpfs none /sys/kernel/btf && exec "$0" top --for 1s' "$TWTRACE"
	[[ $(wc -l <<<"$stderr") == 1 && $stderr == *BTF* ]]
}

# skip_without_tracing: where this kernel, or this user, cannot trace
skip_without_tracing() {
	[[ $(id -u) == 0 ]] || skip "needs root"
	run "$TWTRACE" list --netns 1
	[[ $status == 0 ]] || skip "$output"
}

@test "without the capabilities to enter network namespaces: a warning" {
	skip_without_tracing
	unshare -n true 2>/dev/null || skip "needs network namespaces"
	run -0 --separate-stderr setpriv --reuid=nobody --clear-groups \
		--inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon "$TWTRACE" list
	# one for each thing that is switched off
	[[ $(wc -l <<<"$stderr") == 2 && $stderr == *"twtrace list: services have"*"(CAP_DAC_READ_SEARCH is missing)"* ]]
	[[ $stderr == *"twtrace list: not every network namespace"*"CAP_SYS_ADMIN is missing"*"will be missing" ]]
}

@test "in another pid namespace: the warning says whose to start it in" {
	skip_without_tracing
	unshare -pf --mount-proc true 2>/dev/null || skip "needs pid namespaces"
	run -0 --separate-stderr unshare -pf --mount-proc "$TWTRACE" list
	[[ $stderr == *"not every network namespace"*"in the host's pid namespace (--pid host, hostPID)"* ]]
	run -0 --separate-stderr "$TWTRACE" list
	[[ $stderr != *"pid namespace"* ]]
}

@test "in a user namespace: a sentence, whatever capabilities there are" {
	unshare -Ur true 2>/dev/null || skip "needs user namespaces"
	for more in "" n; do
		run -3 --separate-stderr unshare "-Ur$more" "$TWTRACE" top --for 1s
		[[ $(wc -l <<<"$stderr") == 1 && $stderr == *"within a user namespace"* ]]
	done
}

@test "-v says where the programs are attached, and which tier tells of TIME_WAIT" {
	skip_without_tracing
	run -0 --separate-stderr "$TWTRACE" list -v --evidence inferred
	[[ $stderr == *"twtrace: state changes: tp_btf/inet_sock_set_state, by the programs first_look and second_look"* ]]
	[[ $stderr == *"twtrace: TIME_WAIT: evidence tier 'inferred': "* ]]
	[[ $stderr == *"twtrace: accept(): "* ]]
	[[ $stderr == *$'\n'"twtrace: ready" ]]
}

@test "a tier of evidence that is not to be had: exit 3" {
	refuses 3 "'kprobe'" top --evidence kprobe
}
