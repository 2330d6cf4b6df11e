#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Recordings: whole, cut, damaged, several at once. Needs no privilege.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	RECORDING=tests/golden/churn/recording
}

bytes() {
	stat -c %s "$1"
}

@test "reads the same from a file and from standard input" {
	"$TWTRACE" top -o json -i "$RECORDING" >"$BATS_TEST_TMPDIR/file"
	"$TWTRACE" top -o json -i - <"$RECORDING" >"$BATS_TEST_TMPDIR/stdin"
	cmp "$BATS_TEST_TMPDIR/file" "$BATS_TEST_TMPDIR/stdin"
}

@test "needs no privilege" {
	[[ $(id -u) == 0 ]] || skip "needs root to give it up"
	cp "$RECORDING" "$BATS_TEST_TMPDIR/r"
	chmod 644 "$BATS_TEST_TMPDIR/r"
	run -0 setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all \
		"$TWTRACE" top -i - <"$BATS_TEST_TMPDIR/r"
}

@test "a recording cut anywhere is read up to there, with one sentence, exit 0" {
	local size
	size=$(bytes "$RECORDING")
	for cut in $((size - 1)) $((size / 2)) $((size / 4)); do
		head -c "$cut" "$RECORDING" >"$BATS_TEST_TMPDIR/cut"
		run -0 --separate-stderr "$TWTRACE" top -o json -i "$BATS_TEST_TMPDIR/cut"
		jq -e .totals <<<"$output" >/dev/null
		# shellcheck disable=SC2154 # stderr is set by run --separate-stderr
		[[ $(wc -l <<<"$stderr") == 1 && $stderr == *"was cut"* ]]
	done
}

@test "a recording cut within its head is none" {
	head -c 100 "$RECORDING" >"$BATS_TEST_TMPDIR/cut"
	run -1 "$TWTRACE" top -i "$BATS_TEST_TMPDIR/cut"
	[[ $output == *"'$BATS_TEST_TMPDIR/cut'"* ]]
}

@test "a damaged recording never ends in a crash" {
	local size at
	size=$(bytes "$RECORDING")
	for at in $(seq 8 $((size / 60)) "$size"); do
		cp "$RECORDING" "$BATS_TEST_TMPDIR/bad"
		printf '\xff\x00\xa5' | dd of="$BATS_TEST_TMPDIR/bad" bs=1 seek="$at" conv=notrunc status=none
		run "$TWTRACE" trace -o jsonl -i "$BATS_TEST_TMPDIR/bad"
		((status <= 1)) || { echo "byte $at: status $status"; return 1; }
	done
}

@test "a newer format is refused in words" {
	cp "$RECORDING" "$BATS_TEST_TMPDIR/new"
	printf '\xff' | dd of="$BATS_TEST_TMPDIR/new" bs=1 seek=8 conv=notrunc status=none
	run -1 "$TWTRACE" top -i "$BATS_TEST_TMPDIR/new"
	[[ $output == *newer* ]]
}

# newer COUNT: $BATS_TEST_TMPDIR/newer, the recording with so many records of kind 200 in front.
newer() {
	local head plain=$BATS_TEST_TMPDIR/plain

	head=$(od -An -tu4 -j12 -N4 "$RECORDING")
	tail -c +$((head + 1)) "$RECORDING" | zstd -dcq >"$plain"
	{
		# 16 bytes, and the rest of the head as the first record has it: its time
		for ((i = 0; i < $1; i++)); do
			printf '\x10\x00\xc8'
			head -c 16 "$plain" | tail -c 13
		done
		cat "$plain"
	} | zstd -cq | cat <(head -c "$head" "$RECORDING") - >"$BATS_TEST_TMPDIR/newer"
}

@test "records of a kind that is not known are told, once a file, and change nothing else" {
	local count command words
	local file=$BATS_TEST_TMPDIR/newer

	for count in "1 record of a kind that this version does not know: no figure counts it" \
		"3 records of a kind that this version does not know: no figure counts them"; do
		newer "${count%% *}"
		for command in "top -o json" "trace -o jsonl" "doctor -o json" "record $BATS_TEST_TMPDIR/copy"; do
			read -ra words <<<"$command"
			run -0 --separate-stderr "$TWTRACE" "${words[@]}" -i "$file"
			[[ $stderr == "twtrace ${words[0]}: '$file' has $count, a newer twtrace does" ]]
			[[ $output == "$("$TWTRACE" "${words[@]}" -i "$RECORDING")" ]]
		done
	done
	# that of each is its own
	run -0 --separate-stderr "$TWTRACE" top -i "$file" -i tests/golden/ipv6/recording
	[[ $stderr == "twtrace top: '$file' has 3 records"* && $(wc -l <<<"$stderr") == 1 ]]
	run -0 --separate-stderr "$TWTRACE" report -o json "$file" tests/golden/ipv6/recording
	[[ $(jq -c '[.recordings[].complete]' <<<"$output") == '[false,true]' ]]
}

@test "the same recording twice would count twice: refused" {
	run -1 "$TWTRACE" top -i "$RECORDING" -i "$RECORDING"
	[[ $output == *twice* ]]
}

@test "recordings of two hosts add up" {
	local one two both
	one=$("$TWTRACE" top -o json -i tests/golden/churn/recording | jq .totals.connections)
	cp tests/golden/churn/recording "$BATS_TEST_TMPDIR/other"
	# another boot: byte 32 begins boot_id
	printf 'x' | dd of="$BATS_TEST_TMPDIR/other" bs=1 seek=32 conv=notrunc status=none
	both=$("$TWTRACE" top -o json -i tests/golden/churn/recording -i "$BATS_TEST_TMPDIR/other" |
		jq .totals.connections)
	two=$((one * 2))
	[[ $one -gt 0 && $both == "$two" ]]
}

@test "recordings under different filters keep theirs, in any order" {
	local one two
	one=$("$TWTRACE" top -o json -i tests/golden/churn/recording | jq .totals.opened)
	two=$("$TWTRACE" top -o json -i tests/golden/ipv6/recording | jq .totals.opened)
	for order in "churn ipv6" "ipv6 churn"; do
		read -r first second <<<"$order"
		both=$("$TWTRACE" top -o json -i "tests/golden/$first/recording" \
			-i "tests/golden/$second/recording" | jq .totals.opened)
		[[ $both == $((one + two)) ]]
	done
}

@test "a filter given now narrows the recorded one, and never replaces it" {
	all=$("$TWTRACE" top -o json -i "$RECORDING" | jq .totals.opened)
	wide=$("$TWTRACE" top -o json -i "$RECORDING" --remote 127.0.0.0/8 | jq .totals.opened)
	none=$("$TWTRACE" top -o json -i "$RECORDING" --netns 1 | jq .totals.connections)
	[[ $wide == "$all" && $none == 0 ]]
}

@test "filters work on recordings" {
	all=$("$TWTRACE" top -o json -i "$RECORDING" | jq '.totals.opened')
	port=$("$TWTRACE" top -o json -i "$RECORDING" | jq '[.ports[] | select(.role == "server")][0]')
	some=$("$TWTRACE" top -o json -i "$RECORDING" --local-port "$(jq .port <<<"$port")" | jq '.totals.opened')
	[[ $some == $(jq .opened <<<"$port") && $some -lt $all ]]
	none=$("$TWTRACE" top -o json -i "$RECORDING" --service 'no-such-*' | jq '.totals.opened')
	[[ $none == 0 ]]
}

@test "--kind keeps only these kinds" {
	run -0 "$TWTRACE" trace -o jsonl --kind time_wait_enter -i "$RECORDING"
	kinds=$(jq -r .kind <<<"$output" | sort -u | xargs)
	[[ $kinds == "summary time_wait_enter" ]]
}

@test "--for shows so much of a recording, whatever happened last in it" {
	local whole
	whole=$("$TWTRACE" top -i "$RECORDING" --for 1h | sed -n 's/.*traced for \([0-9.]*\)s .*/\1/p')
	[[ -n $whole ]]
	for asked in 333ms 500ms; do
		run -0 "$TWTRACE" top -i "$RECORDING" --for "$asked"
		[[ $output == *"traced for $asked "* ]]
	done
	# what it does not cover was not traced
	run -0 "$TWTRACE" top -i "$RECORDING" --for 90s
	[[ $output == *"traced for ${whole}s "* ]]
}

@test "a closed standard output ends it quietly" {
	run -0 --separate-stderr bash -c \
		"'$TWTRACE' trace -o jsonl -i '$RECORDING' | head -n 1 >/dev/null; exit \${PIPESTATUS[0]}"
	[[ -z $stderr ]]
}

@test "leaks --fail: status 4 when something leaks, and only then" {
	run "$TWTRACE" leaks -i tests/golden/leaks/recording --fail
	[[ $status == 4 && $output == *"LEAK     lk-closewait: "* ]]
	run "$TWTRACE" leaks -i tests/golden/leaks/recording
	[[ $status == 0 ]]
	run "$TWTRACE" leaks -i tests/golden/leaks/recording --fail --service 'peer-*'
	[[ $status == 0 && $output == *"WATCH    peer-growth: "* ]]
	run "$TWTRACE" leaks -i tests/golden/churn/recording --fail
	[[ $status == 0 && $output == *"nothing leaks so far"* ]]
	run "$TWTRACE" leaks -i tests/golden/churn/recording --service nobody
	[[ $status == 0 && $output == *"no connection has matched the filters so far"* ]]
}
