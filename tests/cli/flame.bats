#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace flame` from recordings: its totals are those of `top`, and the tools that people
# open such files with read them. Needs no privilege.

bats_require_minimum_version 1.5.0

setup() {
	TWTRACE=${TWTRACE:-build/twtrace}
	RECORDING=tests/golden/leaks/recording
	cd "$BATS_TEST_DIRNAME/../.." || return
	work=$BATS_TEST_TMPDIR
}

# flame ARGS...: from the recording
flame() {
	"$TWTRACE" flame -i "$RECORDING" "$@"
}

# total FILE [COLUMN]: of folded stacks; mawk's integers end at 2^31
total() {
	awk -v column="${2:-0}" '{ sum += $(NF - column) } END { printf "%.0f\n", sum }' "$1"
}

# flamegraph.pl, of Debian's libdevel-nytprof-perl or of the PATH
find_flamegraph() {
	FLAMEGRAPH=$(command -v flamegraph.pl) || FLAMEGRAPH=/usr/share/perl5/Devel/NYTProf/flamegraph.pl
	[[ -e $FLAMEGRAPH ]] || skip "needs flamegraph.pl (libdevel-nytprof-perl)"
}

@test "every total is that of top, of every golden recording" {
	local recording weight filter

	for recording in tests/golden/*/recording; do
		"$TWTRACE" top -o json -i "$recording" >"$work/top"
		while read -r weight filter; do
			"$TWTRACE" flame --weight "$weight" -i "$recording" >"$work/folded" 2>/dev/null
			jq -e --argjson is "$(total "$work/folded")" "$filter" "$work/top" >/dev/null || {
				echo "$recording: $weight is $(total "$work/folded")"
				jq .totals "$work/top"
				return 1
			}
		done <<-'END'
			connections $is == .totals.connections
			open $is == .totals.open
			time_wait $is == .totals.time_wait + .totals.fin_wait2_orphans
			failures $is == .totals.failed
			time_wait_seconds ($is / 1000 | round) == (.totals.time_wait_held_s * 1000 | round)
		END
	done
}

@test "totals stay the same whatever frames are chosen, folded or filtered" {
	local by

	for by in service host,netns,process,comm,role,local_port,remote,remote_port,state,close,end,stack \
		state everything leaks time_wait failures; do
		flame --by "$by" --weight connections >"$work/all"
		[[ $(total "$work/all") == 232 ]]
		flame --by "$by" --weight connections --fold 20% >"$work/few"
		[[ $(total "$work/few") == 232 ]]
	done
	flame --by service --service 'lk-growth' >"$work/one"
	[[ $(<"$work/one") == "lk-growth 29" ]]
}

@test "the default of a weight, and of a view by name" {
	flame --weight time_wait_seconds >"$work/weight"
	flame --by time_wait >"$work/view"
	cmp "$work/weight" "$work/view"
	flame --by leaks >"$work/view"
	flame --weight open >"$work/weight"
	cmp "$work/weight" "$work/view"
	grep -q '^lk-closewait;lk-closewait\[[0-9]*\];server;:7200;127.0.0.1;CLOSE_WAIT;main' "$work/view"
}

@test "flamegraph.pl reads folded stacks, and none as a differential" {
	find_flamegraph
	flame --by service,remote,port,end >"$work/folded"
	perl "$FLAMEGRAPH" --width 1200 "$work/folded" >"$work/svg" 2>"$work/err"
	grep -q '<title>all (232 samples, 100%)</title>' "$work/svg"
	grep -q '<title>lk-growth (29 samples, 12.50%)</title>' "$work/svg"
	[[ ! -s $work/err ]] || { cat "$work/err"; return 1; }
}

@test "flamegraph.pl reads a comparison as one" {
	find_flamegraph
	flame --by service --diff tests/golden/run/recording >"$work/folded"
	[[ $(total "$work/folded") == 232 && $(total "$work/folded" 1) == 20 ]]
	perl "$FLAMEGRAPH" "$work/folded" >"$work/svg"
	grep -q '<title>all (232 samples, 100%)</title>' "$work/svg"
	grep -qE '<title>lk-growth \(29 samples, [0-9.]+%; \+12.50%\)</title>' "$work/svg"
}

@test "--normalize compares shares, and leaves nothing over" {
	local base=tests/golden/run/recording

	flame --by service,state --diff "$base" --normalize >"$work/folded"
	[[ $(total "$work/folded" 1) == 232 && $(total "$work/folded") == 232 ]]
	# no stack but those of either side
	{ flame --by service,state && "$TWTRACE" flame --by service,state -i "$base"; } |
		sed 's/ [0-9]*$//' | LC_ALL=C sort -u >"$work/stacks"
	sed 's/ [0-9]* [0-9]*$//' "$work/folded" | LC_ALL=C sort >"$work/drawn"
	diff "$work/stacks" "$work/drawn"
}

@test "code that is known on one side only is left out on both, and that is said" {
	flame --by service,stack --diff tests/golden/run/recording >"$work/folded"
	[[ $(grep -c ';' "$work/folded") == 0 ]]
	flame --by service,stack --diff tests/golden/run/recording -o svg >"$work/svg"
	grep -q 'Code is known on one side only' "$work/svg"
}

@test "a recording compared with itself shows no difference" {
	flame --diff "$RECORDING" >"$work/folded"
	awk '$NF != $(NF - 1) { exit 1 }' "$work/folded"
	[[ -s $work/folded ]]
}

@test "the host is the root of several hosts' stacks, not of one's" {
	# its boot and its host stand in its head
	LC_ALL=C sed '1,2s/2be9e4a7/3be9e4a7/; 1,2s/example/web;two/' tests/golden/churn/recording >"$work/other"
	"$TWTRACE" flame --by state -i "$RECORDING" -i "$work/other" >"$work/two"
	[[ $(cut -d ';' -f 1 "$work/two" | sort -u | xargs) == "example web:two" ]]
	grep -q '^web:two;CLOSE ' "$work/two"
	"$TWTRACE" flame --by state -i tests/golden/churn/recording -i tests/golden/failures/recording >"$work/one"
	[[ $(<"$work/one") != *example* ]]
	(($(total "$work/one") == 72 + 30))
}

@test "a summary for each interval adds up to the whole" {
	local file weight sum recording out

	for weight in seconds time_wait_seconds failures; do
		for recording in leaks churn endings failures tiers overload; do
			out=$work/$weight-$recording sum=0
			mkdir "$out"
			recording=tests/golden/$recording/recording
			"$TWTRACE" flame --by state --weight "$weight" --interval 1s -i "$recording" \
				--write "$out/%Y%m%dT%H%M%S.folded" 2>/dev/null
			for file in "$out"/*.folded; do
				sum=$(awk -v sum="$sum" '{ sum += $NF } END { printf "%.0f\n", sum }' "$file")
			done
			"$TWTRACE" flame --by state --weight "$weight" -i "$recording" >"$work/whole" 2>/dev/null
			# each window is rounded to the microsecond; of minisocks that never were, what
			# was told before they were known not to be stays told
			awk -v sum="$sum" -v whole="$(total "$work/whole")" -v all="$recording" 'BEGIN {
				slack = all ~ /failures|tiers/ ? 1e7 : 100
				exit !(sum >= whole - 100 && sum <= whole + slack) }' ||
				{ echo "$weight of $recording: $sum in windows, $(total "$work/whole") in all"; return 1; }
		done
	done
	(($(find "$work/seconds-leaks" -name '*.folded' | wc -l) > 50))
}

@test "windows go into the current folder, and no file is written twice" {
	local out=$work/out

	mkdir "$out"
	TWTRACE=$(realpath "$TWTRACE") RECORDING=$(realpath "$RECORDING")
	cd "$out"
	flame --interval 10s -o speedscope 2>/dev/null
	[[ $(ls) == twtrace-20*T*Z.speedscope.json* ]]
	[[ -z $(compgen -G '*.part') ]]
	flame --interval 10s --write '%Y.txt' 2>/dev/null
	[[ -e 2026.txt && -e 2026_002.txt && -e 2026_003.txt ]]
	rm ./*.txt
	flame --interval 10s --write same.txt 2>/dev/null
	[[ $(ls ./*.txt) == ./same.txt ]]
}

@test "a file that cannot be written is a failure that quotes it" {
	run -1 flame --interval 10s --write "$work/nowhere/x.svg"
	[[ $output == *"cannot write '$work/nowhere/x.svg': No such file or directory"* ]]
	run -1 flame --write /proc/x.svg
	[[ $output == *"/proc/x.svg"* ]]
}

@test "what --for cuts off is no window of its own" {
	"$TWTRACE" flame --by state -i "$RECORDING" --for 6s --interval 2s --write "$work/%s.folded" 2>"$work/err"
	[[ $(find "$work" -name '*.folded' | wc -l) == 3 ]]
	grep -q '^twtrace flame: 3 summaries written' "$work/err"
}

@test "the format is that of the file's name" {
	flame --write "$work/x.svg" 2>/dev/null
	head -c 200 "$work/x.svg" | grep -q '<svg'
	flame --write "$work/x.pb.gz" 2>/dev/null
	gzip -t "$work/x.pb.gz"
	flame -o folded --write "$work/y.svg" 2>/dev/null
	grep -q '^lk-closewait;' "$work/y.svg"
}

@test "a base of any name stays text" {
	local base=$work/$'a\x01b\xff<c>&"d.twr'

	cp tests/golden/run/recording "$base"
	flame -o svg --diff "$base" >"$work/svg"
	flame -o html --diff "$base" >"$work/html"
	iconv -f UTF-8 -t UTF-8 "$work/svg" >/dev/null
	iconv -f UTF-8 -t UTF-8 "$work/html" >/dev/null
	[[ ! $(command -v xmllint) ]] || xmllint --noout "$work/svg"
	grep -qF 'a\x01b\xff&lt;c' "$work/svg"
}

@test "what can't be drawn is refused in words" {
	local words said

	while IFS='|' read -r words said; do
		# shellcheck disable=SC2086 # words of the table
		run -2 flame $words
		[[ $output == *"$said"* ]] || { echo "flame $words: $output"; return 1; }
	done <<-'END'
		--by nothing|there is no frame 'nothing'
		--by service,service|names 'service' twice
		--by service,|there is no frame ''
		--by leaks,service|leaks is a view, and stands alone
		--by state --color service|needs service
		--weight much|'much' is no weight
		--fold much|'much' is no share
		--fold 1|'1' is no share
		--fold 101%|'101%' is more than 100%
		--color red|'red' is neither
		--interval 100ms|'100ms' is too short
		--normalize|there is none
		--push nowhere|'nowhere' is no URL
		--push http://127.0.0.1:1 -o svg|--push sends pprof
		--push-label a=b|there is none
		--push http://127.0.0.1:1 --push-label 9=x|'9=x'
		-o gif|'gif' is no format
	END
	run -1 flame --diff /nowhere
	[[ $output == *"'/nowhere'"* ]]
}

@test "an empty picture is one, and said to be" {
	"$TWTRACE" flame --weight failures -i tests/golden/churn/recording >"$work/out" 2>"$work/err"
	[[ ! -s $work/out && $(<"$work/err") == *"nothing to draw"*"'failures'"* ]]
}

@test "code that is asked for and not known is said to be" {
	"$TWTRACE" flame --by service,stack -i tests/golden/churn/recording 2>"$work/err" >"$work/out"
	[[ $(<"$work/err") == *"no code is drawn"* && $(total "$work/out") == 72 ]]
}

@test "pprof and pictures are not written to a terminal" {
	command -v script >/dev/null || skip "needs script (util-linux)"
	run script -qec "'$TWTRACE' flame -o pprof -i '$RECORDING'" /dev/null
	[[ $output == *"is for a file"* ]]
	run script -qec "'$TWTRACE' flame -o svg -i '$RECORDING'" /dev/null
	[[ $output == *"is for a file"* ]]
	run script -qec "'$TWTRACE' flame -i '$RECORDING'" /dev/null
	[[ $output == *"lk-closewait;"* ]]
}
