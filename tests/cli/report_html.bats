#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace report --html`: what is in the page. What it shows, a browser says (tests/web).

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return
	TWTRACE=$(realpath "${TWTRACE:-build/twtrace}")
	LEAKS=tests/golden/leaks/recording
	work=$BATS_TEST_TMPDIR
}

# element PAGE BEGIN [N]: what stands within the Nth element that begins so, as it is
element() {
	BEGIN=$2 N=${3:-1} perl -0777 -ne '
		my ($begin, $n) = ($ENV{BEGIN}, $ENV{N});
		my ($tag) = $begin =~ /<(\w+)/;
		my @all = m{\Q$begin\E(.*?)</$tag>}gs;
		print $all[$n - 1];' "$1"
}

# documents_of PAGE: what it has to show, as JSON
documents_of() {
	element "$1" '<script type="application/json" id="documents">'
}

digest_of() {
	element "$@" | openssl dgst -sha256 -binary | base64
}

@test "it holds the documents of the commands" {
	local recording

	for recording in tests/golden/{churn,failures,leaks}/recording; do
		"$TWTRACE" report --html "$recording" >"$work/page"
		documents_of "$work/page" >"$work/documents"
		"$TWTRACE" report -o json "$recording" >"$work/report"
		diff <(jq '{recordings, top, ports, leaks, doctor}' "$work/documents") \
			<(jq '{recordings, top, ports, leaks, doctor}' "$work/report")
		diff <(jq .list "$work/documents") <("$TWTRACE" list -o json --limit 1000 -i "$recording" | jq .)
	done
	cmp "$work/page" <("$TWTRACE" report -o html "$recording")
}

@test "the course and the flame agree with their schemas, and with the totals" {
	[[ -x /usr/bin/jsonschema ]] || skip "needs /usr/bin/jsonschema (python3-jsonschema)"
	local recording name

	for recording in tests/golden/*/recording; do
		"$TWTRACE" report --html "$recording" >"$work/page"
		documents_of "$work/page" >"$work/documents"
		for name in history flame; do
			jq ".$name" "$work/documents" >"$work/$name"
			/usr/bin/jsonschema -i "$work/$name" "docs/schema/$name.json"
		done
		jq -e '(.flame.flame.weights | map(.name) | index("connections")) as $at
			| (if $at == null then 0 else [.flame.flame.rows[][$at + 2]] | add // 0 end)
				== .top.totals.connections' "$work/documents"
		jq -e '[.history.points, .history.points[1:]] | transpose
			| map(select(.[1])) | all(.[0][0] < .[1][0])' "$work/documents"
	done
}

@test "several recordings are one page, and each host has its frames" {
	"$TWTRACE" report --html tests/golden/{churn,failures}/recording >"$work/page"
	documents_of "$work/page" | jq -e '(.recordings | length == 2) and .history.points'
}

@test "no name ends the script that holds it" {
	local path="$work/</script><!--<img src=x onerror=alert(1)>"

	mkdir -p "${path%/*}"
	cp "$LEAKS" "$path"
	"$TWTRACE" report --html "$path" >"$work/page"
	documents_of "$work/page" >"$work/documents"
	[[ $(grep -c '<' "$work/documents") == 0 ]]
	[[ $(jq -r '.recordings[0].file' "$work/documents") == "$path" ]]
}

@test "its policy lets nothing run but what is in it" {
	local policy n

	"$TWTRACE" report --html "$LEAKS" >"$work/page"
	policy=$(grep -o 'Content-Security-Policy" content="[^"]*' "$work/page")
	[[ $policy == *"default-src 'none'"* && $policy != *unsafe* && $policy != *connect-src* ]]
	for n in 1 2; do
		[[ $policy == *"'sha256-$(digest_of "$work/page" '<script>' "$n")'"* ]]
	done
	[[ $policy == *"style-src 'sha256-$(digest_of "$work/page" '<style>')'"* ]]
	[[ $(grep -c '<script>' "$work/page") == 2 && $(grep -cE ' style=| on[a-z]+="' "$work/page") == 0 ]]
}

@test "it names no other host, but for the notices of Chart.js, which it keeps" {
	"$TWTRACE" report --html "$LEAKS" >"$work/page"
	grep -q 'Released under the MIT License' "$work/page"
	[[ $(grep -oE 'https?://[^/ "]*' "$work/page" | sort -u) == \
		$'http://www.w3.org\nhttps://github.com\nhttps://www.chartjs.org' ]]
}

@test "it is for a file, and compares nothing" {
	run -2 --separate-stderr "$TWTRACE" report --compare --html "$LEAKS" "$LEAKS"
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *"--compare prints text and JSON"* ]]
	command -v script >/dev/null || skip "needs script (util-linux)"
	run script -qec "'$TWTRACE' report --html '$LEAKS'" /dev/null
	[[ $output == *"is for a file"*">monday.html"* ]]
}

@test "a recording without a record is a page as well" {
	head -c 700 "$LEAKS" >"$work/empty"
	"$TWTRACE" report --html "$work/empty" >"$work/page" 2>/dev/null
	documents_of "$work/page" | jq -e '.history.points == [] and .recordings[0].records == 0 and .top.from == null'
}
