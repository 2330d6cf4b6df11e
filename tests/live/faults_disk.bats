#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Disks that are full, and outputs that are closed: a sentence, and what was written can be read.

bats_require_minimum_version 1.5.0
load lib

setup() {
	live_setup
	probe_trace
	DISK=$BATS_TEST_TMPDIR/disk
	mkdir "$DISK"
	mount -t tmpfs -o size=1M none "$DISK" 2>/dev/null || skip "no tmpfs can be mounted"
}

teardown() {
	live_teardown
	! mountpoint -q "$DISK" || umount "$DISK"
}

fill_disk() {
	dd if=/dev/zero of="$DISK/filler" bs=4k 2>/dev/null || true
}

# ended STATUS: it has ended by itself, with this status
ended() {
	wait_until gone "$TWTRACE_PID"
	STATUS=0
	wait "$TWTRACE_PID" || STATUS=$?
	forget "$TWTRACE_PID"
	expect "status" "$STATUS" "$1"
}

gone() {
	[[ ! -e /proc/$1 || $(</proc/"$1"/stat) == *") Z "* ]]
}

@test "a disk that becomes full ends a recording: it is readable up to there" {
	start_here record "$DISK/file"
	for _ in {1..20}; do
		! gone "$TWTRACE_PID" || break
		traffic client_first --count 10000 --hosts 8
	done
	ended 1
	expect "sentences" "$(wc -l <"$ERRORS")" 1
	[[ $(<"$ERRORS") == "twtrace record: cannot write '$DISK/file': No space left on device; it is readable up to there" ]]
	run -0 --separate-stderr "$TWTRACE" top -o json -i "$DISK/file"
	# shellcheck disable=SC2154 # by run --separate-stderr
	(($(jq .totals.opened <<<"$output") > 1000)) && [[ $stderr == *"was cut"* ]]
}

# parts: the flight recorder's files
parts() {
	find "$DISK" -name 'tcp*.twr' -size +0 | sort
}

opened_in() {
	[[ $(parts) ]] && parts | sed 's/^/-i /' | xargs "$TWTRACE" top -o json 2>/dev/null | jq .totals.opened
}

recorded() {
	(($(opened_in) >= $1))
}

@test "a flight recorder on a full disk ends, may be begun in vain, and loses nothing that it had" {
	local before names

	start_here record "$DISK/tcp.twr" --max-size 256K --keep 40
	traffic client_first --count 2000 --hosts 8
	wait_until recorded 4000
	fill_disk
	traffic client_first --count 2000 --hosts 8
	ended 1
	expect "sentences" "$(grep -c 'No space left on device' "$ERRORS")" 1
	before=$(opened_in) names=$(parts | wc -l)
	((before >= 4000))
	# as its unit does every five seconds
	for _ in {1..3}; do
		run -1 --separate-stderr timeout 20 "$TWTRACE" record "$DISK/tcp.twr" --max-size 256K --keep 40 \
			--netns "$(ns_path t)" --for 1h
		# what is there by now may be too much for half of such a file, which is told, too
		[[ $(grep -vc -- '--max-size is too small' <<<"$stderr") == 1 &&
			$stderr == *"No space left on device"* ]]
	done
	expect "opened, in what there is" "$(opened_in)" "$before"
	expect "files" "$(parts | wc -l)" "$names"
	rm "$DISK/filler"
	start_here record "$DISK/tcp.twr" --max-size 256K --keep 40
	traffic client_first --count 50
	stop_twtrace
	expect "opened, and since" "$(opened_in)" $((before + 100))
}

@test "metrics go on where their file has no room, and the file is whole when there is some again" {
	start_here serve --listen none --metrics-file "$DISK/metrics.prom" --interval 1s
	wait_until test -s "$DISK/metrics.prom"
	fill_disk
	traffic client_first --count 10
	wait_until grep -q 'No space left' "$ERRORS"
	# the old one is there, whole, and nothing beside it
	grep -q '^twtrace_' "$DISK/metrics.prom"
	expect "files" "$(find "$DISK" -type f -printf '%f\n' | sort | xargs)" "filler metrics.prom"
	rm "$DISK/filler"
	wait_until grep -q '^twtrace_connections_opened_total.* 10$' "$DISK/metrics.prom"
	stop_twtrace
	expect "sentences" "$(grep -c 'No space left' "$ERRORS")" 1
}

@test "summaries that find no room are told, and the next one is there" {
	start_here flame --interval 1s --write "$DISK/%s.svg"
	fill_disk
	wait_until grep -q 'No space left' "$ERRORS"
	rm "$DISK/filler"
	traffic client_first --count 10
	wait_until has_summary
	stop_twtrace || [[ $STATUS == 1 ]]
	[[ -z $(find "$DISK" -type f ! -name '*.svg') ]]
}

has_summary() {
	[[ $(find "$DISK" -name '*.svg' -size +0) ]]
}

@test "what reads a recording says that its output has no room" {
	local words recording=$ROOT/tests/golden/leaks/recording

	fill_disk
	for words in "top -i" "trace -i" "list -i" "leaks -i" "ports -i" "flame -i" "flame -o svg -i" "doctor -i" \
		report "report --html"; do
		# shellcheck disable=SC2016,SC2086 # for the inner shell; words
		run -1 --separate-stderr bash -c '"${@:2}" >"$1"' _ "$DISK/out" "$TWTRACE" $words "$recording"
		[[ $(wc -l <<<"$stderr") == 1 && $stderr == *"No space left on device" ]] || fail "$words: $stderr"
	done
}

@test "a closed standard descriptor does not become the file that something else is written to" {
	local whole=$BATS_TEST_TMPDIR/whole copy=$BATS_TEST_TMPDIR/copy cut=$BATS_TEST_TMPDIR/cut

	head -c 60000 "$ROOT/tests/golden/leaks/recording" >"$cut"
	run -0 --separate-stderr "$TWTRACE" record "$whole" -i "$cut"
	[[ $stderr == *"was cut"* ]]
	# that sentence would go into it
	run -0 --separate-stderr bash -c '"$@" >&- 2>&-' _ "$TWTRACE" record "$copy" -i "$cut"
	cmp "$whole" "$copy"
	# shellcheck disable=SC2016 # for the inner shell
	# and a command has what it would have without us
	run -0 bash -c '"$1" run --report "$2" -- sh -c "[ ! -e /proc/self/fd/1 ]" >&-' _ "$TWTRACE" "$copy"
}
