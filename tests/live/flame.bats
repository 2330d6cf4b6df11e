#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `twtrace flame` on this host: what it draws of a churn and of what is held is the generator's
# own, to the unit; windows, a server that is pushed to, and a comparison with a recording.

bats_require_minimum_version 1.5.0

load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# folded FILE [REGEX]: the sum of the stacks that match
folded() {
	awk -v regex="${2:-.}" '$0 ~ regex { sum += $NF } END { printf "%.0f\n", sum }' "$1"
}

@test "each connection of a churn stands under its frames" {
	start_here flame --by role,port,remote,close --ring 32M
	traffic client_first --count 4000 --server 127.77.0.1 --hosts 4 --port 7100
	stop_twtrace
	expect "all" "$(folded "$EVENTS")" 8000
	expect "clients, which closed first" \
		"$(folded "$EVENTS" '^client;:7100;127.77.0.[1-4];closed first ')" 4000
	expect "servers" "$(folded "$EVENTS" '^server;:7100;127.77.0.[1-4];peer closed first ')" 4000
	expect "hosts of clients" "$(grep -c '^client' "$EVENTS")" 4
}

@test "the code that opened them, of connections that are gone too" {
	local framed=${BUILD:-$ROOT/build}/tests/stacks/framed client server

	[[ -x $framed ]] || skip "there is no $framed"
	ldd "$TWTRACE" | grep -q libdw || skip "it was built without libdw, which knows the names"
	start_here flame --by comm,role --stacks
	in_ns t "$framed" --main 9 3>&- >/dev/null
	stop_twtrace
	client=$(folded "$EVENTS" '^framed;client;main [^;]*;one_connection [^;]*;do_connect [^;]*')
	server=$(folded "$EVENTS" '^framed;server;main [^;]*;one_connection [^;]*;do_accept [^;]*')
	expect "all" "$(folded "$EVENTS")" 20
	expect "with connect()" "$client" 10
	expect "with accept()" "$server" 10
}

# It takes connections and answers none.
SILENT='import socket, time
server = socket.create_server(("127.0.0.1", 8002))
client, _ = server.accept()
print(client.recv(4096), flush=True)
time.sleep(600)'

has_ended() {
	! readlink "/proc/$1/exe" >/dev/null
}

@test "a server of debug information that never answers holds nobody up at the end" {
	local inside=$BATS_TEST_TMPDIR/inside home=$BATS_TEST_TMPDIR/home asked=$BATS_TEST_TMPDIR/asked id

	ldd "$TWTRACE" | grep -q libdw || skip "it was built without libdw, which asks"
	ldconfig -p | grep -q libdebuginfod || skip "needs libdebuginfod"
	id=$(readelf -n /usr/bin/python3 | sed -n 's/.*Build ID: //p')
	[[ ! -e /usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug && $(readelf -SW /usr/bin/python3) != *.debug_info* ]] ||
		skip "all that is to be known of /usr/bin/python3 is on this host"
	netns_new t
	time_wait_stays t
	mkdir "$home"
	printf '#!/bin/sh\nexec ip netns exec %s env -u XDG_CACHE_HOME HOME=%s DEBUGINFOD_URLS=http://127.0.0.1:8002 %s "$@"\n' \
		"$(ns t)" "$home" "DEBUGINFOD_TIMEOUT=600 $TWTRACE" >"$inside"
	chmod +x "$inside"
	ip netns exec "$(ns t)" python3 -c "$SILENT" >"$asked" 3>&- &
	PIDS+=("$!")
	TWTRACE=$inside start_here flame --stacks --debuginfod --by comm,role
	# Debian's: its debug information is not in it
	in_ns t /usr/bin/python3 -c 'import socket
server = socket.create_server(("127.0.0.1", 8003))
for _ in range(5):
	with socket.create_connection(("127.0.0.1", 8003)): server.accept()[0].close()' 3>&-
	WAIT=30 wait_until grep -q "GET /buildid/$id/" "$asked"
	kill -INT "$TWTRACE_PID"
	WAIT=60 wait_until has_ended "$TWTRACE_PID"
	wait "$TWTRACE_PID"
	forget "$TWTRACE_PID"
	expect "clients" "$(folded "$EVENTS" '^python3;client')" 5
	# Landlock lets it write there
	[[ -d $home/.cache/debuginfod_client ]]
}

@test "a process of any name stays text, in every format" {
	local framed=${BUILD:-$ROOT/build}/tests/stacks/framed proto=/usr/share/gocode/src/github.com/google/pprof/proto
	local out=$BATS_TEST_TMPDIR hostile=$'<b>;"&\n\x02\xff 443' recording=$BATS_TEST_TMPDIR/r.twr format

	[[ -x $framed ]] || skip "there is no $framed"
	start_here record "$recording"
	cp "$framed" "$out/$hostile"
	in_ns t "$out/$hostile" --main 2 3>&- >/dev/null
	stop_twtrace
	for format in folded svg html speedscope pprof; do
		"$TWTRACE" flame --by comm,role -o "$format" -i "$recording" >"$out/$format"
	done
	expect "folded" "$(<"$out/folded")" $'(b):"&\\x0a\\x02\\xff_443;client 3\n(b):"&\\x0a\\x02\\xff_443;server 3'
	jq -e '.shared.frames[0].name == "<b>;\"&\\x0a\\x02\\xff 443"' "$out/speedscope" >/dev/null ||
		fail "$(<"$out/speedscope")"
	run ! grep -q '<b>' "$out/svg"
	run ! grep -q '<b>' "$out/html"
	[[ ! $(command -v xmllint) ]] || xmllint --noout "$out/svg"
	if [[ $(command -v protoc) && -e $proto/profile.proto ]]; then
		gunzip <"$out/pprof" | protoc -I "$proto" --decode=perftools.profiles.Profile profile.proto |
			grep -qF 'string_table: "<b>;\"&\\x0a\\x02\\xff 443"'
	fi
}

@test "seconds are connections times the window" {
	start_traffic idle_hold --count 50
	start_here flame --weight seconds --by state -o speedscope
	stop_twtrace
	stop_traffic
	# all that was held has been there from the window's beginning to its end
	jq -e '.profiles | (.[0].name == "seconds") and
		(map(select(.name == "open"))[0].endValue == 100) and
		(.[0].endValue > 0) and (.[0].endValue % 100 == 0)' "$EVENTS" >/dev/null ||
		fail "$(jq -c '.profiles | map([.name, .endValue])' "$EVENTS")"
}

@test "a window of its own for each interval, in somebody else's folder" {
	local out=$BATS_TEST_TMPDIR/out count=2000 files

	mkdir "$out" && chown 65534:65534 "$out" && chmod 755 "$out"
	chmod a+x "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	start_here flame --by role --interval 1s --write "$out/%s.folded"
	traffic client_first --count "$count" --port 7100
	WAIT=20 wait_until enough_files "$out" 3
	stop_twtrace
	cat "$out"/*.folded >"$BATS_TEST_TMPDIR/all"
	# each ended in the window in which it is counted, or began in one and ended in the next
	(($(folded "$BATS_TEST_TMPDIR/all") >= 2 * count))
	expect "owner" "$(stat -c %u:%g "$out"/*.folded | sort -u)" 65534:65534
	[[ ! -s $ERRORS || $(<"$ERRORS") == *"summaries written, the last one into '$out/"* ]] ||
		fail "$(<"$ERRORS")"
	files=("$out"/*.part)
	[[ ! -e ${files[0]} ]]
}

enough_files() {
	(($(find "$1" -name '*.folded' | wc -l) >= $2))
}

# A server of Pyroscope's push: has no time for the first one, keeps what comes then.
start_server() {
	/usr/bin/python3 "$LIVE/flame/push_server.py" "$BATS_TEST_TMPDIR/pushes" 3>&- &
	PIDS+=("$!")
	wait_until test -s "$BATS_TEST_TMPDIR/pushes/port"
	PORT=$(<"$BATS_TEST_TMPDIR/pushes/port")
}

@test "pprof is pushed with labels and tenant, and again where the server had no time" {
	local pushes=$BATS_TEST_TMPDIR/pushes proto=/usr/share/gocode/src/github.com/google/pprof/proto

	[[ -x /usr/bin/python3 ]] || skip "needs /usr/bin/python3"
	need_command protoc
	[[ -e $proto/profile.proto ]] || skip "needs $proto (golang-github-google-pprof-dev)"
	mkdir "$pushes"
	start_server
	start_here flame --interval 1s --push "http://127.0.0.1:$PORT" --push-label env=test \
		--push-label service_name=shop --push-tenant blue
	traffic client_first --count 200 --port 7100
	WAIT=20 wait_until test -s "$pushes/2.body"
	stop_twtrace
	grep -qi '^content-type: application/proto$' "$pushes/1.headers"
	grep -qi '^x-scope-orgid: blue$' "$pushes/1.headers"
	grep -q '^POST /push.v1.PusherService/Push$' "$pushes/1.headers"
	protoc --decode_raw <"$pushes/1.body" >"$BATS_TEST_TMPDIR/raw"
	grep -q '"service_name"' "$BATS_TEST_TMPDIR/raw" && grep -q '"shop"' "$BATS_TEST_TMPDIR/raw"
	grep -q '"env"' "$BATS_TEST_TMPDIR/raw"
	/usr/bin/python3 "$LIVE/flame/push_profile.py" "$pushes"/*.body | while read -r profile; do
		gunzip <"$profile" | protoc -I "$proto" --decode=perftools.profiles.Profile profile.proto
	done >"$BATS_TEST_TMPDIR/profiles"
	grep -q 'string_table: "time_wait_seconds"' "$BATS_TEST_TMPDIR/profiles"
	# what the server refused for a while is logged once, and that it came through
	expect "complaints" "$(grep -c 'answers 503' "$ERRORS")" 1
}

@test "the live window is compared with a recording" {
	local base=$BATS_TEST_TMPDIR/base.twr

	start_here record "$base"
	traffic client_first --count 100 --port 7100
	stop_twtrace
	start_here flame --by role,port --diff "$base"
	traffic client_first --count 300 --port 7100
	stop_twtrace
	expect "clients" "$(grep '^client;' "$EVENTS")" "client;:7100 100 300"
}
