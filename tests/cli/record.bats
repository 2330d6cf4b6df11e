#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `record -i`: copies of recordings, and such for somebody else's eyes. Needs no privilege.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	OUT=$BATS_TEST_TMPDIR/out.twr
}

# plain FILE: the records, as they are behind the head (its size is in its second word).
plain() {
	local head
	head=$(od -An -tu4 -j12 -N4 "$1")
	tail -c +$((head + 1)) "$1" | zstd -dcq
}

# documents FILE: all that is told of it.
documents() {
	local command

	for command in top list leaks ports; do
		"$TWTRACE" "$command" -o json -i "$1" || return
	done
	"$TWTRACE" report -o json "$1" | jq 'del(.recordings)'
}

refuses() {
	run -2 "$TWTRACE" record "${@:2}"
	[[ $output == *"$1"* ]] || { echo "$output"; return 1; }
}

@test "a copy tells what the recording does" {
	local recording

	for recording in tests/golden/*/recording; do
		run -0 "$TWTRACE" record "$OUT" -i "$recording"
		[[ $output == "" ]]
		diff <(documents "$recording") <(documents "$OUT")
		cmp <(plain "$recording") <(plain "$OUT")
	done
}

@test "what was cut is readable to its end again, and told to be cut" {
	head -c 60000 tests/golden/leaks/recording >"$BATS_TEST_TMPDIR/cut"
	run -0 --separate-stderr "$TWTRACE" record "$OUT" -i "$BATS_TEST_TMPDIR/cut"
	# shellcheck disable=SC2154 # stderr is set by run --separate-stderr
	[[ $stderr == *"was cut"* ]]
	plain "$OUT" >/dev/null
}

@test "a recording that lacks nothing but its last checksum is told to be cut" {
	"$TWTRACE" record "$OUT" -i tests/golden/churn/recording
	head -c -2 "$OUT" >"$BATS_TEST_TMPDIR/cut"
	run -0 --separate-stderr "$TWTRACE" top -o json -i "$BATS_TEST_TMPDIR/cut"
	[[ $stderr == *"was cut"* ]]
	[[ $(jq -c .totals <<<"$output") == "$("$TWTRACE" top -o json -i "$OUT" | jq -c .totals)" ]]
}

@test "anonymized, every number of every document is the same, and no name is" {
	local recording names name

	for recording in tests/golden/*/recording; do
		run -0 "$TWTRACE" record "$OUT" --anonymize -i "$recording"
		[[ $output == "" ]]
		diff <(documents "$recording" | jq -c '[.. | numbers] | sort') \
			<(documents "$OUT" | jq -c '[.. | numbers] | sort')
		# of one of its own nothing is left: neither in the head nor in any record
		names=$(documents "$recording" | jq -r '.. | .comm?, .service?, .cgroup?, .host? | strings' |
			sort -u)
		[[ $names ]]
		while read -r name; do
			if [[ $name != / ]] && { head -c 1200 "$OUT" && plain "$OUT"; } | grep -qaF "$name"; then
				echo "$recording: '$name' is in it"
				return 1
			fi
		done <<<"$names"
	done
}

# remotes FILE: but for loopback, which stays.
remotes() {
	"$TWTRACE" top -o json -i "$1" | jq -r '.remotes[].remote_addr | select(startswith("127.") | not)'
}

@test "each time by others, which no address leads back from" {
	local recording=tests/golden/tiers/recording was one two

	was=$(remotes "$recording")
	"$TWTRACE" record "$OUT" --anonymize -i "$recording"
	"$TWTRACE" record "$OUT.2" --anonymize -i "$recording"
	one=$(remotes "$OUT") two=$(remotes "$OUT.2")
	[[ $was == 198.18.7.2 && $one && $one != "$two" && $one != "$was" && $two != "$was" ]]
	[[ $(plain "$OUT" | LC_ALL=C grep -caP '\xc6\x12\x07\x02') == 0 ]]
	plain "$recording" | LC_ALL=C grep -qaP '\xc6\x12\x07\x02'
	# they are of different boots: both can be read at once
	run -0 "$TWTRACE" top -i "$OUT" -i "$OUT.2"
}

@test "several of one boot become one, of two boots they do not" {
	cp tests/golden/churn/recording "$BATS_TEST_TMPDIR/other"
	# another boot: byte 32 begins boot_id
	printf 'x' | dd of="$BATS_TEST_TMPDIR/other" bs=1 seek=32 conv=notrunc status=none
	run -1 "$TWTRACE" record "$OUT" -i tests/golden/churn/recording -i "$BATS_TEST_TMPDIR/other"
	[[ $output == *"'$BATS_TEST_TMPDIR/other' is of another boot"* ]]
}

@test "what does not go together is a usage error" {
	refuses "FILE is the recording to be read" tests/golden/churn/recording -i tests/golden/churn/recording
	refuses "a copy is one file" "$OUT" -i tests/golden/churn/recording --max-size 1M
	refuses "a copy has all" "$OUT" -i tests/golden/churn/recording --port 80
	refuses "--max-size says when" "$OUT" --keep 3
	refuses "would let nothing pass" "$OUT" --anonymize --service 'shop*'
	refuses "'1'" "$OUT" --max-size 1M --keep 1
	refuses "'255K'" "$OUT" --max-size 255K
	refuses "'12x'" "$OUT" --max-size 12x
	run -2 bash -c "'$TWTRACE' record - --max-size 1M | cat; exit \${PIPESTATUS[0]}"
	[[ $output == *"not '-'"* ]]
	[[ ! -e $OUT ]]
}
