#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace doctor` on trees of files and on lines that people paste. Needs no privilege and no
# kernel.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	TREES=tests/cli/doctor
	WORK=$BATS_TEST_TMPDIR
	JSONSCHEMA=/usr/bin/jsonschema
}

# findings ARGS...: "severity id" each
findings() {
	"$TWTRACE" doctor -o json "$@" | jq -r '.findings[] | "\(.severity) \(.id)"'
}

# lines ARGS...: "line setting value verdict meant" each
lines() {
	"$TWTRACE" doctor -o json "$@" |
		jq -r '.lines[] | "\(.line) \(.setting) \(.value) \(.verdict) \(.meant)"'
}

# agrees SCHEMA FILE
agrees() {
	[[ -x $JSONSCHEMA ]] || skip "needs $JSONSCHEMA (python3-jsonschema)"
	"$JSONSCHEMA" -i "$2" "docs/schema/$1.json"
}

@test "a host that is well has no findings, and says what it can't know" {
	run -0 findings --facts "$TREES/well"
	[[ -z $output ]]
	run -0 --separate-stderr "$TWTRACE" doctor --facts "$TREES/well"
	[[ $output == *"nothing is wrong, as far as is known; counters are since boot"* ]]
	[[ $output == *"no connection was traced"* ]]
	[[ $output == *"needs connections that were traced:"* ]]
	# shellcheck disable=SC2154 # stderr is set by run --separate-stderr
	[[ -z $stderr ]]
}

@test "a FIFO or a device in a tree is not opened: what stands there is not known" {
	cp -R "$TREES/after" "$WORK/tree"
	rm "$WORK/tree/proc/net/netstat"
	mkfifo "$WORK/tree/proc/net/netstat"
	ln -sf /dev/zero "$WORK/tree/proc/sys/net/ipv4/tcp_tw_reuse"
	rm -f "$WORK/tree/proc/net/tcp"
	mkfifo "$WORK/tree/proc/net/tcp"
	run -0 timeout 10 "$TWTRACE" doctor -o json --facts "$WORK/tree"
	[[ $(jq -r '.findings[].id' <<<"$output") != *accept_overflow* ]]
}

@test "two trees are a window: counters count in it" {
	run -0 findings --facts "$TREES/before" --facts "$TREES/after"
	[[ $output == "problem time_wait_overflow
warning reuse_without_timestamps
warning fin_timeout_quirk" ]]
	run -0 "$TWTRACE" doctor -o json --facts "$TREES/before" --facts "$TREES/after"
	jq -e '.counters_since == "window" and .evidence == null and .host == null and .from == null
		and .kernel == "6.1.0-18-amd64"
		and (.findings[0].evidence | map({(.what): .value}) | add)
			["TCPTimeWaitOverflow, in the window"] == 250' <<<"$output"
	# since boot it is worth a warning
	run -0 findings --facts "$TREES/after"
	[[ $output == *"warning accept_overflow"* && $output == *"warning time_wait_overflow"* ]]
}

@test "every tip has a verdict and a reason" {
	"$TWTRACE" doctor -o json --facts "$TREES/well" >"$WORK/out"
	while read -r setting verdict; do
		jq -e --arg setting "${setting//_of_/ }" --arg verdict "$verdict" '
			.advice | map(select(.setting == $setting)) | length == 1 and .[0].verdict == $verdict
			and (.[0].reason | length > 20)' "$WORK/out" >/dev/null ||
			{ echo "$setting is not $verdict"; return 1; }
	done <<-'END'
		tcp_tw_recycle gone
		tcp_tw_reuse irrelevant
		tcp_tw_reuse_delay gone
		tcp_fin_timeout false
		tcp_max_tw_buckets false
		tcp_rmem false
		tcp_wmem false
		tcp_syncookies false
		tcp_timestamps dangerous
		tcp_rfc1337 irrelevant
		tcp_max_orphans irrelevant
		somaxconn irrelevant
		tcp_abort_on_overflow dangerous
		ip_local_port_range irrelevant
		ip_local_reserved_ports irrelevant
		nf_conntrack_tcp_timeout_time_wait irrelevant
		SO_REUSEADDR irrelevant
		SO_LINGER dangerous
		UDP false
	END
	jq -e '.advice | map(select(.setting == "TCP version"))[0].verdict == "false"' "$WORK/out"
}

@test "a damaged page, line by line" {
	run -0 lines --facts "$TREES/well" --check "$TREES/page.conf"
	diff <(echo "$output") - <<-'END'
		1 null null null null
		2 net.ipv4.tcp_tw_reuse 1 irrelevant net.ipv4.tcp_tw_reuse = 1
		3 net.ipv4.tcp_tw_recycle 1 gone null
		4 null null null null
		5 net.ipv4.tcp_max_tw_buckets 200000 false net.ipv4.tcp_max_tw_buckets = 200000
		6 net.ipv4.tcp_fin_timeout 30 false net.ipv4.tcp_fin_timeout = 30
		6 net.ipv4.tcp_timestamps 0 dangerous net.ipv4.tcp_timestamps = 0
		7 net.ipv4.tcp_rmem 4096 87380 16777216 false net.ipv4.tcp_rmem = 4096 87380 16777216
		8 net.ipv4.tcp_syncookies 1 irrelevant net.ipv4.tcp_syncookies = 1
		9 net.ipv4.tcp_tw_reuse 7 false null
		10 vm.swappiness 10 null null
		11 null null null null
		12 net.core.somaxconn 65535 irrelevant net.core.somaxconn = 65535
	END
}

@test "the same lines as text and from standard input, and none is lost" {
	local number=0 line

	"$TWTRACE" doctor --facts "$TREES/well" --check - <"$TREES/page.conf" >"$WORK/out"
	while IFS= read -r line || [[ $line ]]; do
		number=$((number + 1))
		grep -qF "$(printf '%4d  %s' "$number" "$line")" "$WORK/out" ||
			{ echo "line $number is not there"; return 1; }
	done <"$TREES/page.conf"
	grep -q 'probably meant: net.ipv4.tcp_timestamps = 0' "$WORK/out"
	[[ $(tail -n 1 "$WORK/out") == "6 of 10 settings are wrong, 1 of them dangerous." ]]
}

@test "--fail ends with status 4 where something is wrong, and with 0 where nothing is" {
	run -0 "$TWTRACE" doctor --fail --facts "$TREES/well"
	run -4 "$TWTRACE" doctor --fail --facts "$TREES/before" --facts "$TREES/after"
	run -0 "$TWTRACE" doctor --facts "$TREES/before" --facts "$TREES/after"
	run -4 "$TWTRACE" doctor --fail --facts "$TREES/well" --check "$TREES/page.conf"
	echo 'net.ipv4.tcp_syncookies = 1' >"$WORK/good"
	run -0 "$TWTRACE" doctor --fail --facts "$TREES/well" --check "$WORK/good"
}

@test "the fragment holds what the evidence supports, and sysctl(8) can read it" {
	run -0 "$TWTRACE" doctor --sysctl-conf --facts "$TREES/before" --facts "$TREES/after"
	[[ $(grep -v '^#' <<<"$output" | grep .) == "net.ipv4.tcp_max_tw_buckets = 16384
net.ipv4.tcp_timestamps = 1
net.ipv4.tcp_fin_timeout = 60" ]]
	# each with its reason and its way back
	[[ $(grep -c '^# Undo: ' <<<"$output") == 3 ]]
	[[ $output == *"# Undo: sysctl -w net.ipv4.tcp_max_tw_buckets='5000'"* ]]
	# nothing but comments, blank lines and settings
	echo "$output" >"$WORK/conf"
	if sysctl --help 2>&1 | grep -q -- --dry-run; then
		sysctl --dry-run -p "$WORK/conf"
	fi
	# what doctor writes, doctor finds nothing wrong with
	run -0 "$TWTRACE" doctor -o json --facts "$TREES/before" --facts "$TREES/after" --check "$WORK/conf"
	jq -e '[.lines[] | select(.verdict == "dangerous" or .meant)] == []' <<<"$output"
	run ! grep -Ev '^$|^#( |$)|^[a-z0-9_]+(\.[a-z0-9_]+)+ = [0-9]+([ ,-][0-9]+)*$' "$WORK/conf"
}

@test "where nothing helps the fragment says so, and what it rests on" {
	run -0 "$TWTRACE" doctor --sysctl-conf --facts "$TREES/well"
	[[ $output == "# twtrace doctor: nothing that a sysctl would help was found.
# These are files: no connection was traced." ]]
}

@test "a range over a listener is dangerous where the files tell of it" {
	local conf='net.ipv4.ip_local_port_range = 15000 64999'

	cp -r "$TREES/well" "$WORK/tree"
	run -0 lines --facts "$WORK/tree" --check - <<<"$conf"
	[[ $output == *" irrelevant "* ]]
	cat >"$WORK/tree/proc/net/tcp" <<-'END'
		  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
		   0: 0100007F:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
		   1: 0100007F:9C40 0100007F:4E20 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 0 0 10 -1
	END
	run -0 lines --facts "$WORK/tree" --check - <<<"$conf"
	[[ $output == *" irrelevant "* ]]
	# 0x4E20 is 20000
	cat >"$WORK/tree/proc/net/tcp6" <<-'END'
		  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
		   0: 00000000000000000000000000000000:4E20 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0 100 0 0 10 0
	END
	run -0 "$TWTRACE" doctor --facts "$WORK/tree" --check - <<<"$conf"
	[[ $output == *"dangerous "*"the lowest is 20000"* ]]
}

@test "what is not judged is said in words" {
	run -0 "$TWTRACE" doctor --facts "$TREES/well"
	[[ $(tr -s ' \n' ' ' <<<"$output") == *"traced: ports exhausted, connects without port, "* ]]
}

@test "bytes that are no text come out as text, from facts and from lines" {
	cp -r "$TREES/before" "$WORK/odd"
	printf '1\033[2J\377\n' >"$WORK/odd/proc/sys/net/ipv4/tcp_tw_reuse"
	printf '131072\377\033]0;x\n' >"$WORK/odd/proc/sys/net/ipv4/tcp_max_tw_buckets"
	printf 'net.ipv4.tcp_tw_reuse = "1\377"\n' >"$WORK/lines"
	for words in "" "-o json" "--check $WORK/lines" "-o json --check $WORK/lines"; do
		# shellcheck disable=SC2086 # words of the list
		"$TWTRACE" doctor --facts "$WORK/odd" $words >"$WORK/out"
		iconv -f UTF-8 -t UTF-8 "$WORK/out" >/dev/null
		run ! grep -q "$(printf '\033')" "$WORK/out"
	done
	grep -qF '1\\xff' "$WORK/out"
}

@test "every document agrees with its schema" {
	for tree in well before after; do
		"$TWTRACE" doctor -o json --facts "$TREES/$tree" >"$WORK/out"
		agrees doctor "$WORK/out"
		"$TWTRACE" doctor -o json --facts "$TREES/$tree" --check "$TREES/page.conf" >"$WORK/out"
		agrees doctor-check "$WORK/out"
	done
	for recording in tests/golden/*/recording; do
		"$TWTRACE" doctor -o json -i "$recording" >"$WORK/out"
		agrees doctor "$WORK/out"
	done
	jq '.findings = [{}]' "$WORK/out" >"$WORK/bad"
	run ! agrees doctor "$WORK/bad"
}

@test "a recording is judged too, also one without facts" {
	run -0 "$TWTRACE" doctor -o json -i tests/golden/leaks/recording
	jq -e '.evidence and (.findings | map(.id) | index("leak")) and
		(.unjudged | map(.rule) | index("range_parity"))' <<<"$output"
	run -4 "$TWTRACE" doctor --fail -i tests/golden/leaks/recording
}

@test "bad input: one sentence that quotes it" {
	local words said

	printf 'net.ipv4\0x = 1\n' >"$WORK/nul"
	head -c 10000000 /dev/zero | tr '\0' '\n' >"$WORK/large"
	while IFS='|' read -r status words said; do
		# shellcheck disable=SC2086 # words of the table
		run -"$status" --separate-stderr "$TWTRACE" doctor ${words//WORK/$WORK}
		[[ -z $output && $(wc -l <<<"$stderr") == 1 && $stderr == *"$said"* ]] ||
			{ echo "$words: $output $stderr"; return 1; }
	done <<-'END'
		1|--facts WORK/nothing|nothing' has no facts
		1|--facts tests/cli/doctor/well --check WORK/nothing|nothing': No such file
		1|--facts tests/cli/doctor/well --check WORK/nul|line 1, byte 9: 0x00 is no text
		1|--facts tests/cli/doctor/well --check WORK/large|more than 256 KiB
		2|--facts a --input b|either or
		2|--facts a --check b --sysctl-conf|either or
		2|--facts a --sysctl-conf -o json|leave out -o json
	END
	run -2 "$TWTRACE" doctor --facts a --facts b --facts c
	run -2 "$TWTRACE" doctor --check a --check b
	run -2 "$TWTRACE" doctor extra
	: >"$WORK/empty"
	run -0 "$TWTRACE" doctor --facts "$TREES/well" --check "$WORK/empty"
	[[ $output == "The file is empty." ]]
}

@test "lines are wrapped at 80 columns, but for commands" {
	run -0 "$TWTRACE" doctor --facts "$TREES/before" --facts "$TREES/after"
	grep -v '^ *\$ ' <<<"$output" >"$WORK/lines"
	[[ $output == *"\$ sysctl -w net.ipv4.tcp_max_tw_buckets='16384'"* ]]
	[[ $output != *$'\033'* ]]
	run ! grep -E '^.{81,}' "$WORK/lines"
}

@test "colours are for a terminal, and not where NO_COLOR is set" {
	command -v script >/dev/null || skip "needs script(1)"
	run -0 script -qec "$TWTRACE doctor --facts $TREES/before --facts $TREES/after" /dev/null
	[[ $output == *$'\033[1;31mPROBLEM'* ]]
	NO_COLOR=1 run -0 script -qec "$TWTRACE doctor --facts $TREES/before --facts $TREES/after" /dev/null
	[[ $output == *PROBLEM* && $output != *$'\033'* ]]
}
