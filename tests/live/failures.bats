#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What fails for want of a port, and who has it: binds and listens, with and without
# SO_REUSEADDR on either side; connects that explicit binds starve; how long connect() looks for
# a port. The generator says what it did, and was told by the kernel.

bats_require_minimum_version 1.5.0

load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# without_probes: skip where bind() is traced whatever the options.
without_probes() {
	start_here trace -v
	stop_twtrace
	! grep -q 'bind(), listen(): failures traced' "$ERRORS" || skip "bind() is traced without --syscalls here"
}

# failed N: so many bind_failed have been told.
failed() {
	[[ $(events 'select(.kind == "bind_failed")' | wc -l) == "$1" ]]
}

# all_told: nothing is wrong with what was told of the generator's binds, and nothing else was.
all_told() {
	local wrong

	wrong=$(jq -rn "$(<"$LIVE/binds.jq") \$truth[] | complaints_of_binds(\$events)" \
		--slurpfile events "$EVENTS" --slurpfile truth <(echo "$TRUTH"))
	[[ -z $wrong ]] || fail "$wrong"
	failed "$(truth '[.binds[] | select(.error)] | length')" || fail "told: $(events 'select(.kind == "bind_failed")')"
}

# conflicts SCENARIO FAMILY: what it asks for in vain, while it holds all ports.
conflicts() {
	start_here trace -o jsonl --syscalls
	start_traffic "$1" --family "$2" --hold
	wait_until failed "$(truth '[.binds[] | select(.error)] | length')"
	stop_traffic
	stop_twtrace
	all_told
}

@test "a listener keeps its port, whatever both set" {
	conflicts bind_listener 4
	expect "that failed" "$(truth '[.binds[] | select(.error)] | length')" 4
}

@test "a connection keeps the port of its listener that is gone, unless both set SO_REUSEADDR" {
	conflicts bind_connection 6
	expect "that failed" "$(truth '[.binds[] | select(.error)] | length')" 3
}

@test "so does a server's TIME_WAIT, and how long is told" {
	conflicts bind_time_wait 4
	expect "that failed" "$(truth '[.binds[] | select(.error)] | length')" 3
}

@test "so does a socket that was bound and no more" {
	conflicts bind_bound mapped
	expect "that failed" "$(truth '[.binds[] | select(.error)] | length')" 3
}

# in_python CODE: run in the namespace; what fails in it is part of the test.
in_python() {
	in_ns t python3 -c "import socket
$1" 3>&- </dev/null
}

@test "bind() to an address that the host lacks is told with that address, and nobody has its port" {
	start_here ports -o json --syscalls
	netns_server_at 7501
	in_python 'for port in 7501, 0:
	try: socket.socket().bind(("10.9.9.9", port))
	except OSError as e: assert e.errno == 99
	else: assert False
try: socket.socket(socket.AF_INET6).bind(("fd00:9::9", 7502))
except OSError as e: assert e.errno == 99
else: assert False'
	stop_twtrace
	expect "failures" "$(jq -c '.failures | map([.kind, .error, .count, .local_addr, .local_port, .holder]) | sort' "$EVENTS")" \
		'[["bind","EADDRNOTAVAIL",1,"10.9.9.9",null,null],["bind","EADDRNOTAVAIL",1,"10.9.9.9",7501,null],["bind","EADDRNOTAVAIL",1,"fd00:9::9",7502,null]]'
}

@test "a listener for IPv6 alone is not blamed for what an IPv4 one holds" {
	start_here ports -o json --syscalls
	netns_server_at 7503
	in_python 'from socket import *
six = socket(AF_INET6)
six.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
six.bind(("::", 7503))
six.listen()
try: socket().bind(("127.0.0.1", 7503))
except OSError as e: assert e.errno == 98
else: assert False'
	stop_twtrace
	expect "holders" "$(jq -c '.failures | map([.local_port, .holder.kind, .holder.sockets, .holder.pid])' "$EVENTS")" \
		"[[7503,\"listener\",1,$SERVER_PID]]"
}

@test "listen() fails where two were bound by SO_REUSEADDR, and is seen without --syscalls" {
	start_here trace -o jsonl
	start_traffic listen_in_use --family 6 --hold
	wait_until failed 1
	stop_traffic
	stop_twtrace
	all_told
}

@test "what ports says of a listen() that failed: by whom, how it is known, who has the port" {
	local inferred=false

	start_here ports -o jsonl --verbose
	start_traffic listen_in_use --hold
	wait_until has_event 'select(.failures != [])'
	stop_traffic
	stop_twtrace
	! grep -q 'listen(): failures told from state changes' "$ERRORS" || inferred=true
	expect "failures" "$(events 'select(.kind == "summary") | .failures
			| map([.kind, .error, .count, .local_port, .reuse_addr, .inferred, .pid, .comm])')" \
		"[[\"listen\",\"EADDRINUSE\",1,$(truth '.binds[0].port'),true,$inferred,$(truth .actors.client.pid),\"tw-client\"]]"
	expect "holder" "$(events 'select(.kind == "summary") | .failures[0].holder | [.kind, .sockets, .reuse_addr, .pid, .service]')" \
		"[\"listener\",1,true,$(truth .actors.server.pid),\"tw-server\"]"
}

@test "a listener's close(), shutdown() and connect(AF_UNSPEC) are no failures" {
	start_here trace -o jsonl
	traffic listener_ends --count 5
	# a failure that comes after them
	traffic listen_in_use
	wait_until failed 1
	stop_twtrace
	failed 1
	# besides what failed, and a listener of each run that finds a free port
	expect "ends of listeners" "$(events 'select(.from == "LISTEN" and .to == "CLOSE")' | wc -l)" $((5 * 3 + 4))
}

@test "without --syscalls bind() is not seen to fail, and --verbose says so" {
	without_probes
	start_here trace -o jsonl --verbose
	traffic bind_bound
	traffic listen_in_use
	wait_until failed 1
	stop_twtrace
	grep -q 'bind(): failures not traced (.*--syscalls traces them); listen(): failures told' "$ERRORS"
	expect "calls" "$(events 'select(.kind == "bind_failed") | .call')" '"listen"'
}

@test "who asks for bind_failed alone is told that bind() is not seen, and nobody else" {
	without_probes
	start_here trace -o jsonl --kind bind_failed
	stop_twtrace
	grep -q 'bind(): failures not traced (.*--syscalls traces them)' "$ERRORS"
	for options in "--kind transition" "--kind bind_failed --syscalls" ""; do
		# shellcheck disable=SC2086 # words
		start_here trace -o jsonl $options
		stop_twtrace
		! grep -q 'not traced' "$ERRORS" || fail "$options: $(<"$ERRORS")"
	done
}

@test "thousands of binds are counted to the unit, and the last holder is in ports" {
	start_here ports -o json --syscalls
	netns_server_at 7500
	TRUTH=$(in_ns t python3 "$LIVE/ports/bind_again.py" 7500 3000 3>&- </dev/null)
	stop_twtrace
	expect "failures" "$(jq -c '.failures | map([.kind, .error, .count, .pid, .comm, .local_port, .reuse_addr])' "$EVENTS")" \
		"[[\"bind\",\"EADDRINUSE\",3000,$(truth .pid),\"python3\",7500,true]]"
	expect "holder" "$(jq -c '.failures[0].holder | [.kind, .sockets, .pid]' "$EVENTS")" "[\"listener\",1,$SERVER_PID]"
}

# netns_server_at PORT: a listener with one descriptor; its process is SERVER_PID.
netns_server_at() {
	ip netns exec "$(ns t)" python3 -c 'import socket, sys, time
sock = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
time.sleep(600)' "$1" >"$BATS_TEST_TMPDIR/server" 3>&- &
	SERVER_PID=$!
	PIDS+=("$SERVER_PID")
	wait_until test -s "$BATS_TEST_TMPDIR/server"
}

# of PORT FILTER: the budget towards it, of the last document.
of() {
	jq -r --argjson port "$1" ".budgets[] | select(.remote_port == \$port) | $2" "$EVENTS"
}

@test "explicit binds starve connects elsewhere; IP_BIND_ADDRESS_NO_PORT cures that" {
	start_here ports -o json
	traffic binds_starve --count 7
	stop_twtrace
	expect "failures" "$(of "$(truth '.binds[0].port')" '[.failures, .blocked_by_bind, .blocked] | tostring')" '[7,true,4]'
	expect "whose" "$(jq -c '.failures | map([.kind, .error, .count, .pid, .comm])' "$EVENTS")" \
		"[[\"connect\",\"EADDRNOTAVAIL\",7,$(truth .actors.client.pid),\"tw-client\"]]"
	netns_del t
	netns_new t
	start_here ports -o json
	traffic binds_cured --count 4
	stop_twtrace
	expect "failures" "$(jq -c .failures "$EVENTS")" '[]'
}

@test "a socket's own range of ports is its budget" {
	start_here ports -o json
	traffic own_range --count 9 || skip "this kernel has no IP_LOCAL_PORT_RANGE"
	stop_twtrace
	expect "budget" "$(of "$(truth .port)" '[.own_range, .low, .high, .capacity, .failures] | tostring')" \
		'[true,40100,40103,4,9]'
}

@test "a port that was bound collides with the connection that has both its ends" {
	local pid

	start_here ports -o jsonl
	start_traffic tuple_in_use --hold
	wait_until has_event 'select(.failures != [])'
	stop_traffic
	stop_twtrace
	pid=$(truth .actors.client.pid)
	expect "failures" "$(events 'select(.kind == "summary") | .failures | map([.error, .count, .pid, .local_port])')" \
		"[[\"EADDRNOTAVAIL\",1,$pid,$(truth '.connections[0].client.port')]]"
	expect "holder" "$(events 'select(.kind == "summary") | .failures[0].holder | [.kind, .sockets, .state, .reuse_addr, .pid]')" \
		"[\"connection\",1,\"ESTABLISHED\",true,$pid]"
}

@test "where half of the ports are used connect() looks long for one: as long as it took" {
	netns_new t
	in_ns t sysctl -qw net.ipv4.ip_local_port_range="20000 27999" net.ipv4.tcp_tw_reuse=0
	# all but ten, for one destination
	traffic client_first --port 7400 --count 7990
	start_here ports -o json
	traffic timed --port 7400 --ports 2 --count 10
	stop_twtrace
	# of it the handshake is left out, which takes some microseconds
	truth '[.connections[] | [.server.port, .client.took_us]]'
	for port in 7400 7401; do
		expect "searches for $port" "$(of $port .search_us.count)" 5
		jq -en --argjson search "$(of $port .search_us)" \
			--argjson took "$(truth "[.connections[] | select(.server.port == $port) | .client.took_us] | sort")" \
			'$search.max <= $took[-1] and $search.p50 <= $took[-1]' || fail "$port: $(of $port .search_us)"
	done
	(($(of 7400 '.search_us.max | floor') * 2 > $(truth '[.connections[] | select(.server.port == 7400) | .client.took_us] | min'))) ||
		fail "$(of 7400 .search_us) but $TRUTH"
	(($(of 7400 '.search_us.p50 | floor') > 5 * $(of 7401 '.search_us.p50 | floor'))) ||
		fail "nearly used up: $(of 7400 .search_us), empty: $(of 7401 .search_us)"
}

@test "how long it looked is not known where the first SYN was lost" {
	start_here ports -o json
	traffic syn_again --port 7410
	stop_twtrace
	expect "of it" "$(of 7410 '[.opened, .search_us.count, .search_us.p50, .search_us.max] | tostring')" '[1,0,null,null]'
}
