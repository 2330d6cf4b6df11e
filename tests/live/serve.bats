#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace serve` as its clients see it: who may ask, what is answered and refused, and that
# clients who behave badly neither disturb tracing nor each other.

bats_require_minimum_version 1.5.0

load lib

setup() {
	live_setup
	probe_trace
	need_command curl
	CLIENTS=$LIVE/serve/clients.py
	HERE=$BATS_TEST_TMPDIR
}

teardown() {
	live_teardown
}

# serve ARGS...: on a free port; URL and PORT are where.
serve() {
	start_here serve --listen 127.0.0.1:0 "$@" || return
	time_wait_stays t
	URL=$(sed -n 's/^twtrace serve: listening on //p' "$ERRORS")
	URL=${URL%/}
	PORT=${URL##*:}
	[[ $PORT ]]
}

# get PATH CURL-ARGS...: the body is in $HERE/body, the headers in $HERE/head, the status in CODE.
get() {
	local path=$1

	shift
	CODE=$(curl -s -m 30 --path-as-is -o "$HERE/body" -D "$HERE/head" -w '%{http_code}' "$@" "$URL$path")
}

# gives STATUS TYPE PATH CURL-ARGS...
gives() {
	local status=$1 type=$2

	shift 2
	get "$@"
	expect "$1" "$CODE" "$status" || { cat "$HERE/body" && return 1; }
	grep -qix "content-type: $type"$'\r' "$HERE/head" || { cat "$HERE/head" && return 1; }
}

# agrees SCHEMA FILE
agrees() {
	[[ -x /usr/bin/jsonschema ]] || return 0
	/usr/bin/jsonschema --base-uri "file://$ROOT/docs/schema/" -i "$2" "$ROOT/docs/schema/$1.json"
}

# counted NAME: a figure of /metrics, a sum where it has labels that are not named
counted() {
	curl -s -m 30 "$URL/metrics" | awk -v name="$1" '
		index($1, name) == 1 && substr($1, length(name) + 1, 1) ~ /^[{]?$/ { sum += $NF }
		END { printf "%d\n", sum }'
}

is_counted() {
	(($(counted "$1") == $2))
}

# raw BYTES: one connection with these (printf's escapes); prints the first line of the answer
raw() {
	# shellcheck disable=SC2059 # the bytes are a format
	printf "$1" | "$CLIENTS" "$PORT" raw | head -n 1 | tr -d '\r'
}

# start_clients NAME ARGS...: clients.py in the background; its output is in $HERE/NAME, what it
# reads comes from $HERE/NAME.in
start_clients() {
	local name=$1

	shift
	mkfifo "$HERE/$name.in"
	"$CLIENTS" "$PORT" "$@" <>"$HERE/$name.in" >"$HERE/$name" 3>&- &
	PIDS+=("$!")
	WAIT=60 wait_until test -s "$HERE/$name"
}

# has_time_waits COUNT: by a query that nobody has asked before, as answers are kept for an interval
has_time_waits() {
	ASKED=$((ASKED + 1))
	get "/api/v1/list?state=TIME_WAIT&limit=$((9000 + ASKED))"
	[[ $CODE == 200 ]] && (($(jq .total "$HERE/body") == $1))
}

@test "every path is answered with its type, and JSON agrees with its schema" {
	serve
	traffic client_first --count 20
	gives 200 'text/html; charset=utf-8' /
	gives 200 'text/plain; charset=utf-8' /healthz
	gives 200 'text/plain; charset=utf-8' /readyz
	gives 200 'text/plain; version=0.0.4; charset=utf-8' /metrics
	gives 200 'application/openmetrics-text; version=1.0.0; charset=utf-8' /metrics \
		-H 'Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3'
	[[ $(tail -n 1 "$HERE/body") == '# EOF' ]]
	gives 200 'text/html; charset=utf-8' /debug/pprof/
	for name in connections time_wait leaks; do
		gives 200 application/octet-stream "/debug/pprof/$name?seconds=10"
		gzip -t <"$HERE/body"
	done
	gives 200 application/json /api/v1
	jq -r '.documents[].path' "$HERE/body" >"$HERE/paths"
	for name in top list leaks ports doctor history flame host; do
		grep -qx "/api/v1/$name" "$HERE/paths"
		gives 200 application/json "/api/v1/$name"
		jq -e 'type == "object"' "$HERE/body" >/dev/null
		case $name in
		doctor)
			jq -c '.properties.doctor' "$ROOT/docs/schema/report.json" >"$HERE/doctor.json"
			/usr/bin/jsonschema --base-uri "file://$ROOT/docs/schema/" -i "$HERE/body" "$HERE/doctor.json"
			;;
		*)
			[[ ! -e $ROOT/docs/schema/$name.json ]] || agrees "$name" "$HERE/body"
			;;
		esac
	done
	# what is asked for without a list is in the list
	while read -r path; do
		get "$path"
		[[ $CODE == 200 ]]
	done <"$HERE/paths"
	stop_twtrace
}

@test "a browser is told to make nothing else of an answer, nor to let others in" {
	serve
	for path in / /metrics /api/v1/top /nothing; do
		get "$path"
		for header in 'X-Content-Type-Options: nosniff' 'X-Frame-Options: DENY' \
			'Referrer-Policy: no-referrer' 'Cross-Origin-Resource-Policy: same-origin'; do
			grep -qix "$header"$'\r' "$HERE/head" || fail "$path lacks $header"
		done
		grep -qi "^content-security-policy: default-src 'none'" "$HERE/head" || fail "$path has no policy"
		! grep -qi '^access-control' "$HERE/head" || fail "$path is open to other pages"
	done
	stop_twtrace
}

@test "what is large is compressed for who takes it so, and is the same" {
	serve --interval 1h
	traffic client_first --count 50 --port 7100
	wait_until has_time_waits 50
	get '/api/v1/list?limit=100' -H 'Accept-Encoding: gzip'
	grep -qix $'content-encoding: gzip\r' "$HERE/head"
	gzip -dc <"$HERE/body" >"$HERE/packed"
	get '/api/v1/list?limit=100'
	run -1 grep -qi '^content-encoding' "$HERE/head"
	cmp "$HERE/body" "$HERE/packed"
	(($(jq '.sockets | length' "$HERE/packed") == 50))
	get '/api/v1/list?limit=100' -H 'Accept-Encoding: gzip;q=0, *;q=0'
	run -1 grep -qi '^content-encoding' "$HERE/head"
	stop_twtrace
}

@test "a document is made once an interval, however many ask" {
	serve --interval 1h
	get /api/v1/top
	cp "$HERE/body" "$HERE/before"
	traffic client_first --count 5
	get /api/v1/top
	cmp "$HERE/body" "$HERE/before"
	# another one was not there yet
	wait_until has_time_waits 5
	get /api/v1/list
	(($(jq .total "$HERE/body") == 5))
	stop_twtrace
	serve --interval 50ms
	get '/api/v1/list?port=7100'
	has_opened 0
	traffic client_first --count 5 --port 7100
	# both are made anew, the one for who asks and the other for who goes on asking
	wait_until has_listed 5
	wait_until has_opened 10
	stop_twtrace
}

@test "who asks for much else has nothing made again that is kept for all" {
	serve --interval 1h
	for path in history top; do
		get "/api/v1/$path"
		expect "$path" "$CODE" 200
		cp "$HERE/body" "$HERE/$path"
	done
	for i in {1..60}; do
		get "/api/v1/list?limit=$i"
		get "/api/v1?$(printf '%*s' "$i" '' | tr ' ' '&')"
		expect "nothing, $i times" "$CODE" 200
	done
	for path in history top; do
		get "/api/v1/$path"
		cmp "$HERE/body" "$HERE/$path"
	done
	# a query that names nothing is none
	get '/api/v1/history?&&'
	cmp "$HERE/body" "$HERE/history"
	stop_twtrace
}

has_listed() {
	get '/api/v1/list?port=7100'
	(($(jq .total "$HERE/body") >= $1))
}

has_opened() {
	get /api/v1/top
	(($(jq .totals.opened "$HERE/body") == $1))
}

@test "sockets are asked for as by the options of list" {
	serve
	traffic client_first --count 8 --port 7100
	wait_until has_time_waits 8
	lists() { # QUERY COUNT
		get "/api/v1/list?$1"
		expect "$1" "$CODE $(jq .total "$HERE/body")" "200 $2"
	}
	lists 'state=TIME_WAIT' 8
	lists 'state=time_wait,established&port=7100' 8
	lists 'state=ESTABLISHED' 0
	lists 'port=7101' 0
	lists 'local_port=1-7099,7101-65535&sort=left' 8
	lists 'remote=127.0.0.0/8&family=4' 8
	lists 'remote=10.0.0.0/8' 0
	lists 'service=no*such' 0
	lists "netns=$(ns_inode t)" 8
	lists 'limit=3' 8
	(($(jq '.sockets | length' "$HERE/body") == 3))
	stop_twtrace
}

@test "a query that makes no sense is refused, quoted and counted" {
	serve
	refused() { # PATH TEXT
		gives 400 'text/plain; charset=utf-8' "$1"
		[[ $(<"$HERE/body") == *"$2"* ]] || fail "$1: $(<"$HERE/body")"
	}
	refused '/api/v1/list?port=70000' "port='70000'"
	refused '/api/v1/list?port=80x' "'80x'"
	refused '/api/v1/list?limit=0' "'0'"
	refused '/api/v1/list?limit=10001' "'10001'"
	refused '/api/v1/list?state=OPEN' "'OPEN' is no state"
	refused '/api/v1/list?netns=/etc/passwd' "'/etc/passwd'"
	refused '/api/v1/list?color=red' "'color' is no parameter of /api/v1/list"
	refused '/api/v1/list?ring=1G' "'ring'"
	refused '/api/v1/list?service=%00' "service"
	refused '/api/v1/list?port=1&port=2' "twice"
	refused '/api/v1/leaks?limit=1' "'limit'"
	refused '/api/v1/top?limit=1%0d%0aX-Evil:1' 'limit'
	refused '/debug/pprof/connections?seconds=soon' "'soon'"
	refused '/events?kind=nothing' "'nothing'"
	refused '/events?sort=age' "'sort'"
	wait_until is_counted 'twtrace_http_refused_total{reason="malformed"}' 15
	wait_until is_counted 'twtrace_http_requests_total{code="400"}' 15
	stop_twtrace
}

@test "what is no request, or none that is answered here, is refused and counted" {
	local long host=$'Host: localhost\r\n'

	serve
	answers() { # LINE BYTES
		expect "$2" "$(raw "$2")" "$1"
	}
	for path in /nothing /api/v1/top/x /api/v2 /metricsx /../etc/passwd /..%2f..%2fetc/passwd \
		/%2e%2e/etc/passwd //metrics /%6detrics /index.html; do
		gives 404 'text/plain; charset=utf-8' "$path"
	done
	wait_until is_counted 'twtrace_http_refused_total{reason="not_found"}' 10
	for method in POST PUT DELETE PATCH OPTIONS BREW; do
		get /metrics -X "$method"
		expect "$method" "$CODE" 405
		grep -qix $'allow: GET, HEAD\r' "$HERE/head"
	done
	get /metrics -d "$(printf '%100000s' x)"
	expect "a body" "$CODE" 405
	wait_until is_counted 'twtrace_http_refused_total{reason="method"}' 7
	get /metrics -I
	expect HEAD "$CODE $(wc -c <"$HERE/body")" "200 $(wc -c <"$HERE/head")"
	grep -qi '^content-length: [1-9]' "$HERE/head"
	long=$(printf '%30000s' x | tr ' ' x)
	answers 'HTTP/1.1 414 URI Too Long' "GET /$long HTTP/1.1\r\n$host\r\n"
	answers 'HTTP/1.1 431 Request Header Fields Too Large' "GET / HTTP/1.1\r\n${host}X: $long\r\n\r\n"
	answers 'HTTP/1.1 413 Content Too Large' "GET / HTTP/1.1\r\n${host}Content-Length: 5\r\n\r\nhello"
	wait_until is_counted 'twtrace_http_refused_total{reason="too_large"}' 3
	answers 'HTTP/1.1 400 Bad Request' "GET /metrics\0x HTTP/1.1\r\n${host}Connection: close\r\n\r\n"
	answers 'HTTP/1.1 400 Bad Request' "GET / HTTP/1.1\r\n\r\n"
	answers 'HTTP/1.1 400 Bad Request' "GET / HTTP/1.1\r\nHost localhost\r\n\r\n"
	answers 'HTTP/1.1 505 HTTP Version Not Supported' "GET / HTTP/9.9\r\n$host\r\n"
	answers '' "GARBAGE\r\n\r\n"
	wait_until is_counted 'twtrace_http_refused_total{reason="malformed"}' 5
	answers 'HTTP/1.1 200 OK' "GET /healthz HTTP/1.0\r\n\r\n"
	answers 'HTTP/1.1 200 OK' "GET http://localhost/healthz HTTP/1.1\r\n${host}Connection: close\r\n\r\n"
	stop_twtrace
}

@test "a page of somebody else's, whose name leads here, is not answered" {
	serve
	for host in localhost "localhost:$PORT" 127.0.0.1 '[::1]:80'; do
		get /metrics -H "Host: $host"
		expect "$host" "$CODE" 200
	done
	for host in evil.example "evil.example:$PORT" localhost.evil.example 10.0.0.1; do
		get /metrics -H "Host: $host"
		expect "$host" "$CODE" 421
	done
	get /healthz -H 'Host: evil.example'
	expect "what tells nothing" "$CODE" 200
	wait_until is_counted 'twtrace_http_refused_total{reason="foreign_host"}' 4
	stop_twtrace
}

@test "with a token only who shows it is answered, and another file counts from then on" {
	local file=$HERE/token

	printf 'opensesame\n' >"$file"
	chmod 600 "$file"
	serve --auth-token-file "$file"
	for path in /metrics /api/v1/top /api/v1 /events /debug/pprof/leaks /nothing; do
		get "$path"
		expect "$path" "$CODE" 401
		grep -qi '^www-authenticate: Bearer' "$HERE/head"
		get "$path" -H 'Authorization: Bearer opensesam'
		expect "$path" "$CODE" 401
	done
	for path in / /healthz /readyz; do
		get "$path"
		expect "$path, which tells nothing" "$CODE" 200
	done
	get /metrics -H 'Authorization: Bearer opensesame' -H 'Host: metrics.example'
	expect "with the token" "$CODE" 200
	grep -q '^twtrace_http_refused_total{reason="unauthorized"} 12$' "$HERE/body"
	printf 'another\n' >"$file.new"
	mv "$file.new" "$file"
	get /metrics -H 'Authorization: Bearer opensesame'
	expect "the old one" "$CODE" 401
	get /metrics -H 'Authorization: Bearer another'
	expect "the new one" "$CODE" 200
	stop_twtrace
}

@test "where others may come in it listens with a token or when told, and says where" {
	local file=$HERE/token

	printf 'opensesame\n' >"$file"
	start_here serve --listen 0.0.0.0:0 --auth-token-file "$file"
	grep -q '^twtrace serve: listening on http://0.0.0.0:[0-9]*/$' "$ERRORS"
	grep -q "everybody may read '$file'" "$ERRORS"
	stop_twtrace
	start_here serve --listen '[::]:0' --insecure
	URL=$(sed -n 's/^twtrace serve: listening on //p' "$ERRORS")
	[[ $URL == 'http://[::]:'* ]]
	URL=${URL%/}
	URL=${URL/\[::\]/127.0.0.1}
	get /healthz
	expect "by IPv4, too" "$CODE" 200
	stop_twtrace
}

@test "a port that is in use: a sentence with who has it, exit 1" {
	serve
	run -1 --separate-stderr "$TWTRACE" serve --listen "127.0.0.1:$PORT"
	# shellcheck disable=SC2154 # stderr is set by run --separate-stderr
	[[ $stderr == "twtrace serve: cannot listen on 127.0.0.1:$PORT: twtrace (pid $TWTRACE_PID) listens there already" ]] ||
		fail "$stderr"
	stop_twtrace
}

@test "1,000 clients of each bad kind: others are answered, tracing counts all, memory stays" {
	local before after rss=0

	serve --ring 64M
	traffic client_first --count 1000 --port 7100
	get '/api/v1/list?limit=10000'
	before=$(awk '/^VmRSS/ { print $2 }' "/proc/$TWTRACE_PID/status")
	start_clients slow slow 1000
	traffic client_first --count 5000 --port 7100 --hosts 8
	for _ in {1..20}; do
		gives 200 'text/plain; version=0.0.4; charset=utf-8' /metrics
		after=$(awk '/^VmRSS/ { print $2 }' "/proc/$TWTRACE_PID/status")
		((after < rss)) || rss=$after
	done
	get /api/v1/top
	wait_until has_opened 12000
	expect loss "$(jq .loss.total "$HERE/body")" 0
	# 3,000 clients are 6 MB, 6,000 connections 20 MB; sanitizers keep what was freed
	((rss - before < 128 * 1024)) || fail "memory grew from $before to $rss kB"
	(($(counted twtrace_http_clients) <= 256))
	echo over >"$HERE/slow.in"
	wait_until more_displaced 1000
	stop_twtrace
}

more_displaced() {
	(($(counted 'twtrace_http_refused_total{reason="displaced"}') > $1))
}

@test "who hoards large answers leaves room for what all ask for" {
	serve --interval 1h
	traffic client_first --count 8000 --port 7100 --hosts 8
	start_clients hoard hoard
	gives 200 'text/plain; version=0.0.4; charset=utf-8' /metrics
	gives 200 application/json /api/v1/top
	(($(counted twtrace_http_answer_bytes) < 40 << 20))
	stop_twtrace
}

@test "who says a byte now and then is ended after ten seconds" {
	serve
	start_clients slow slow 10
	(($(counted twtrace_http_clients) > 10))
	WAIT=30 wait_until is_counted 'twtrace_http_refused_total{reason="too_slow"}' 20
	stop_twtrace
}

@test "go tool pprof pulls every profile" {
	need_command go
	serve
	traffic client_first --count 30 --port 7100
	for name in connections time_wait leaks; do
		PPROF_TMPDIR=$HERE HOME=$HERE go tool pprof -top "$URL/debug/pprof/$name" >"$HERE/$name" 2>"$HERE/err" ||
			{ cat "$HERE/err" && return 1; }
	done
	grep -q ' 100% .* :7100$' "$HERE/time_wait" || { cat "$HERE/time_wait" && return 1; }
	stop_twtrace
}

@test "events are told to who listens, those that he asked for" {
	serve
	start_clients all events ''
	start_clients some events kind=time_wait_enter,loss
	traffic client_first --count 30 --port 7100
	wait_until has_lines all time_wait_enter 30
	wait_until has_lines some time_wait_enter 30
	expect "of other kinds" "$(grep -vc '^time_wait_enter\|^open' "$HERE/some")" 0
	grep -v '^open' "$HERE/all" | cut -f 2- >"$HERE/objects"
	(($(jq -s 'map(select(.kind == "transition" and .to == "ESTABLISHED")) | length' "$HERE/objects") == 60))
	# the event's name is the kind of its object
	cmp <(grep -v '^open' "$HERE/all" | cut -f 1) <(jq -r .kind "$HERE/objects")
	if [[ -x /usr/bin/jsonschema ]]; then
		jq -c '{type: "array", minItems: 1, items: .}' "$ROOT/docs/schema/trace-line.json" >"$HERE/schema"
		jq -s . "$HERE/objects" >"$HERE/instance"
		/usr/bin/jsonschema --base-uri "file://$ROOT/docs/schema/" -i "$HERE/instance" "$HERE/schema"
	fi
	stop_twtrace
	wait_until grep -qx closed "$HERE/all"
}

has_lines() {
	(($(grep -c "^$2" "$HERE/$1") == $3))
}

# How many events a reader was told of, in person or as missed.
accounted() {
	grep -v '^open\|^heartbeat\|^closed' "$HERE/$1" | cut -f 2- |
		jq -s 'map(if .kind == "loss" and .cause == "output_full" then .count else 1 end) | add // 0'
}

@test "who reads events too slowly is told how many he missed" {
	serve --ring 64M
	start_clients quick events ''
	start_clients lazy lazy ''
	traffic client_first --count 6000 --port 7100 --hosts 8
	wait_until has_opened 12000
	echo read >"$HERE/lazy.in"
	WAIT=30 wait_until same_account
	grep -q '^loss' "$HERE/lazy"
	stop_twtrace
}

# Ten events and more a connection; both of them are through when they agree.
same_account() {
	local quick lazy

	quick=$(accounted quick) lazy=$(accounted lazy)
	((quick >= 60000 && quick == lazy))
}

@test "so many are told of events and no more" {
	serve
	for i in {1..32}; do
		start_clients "stream$i" events kind=loss
	done
	get /events
	expect "one more" "$CODE" 503
	grep -qi '^retry-after' "$HERE/head"
	# a place is free when one has gone
	echo over >"$HERE/stream7.in"
	wait_until is_counted twtrace_http_event_streams 31
	stop_twtrace
}

@test "who asks for the head of the events only may ask again on his connection" {
	serve
	expect codes "$(curl -s -m 30 -I -w '%{stderr}%{http_code} %{num_connects};' -o "$HERE/one" \
		-o "$HERE/two" "$URL/events" "$URL/events" 2>&1)" '200 1;200 0;'
	wait_until is_counted twtrace_http_event_streams 0
	stop_twtrace
}

@test "it ends when it is told, whoever still listens, and after its time" {
	serve
	start_clients all events ''
	start_clients slow slow 20
	stop_twtrace
	wait_until grep -qx closed "$HERE/all"
	run -0 "$TWTRACE" serve --listen 127.0.0.1:0 --for 300ms
	[[ $output == "twtrace serve: listening on http://127.0.0.1:"* ]]
}

@test "the metrics are in a file too, whole, for others to read" {
	local file=$HERE/twtrace.prom

	umask 077
	start_here serve --listen none --metrics-file "$file" --interval 100ms
	[[ ! -s $ERRORS ]]
	wait_until test -s "$file"
	expect mode "$(stat -c %a "$file")" 644
	traffic client_first --count 5
	wait_until opened_in_file "$file" 10
	! command -v promtool >/dev/null || promtool check metrics <"$file"
	stop_twtrace
	expect "files left beside it" "$(find "$HERE" -name '.twtrace.prom*' | wc -l)" 0
}

opened_in_file() {
	awk -v want="$2" '/^twtrace_connections_opened_total/ { sum += $NF } END { exit sum != want }' "$1"
}
