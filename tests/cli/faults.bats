#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Commands on recordings while memory runs out: tests/faults/run tries every place in the
# program, here it is some of each command.

bats_require_minimum_version 1.5.0

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${BUILD:-$ROOT/build}
	TWTRACE=${TWTRACE:-$BUILD/twtrace}
	FAULT=$BUILD/tests/fault.so
	[[ -e $FAULT ]] || skip "there is no $FAULT"
	# a sanitizer has its own malloc, and must be first
	! ldd "$TWTRACE" | grep -q libasan || skip "$TWTRACE is built with a sanitizer"
}

@test "memory: without it every command gives what is right, says what is missing, or ends" {
	run "$ROOT/tests/faults/run" --some 10 offline
	echo "$output"
	[[ $status == 0 && $output == *"ok "*"top -o json"* && $output != *FAIL* ]]
}

@test "memory: nor does a comparison lack a figure without a word, whichever allocation fails" {
	run "$ROOT/tests/faults/run" --all "report --compare @endings @halves"
	echo "$output"
	[[ $status == 0 && $output == "ok "* ]]
}

@test "memory: one in so many allocations fails, and sums are still those of their parts, or told" {
	local seed

	for seed in {1..12}; do
		run --separate-stderr env FAULT=alloc:every:400 FAULT_SEED="$seed" LD_PRELOAD="$FAULT" \
			"$TWTRACE" top -i "$ROOT/tests/golden/churn/recording" -o json
		echo "seed $seed: status $status: $stderr"
		[[ $status == 0 || $status == 1 ]]
		[[ $status == 1 || -z $output ]] || jq -e '
			def of(rows): [rows[].opened] | add // 0;
			.loss.no_memory > 0 or
			(.totals.opened == of(.ports) and .totals.opened == of(.services))' <<<"$output"
		[[ $status == 0 || -n $stderr ]]
	done
}

@test "memory: none from the nth on ends it with a sentence, wherever that is" {
	local n

	for n in 1 2 3 5 8 13 21 34 55 89 144 233 377 610 987 1597; do
		run --separate-stderr timeout 20 env FAULT=alloc:from:$n LD_PRELOAD="$FAULT" \
			"$TWTRACE" top -i "$ROOT/tests/golden/endings/recording" -o json
		echo "from $n: status $status: $stderr"
		[[ $status == 1 && -z $output && $stderr == "twtrace"*[Mm]emory* ]]
	done
}

@test "output: a disk that is full at the nth write ends it with a sentence" {
	run --separate-stderr env FAULT=write:nth:1 LD_PRELOAD="$FAULT" \
		"$TWTRACE" top -i "$ROOT/tests/golden/endings/recording" -o json
	[[ $status == 1 && -z $output && $stderr == "twtrace top: cannot write standard output: No space left on device" ]]
	run --separate-stderr env FAULT=write:from:1 LD_PRELOAD="$FAULT" \
		"$TWTRACE" record "$BATS_TEST_TMPDIR/copy" -i "$ROOT/tests/golden/endings/recording"
	[[ $status == 1 && $stderr == "twtrace record: "*"No space left on device"* ]]
}
