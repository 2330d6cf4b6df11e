#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Processes, scripts, control groups, namespaces and hosts whose names want to be more than names,
# and requests that do: what is said of them is text, in every format (tests/cli/hostile/judge.py).

bats_require_minimum_version 1.5.0

load lib

PYTHON=/usr/bin/python3 # Debian's, which has the parsers of metrics
# shellcheck disable=SC2153 # it is of lib
JUDGE=$ROOT/tests/cli/hostile/judge.py
# An escape for the clipboard; CSI in eight bits, U+202E and no UTF-8; a formula and markup.
ODD=($'\e]52;c;eA==\a' $'=\xc2\x9b\xe2\x80\xae\xff' $'"><script>x;\n{')
SHOWN=('\x1b]52;c;eA==\x07' '=\xc2\x9b\xe2\x80\xae\xff' '"><script>x;\x0a{')

setup() {
	live_setup
	probe_trace
	work=$BATS_TEST_TMPDIR
	CGROUP=
}

teardown() {
	live_teardown
	[[ -z $CGROUP ]] || wait_until rmdir "$CGROUP"
}

# An odd namespace, as the tests' own `t` but for its name.
odd_netns() {
	ns() { printf 'tw%s-%s-%s-\e[31m\xff<x>' "$$" "$BATS_TEST_NUMBER" "$1"; }
	netns_new t
}

# odd_cgroup: CGROUP is one with an odd name; empty where none can be made
odd_cgroup() {
	local root

	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
	[[ $root ]] || return 0
	CGROUP=$root/tw$$-$'\e[31m\xe2\x80\xae<x>".service'
	mkdir "$CGROUP" 2>/dev/null || CGROUP=
}

# start_programs: of each odd name one, in the namespace; the second one's script has an odd name too,
# and the third one's control group
start_programs() {
	local i script=$LIVE/hostile/program.py fifo

	for i in 0 1 2; do
		fifo=$work/program.$i.in
		mkfifo "$fifo"
		[[ $i != 1 ]] || { script=$work/$'\e[31m\xff<x>.py' && cp "$LIVE/hostile/program.py" "$script"; }
		(
			[[ $i != 2 || -z $CGROUP ]] || echo "$BASHPID" >"$CGROUP/cgroup.procs"
			exec ip netns exec "$(ns t)" "$PYTHON" -B "$script" "${ODD[i]}" $((7500 + i)) 20
		) <>"$fifo" >"$work/program.$i" 3>&- &
		PIDS+=("$!")
		WAIT=30 wait_until test -s "$work/program.$i"
	done
}

# records FILE TEXT: the text is in what has been written so far
records() {
	tail -c +$(($(od -An -tu4 -j12 -N4 "$1") + 1)) "$1" | zstd -dcq 2>/dev/null | grep -aF -e "$2" >/dev/null
}

# judged FORMAT FILE...: nothing in them does anything
judged() {
	rm -rf "$work/judged"
	mkdir "$work/judged"
	cp "${@:2}" "$work/judged"
	"$PYTHON" -B "$JUDGE" "$1" "$work/judged" "$work/judged" || { echo "$*" && return 1; }
}

# said FORMAT COMMAND...
said() {
	"${@:2}" >"$work/output" 2>"$work/messages" || { cat -v "$work/messages" && return 1; }
	[[ -s $work/output ]]
	judged "$1" "$work/output" && judged text "$work/messages"
}

@test "names of processes, scripts, control groups and namespaces are text in every format" {
	local i format command from=$work/recording

	odd_netns
	odd_cgroup
	start_here record "$from" --interval 200ms
	start_programs
	WAIT=30 wait_until records "$from" $'\e[31m\xff<x>.py'
	stop_twtrace
	judged text "$ERRORS"
	"$TWTRACE" list -o json -i "$from" >"$work/list"
	for i in 0 1 2; do
		jq -e --arg comm "${SHOWN[i]}" '[.. | .comm? | select(. == $comm)] != []' "$work/list"
	done
	# they are there as they came
	records "$from" $'\e]52;c;eA==\a'
	records "$from" $'-t-\e[31m\xff<x>'
	[[ -z $CGROUP ]] || records "$from" $'\e[31m\xe2\x80\xae<x>".service'
	for command in top trace list leaks ports doctor; do
		said text "$TWTRACE" "$command" -i "$from"
	done
	for command in top list leaks ports doctor; do
		said json "$TWTRACE" "$command" -o json -i "$from"
	done
	said jsonl "$TWTRACE" trace -o jsonl -i "$from"
	said csv "$TWTRACE" trace -o csv -i "$from"
	said html "$TWTRACE" report --html "$from"
	for format in html svg folded; do
		said "$format" "$TWTRACE" flame -o "$format" --by host,service,process,comm,netns,state -i "$from"
	done
}

@test "while it happens, too" {
	odd_netns
	odd_cgroup
	start_here trace -vv
	start_programs
	wait_until grep -qF 'x1b]52;c;eA==' "$EVENTS"
	stop_twtrace
	judged text "$EVENTS" "$ERRORS"
}

top_knows() {
	curl -s "$1/api/v1/top" | grep -F -e "$2" >/dev/null
}

@test "served: metrics, documents, the page, the stream, and what the supervisor hears" {
	need_command curl
	"$PYTHON" -c 'import prometheus_client' 2>/dev/null || skip "needs python3-prometheus-client"
	local url name

	odd_netns
	odd_cgroup
	"$LIVE/notify/supervisor.py" "$work/socket" >"$work/notified" 3>&- &
	PIDS+=("$!")
	wait_until test -s "$work/notified"
	NOTIFY_SOCKET=$work/socket start_here serve --listen 127.0.0.1:0 --interval 200ms -vv
	url=$(sed -n 's/^twtrace serve: listening on //p' "$ERRORS")
	url=${url%/}
	curl -sN "$url/events" >"$work/events" 3>&- &
	PIDS+=("$!")
	start_programs
	wait_until grep -qF 'x1b]52;c;eA==' "$work/events"
	WAIT=20 wait_until top_knows "$url" 'x1b]52;c;eA=='
	judged text "$work/events"
	grep -a '^data: ' "$work/events" | sed 's/^data: //' | head -n -1 >"$work/data"
	judged jsonl "$work/data"
	for name in top list leaks ports doctor history flame; do
		curl -s "$url/api/v1/$name" >"$work/$name"
		judged json "$work/$name"
	done
	curl -s "$url/metrics" >"$work/text"
	judged prometheus "$work/text"
	grep -qF 'x1b]52;c;eA==' "$work/text"
	curl -s -H 'Accept: application/openmetrics-text;version=1.0.0' "$url/metrics" >"$work/openmetrics"
	judged openmetrics "$work/openmetrics"
	stop_twtrace
	judged text "$ERRORS" "$work/notified"
}

@test "requests are answered with text, whatever they ask, and told of in text" {
	need_command curl
	local port path odd requests=()

	start_here serve --listen 127.0.0.1:0 -vv
	port=$(sed -n 's/^twtrace serve: listening on .*:\([0-9]*\).*/\1/p' "$ERRORS")
	for odd in '\033[31m' '%1b[31m' '\302\2331m' '%c2%9b' '%e2%80%ae' '%ff%fe' '\377' '<script>alert(1)</script>' \
		'%3Cscript%3E' '%0d%0aX-Injected:%201' '%00' '..%2f..%2fetc%2fpasswd' '%25s%25n' '"' "'" '%u202e'; do
		for path in "/$odd" "/api/v1/$odd" "/api/v1/list?state=$odd" "/api/v1/list?$odd=1" "/api/v1/top?limit=$odd" \
			"/events?port=$odd" "/api/v1/flame?by=$odd" "/metrics?$odd" "/?$odd"; do
			requests+=("GET ${path//%/%%} HTTP/1.0\r\nHost: localhost\r\n\r\n")
		done
		requests+=("${odd//%/%%} / HTTP/1.0\r\n\r\n" "GET / HTTP/1.0\r\nHost: ${odd//%/%%}\r\n\r\n"
			"GET / HTTP/1.0\r\nHost: localhost\r\nAuthorization: ${odd//%/%%}\r\nAccept: ${odd//%/%%}\r\n\r\n"
			"GET / ${odd//%/%%}\r\n\r\n")
	done
	mkdir "$work/answers"
	for odd in "${!requests[@]}"; do
		# shellcheck disable=SC2059 # the bytes are a format
		printf "${requests[odd]}" | timeout 2 "$LIVE/serve/clients.py" "$port" raw 2>/dev/null |
			tr -d '\r' >"$work/answers/$odd" || true
	done
	# the page has tabs
	grep -LZ '^Content-Type: text/html' "$work"/answers/* >"$work/names"
	xargs -0 cp -t "$(mktemp -d -p "$work" texts.XXX)" <"$work/names"
	"$PYTHON" -B "$JUDGE" text "$work"/texts.* "$work"/texts.*
	run ! grep -rqi '^X-Injected' "$work/answers"
	# no browser takes what is quoted for a page
	for odd in "$work"/texts.*/*; do
		grep -q '<script>alert' "$odd" || continue
		grep -qx 'Content-Type: \(text/plain\|application/json\).*' "$odd"
		grep -qx 'X-Content-Type-Options: nosniff' "$odd"
	done
	stop_twtrace
	judged text "$ERRORS"
}

@test "names of hosts are text" {
	local odd

	unshare -m true 2>/dev/null || skip "no mount namespace can be made here"
	grep -q '^hosts:.*files' /etc/nsswitch.conf || skip "names are not looked up in /etc/hosts here"
	printf '127.0.0.1 a\e]52;c;eA==\a\xff<x>\n' >"$work/hosts"
	for odd in 'text top' 'text list' 'text leaks' 'text ports' 'text report' 'json top -o json' \
		'json list -o json' 'json leaks -o json' 'jsonl trace -o jsonl' 'csv trace -o csv' \
		'html flame -o html --by remote' 'svg flame -o svg --by remote' 'folded flame --by remote'; do
		read -ra odd <<<"$odd"
		[[ ${odd[1]} == report ]] || odd+=(-i)
		# shellcheck disable=SC2016 # the shell within says them
		said "${odd[0]}" unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$work/hosts" \
			"$TWTRACE" "${odd[@]:1:1}" --names "${odd[@]:2}" "$ROOT/tests/golden/leaks/recording"
		[[ ${odd[1]} != @(top|list|flame) ]] || grep -qF 'x1b]52' "$work/output" ||
			{ echo "${odd[*]} has no name" && return 1; }
	done
	# one that is longer than any name may be
	printf '127.0.0.1 a%s\n' "$(printf '\xe6\x97\xa5%.0s' {1..300})" >"$work/hosts"
	# shellcheck disable=SC2016 # the shell within says them
	said text unshare -m sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$work/hosts" \
		"$TWTRACE" top --names -i "$ROOT/tests/golden/leaks/recording"
	grep -q 日日日 "$work/output"
}
