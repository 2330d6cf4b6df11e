#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Words of the command line, names of files and what stands in them that want to be more than
# text: whatever is quoted of them, in messages and outputs, is text (tests/cli/hostile/judge.py).
# Needs no privilege.

bats_require_minimum_version 1.5.0

PYTHON=/usr/bin/python3

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	TWTRACE=$(realpath "${TWTRACE:-build/twtrace}")
	work=$BATS_TEST_TMPDIR
	said_count=0
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
printf -v ALL %s "${ODD[@]}"

@test "errors quote options as text" {
	local odd option

	for option in port local-port remote for interval limit netns family pid sort kind output; do
		says 2 "$TWTRACE" list "--$option=$ALL" -i /nowhere
	done
	for option in by color fold weight push push-label push-token-file; do
		says 2 "$TWTRACE" flame "--$option=$ALL" -i /nowhere
	done
	says 2 "$TWTRACE" ports --what-if "$ALL" -i /nowhere
	says 2 "$TWTRACE" serve --listen "$ALL"
	says 2 "$TWTRACE" record "$work/x" "$ALL"
	for odd in "${ODD[@]}"; do
		says 2 "$TWTRACE" "$odd"
		says 2 "$TWTRACE" top "--$odd"
		says 2 "$TWTRACE" top "--$odd=$odd"
		says 2 "$TWTRACE" top "-$odd"
		says 1 "$TWTRACE" top -i /nowhere/"$odd"
	done
	# a newline begins no message of its own
	says 1 "$TWTRACE" top -i $'/nowhere\ntwtrace top: all is well'
	[[ $(wc -l <"$work/said/messages/$said_count") == 1 ]]
	all_said
}

@test "names of files, of folders and of commands are quoted as text" {
	local odd

	for odd in "$ALL" $'a\nb'; do
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

	for odd in $'a\e[31mb' $'\xc2\x9b31m' $'\xe2\x80\xaegnp' $'\xff\xfe' $'a\tb' "'" '</script>'; do
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
