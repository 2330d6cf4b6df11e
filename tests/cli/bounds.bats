#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a small recording can make its reader take (docs/record.md): the reader lets 8 MiB and
# 512 times a file's bytes out of it, and that much, of whatever it tells, fits into the memory.

bats_require_minimum_version 1.5.0

LEAST=$((8 << 20))
# of a file of 10 KiB
MOST=$((LEAST + 512 * 10240))
PEAK=$((96 << 10)) # KiB
SECONDS_AT_MOST=60

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	FILE=$BATS_TEST_TMPDIR/bomb.twr
	HEAD=tests/golden/run/recording
	RECORDS=tests/cli/bounds/records.py
	if ldd "$TWTRACE" | grep -q libasan; then
		skip 'a sanitizer has memory of its own'
	fi
}

# stays_small COMMAND...
stays_small() {
	local peak

	peak=$(timeout "$SECONDS_AT_MOST" /usr/bin/python3 -B "$RECORDS" --peak "$TWTRACE" "$@" \
		2>"$BATS_TEST_TMPDIR/said") || { echo "$*: $(<"$BATS_TEST_TMPDIR/said")"; return 1; }
	((peak <= PEAK)) || { echo "$*: $peak KiB"; return 1; }
}

@test "records that each tell of something else take bounded memory and time" {
	local kind

	for kind in $(/usr/bin/python3 -B "$RECORDS" --kinds); do
		/usr/bin/python3 -B "$RECORDS" "$kind" "$MOST" "$HEAD" >"$FILE"
		stays_small report -o json "$FILE" || { echo "$kind"; return 1; }
	done
}

@test "pictures, replays and copies take no more" {
	local kind

	for kind in owners stacks; do
		/usr/bin/python3 -B "$RECORDS" "$kind" "$MOST" "$HEAD" >"$FILE"
		stays_small flame -o html -i "$FILE"
		stays_small ports --what-if tcp_tw_reuse=1 -i "$FILE"
		stays_small list -i "$FILE"
		stays_small record "$BATS_TEST_TMPDIR/copy.twr" --anonymize -i "$FILE"
	done
}

@test "a small file that becomes a large one is read no further than recordings go" {
	/usr/bin/python3 -B "$RECORDS" same $((100 << 20)) "$HEAD" >"$FILE"
	(($(stat -c %s "$FILE") < 30000))
	stays_small report -o json "$FILE"
	grep -Eq 'is damaged after [0-9]+ records, at byte [0-9]+ of the file: it becomes more than 512 times its size' \
		"$BATS_TEST_TMPDIR/said"
	[[ $("$TWTRACE" report -o json "$FILE" 2>/dev/null | jq '.recordings[0].complete') == false ]]
}

@test "zeroes are no records" {
	{
		head -c "$(od -An -tu4 -j12 -N4 "$HEAD" | tr -d ' ')" "$HEAD"
		head -c 1G /dev/zero | zstd -q -c
	} >"$FILE"
	stays_small top -o text -i "$FILE"
	grep -q 'after 0 records, at byte [0-9]* of the file: no record has 0 bytes' \
		"$BATS_TEST_TMPDIR/said"
}
