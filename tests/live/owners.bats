#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whose socket it is while it lives: the latest holder known, all holders, and the closer.

load lib

setup() {
	live_setup
	probe_trace
}

teardown() {
	live_teardown
}

# holders_of SIDE: [pid, comm, holders' pids, holders' comms] of that end, from `list`.
holders_of() {
	local near=remote_port

	[[ $1 == server ]] && near=local_port
	"$TWTRACE" list -o json --port 7300 3>&- |
		jq -c --argjson netns "$(truth .netns)" ".sockets[]
			| select(.netns == \$netns and .state == \"ESTABLISHED\" and .$near == 7300)
			| [.pid, .comm, (.holders | map(.pid) | sort), (.holders | map(.comm) | sort)]"
}

@test "an accepted socket is its worker's, with the listener's process no holder of it" {
	local worker

	start_traffic accept_by_other --port 7300 --hold
	worker=$(truth .actors.worker.pid)
	expect "server end" "$(holders_of server)" "[$worker,\"tw-worker\",[$worker],[\"tw-worker\"]]"
	stop_traffic
}

@test "both parent and child hold a socket after fork" {
	local client holder

	start_traffic fork_shares --port 7300 --hold
	client=$(truth .actors.client.pid)
	holder=$(truth .actors.holder.pid)
	expect "client end's holders" "$(holders_of client | jq -c '.[2:]')" \
		"$(jq -nc "[([$client, $holder] | sort), [\"tw-client\", \"tw-holder\"]]")"
	stop_traffic
}

@test "only the child holds it after its parent closed" {
	local holder

	start_traffic fork_holds --port 7300 --hold
	holder=$(truth .actors.holder.pid)
	expect "client end" "$(holders_of client)" "[$holder,\"tw-holder\",[$holder],[\"tw-holder\"]]"
	stop_traffic
}

@test "a passed socket is its receiver's" {
	local receiver

	start_traffic fd_passing --port 7300 --hold
	receiver=$(truth .actors.receiver.pid)
	expect "client end" "$(holders_of client)" \
		"[$receiver,\"tw-receiver\",[$receiver],[\"tw-receiver\"]]"
	stop_traffic
}

@test "CLOSE_WAIT names who must close it" {
	start_traffic orphan_fin_wait2 --port 7300 --hold
	expect "CLOSE_WAIT" "$("$TWTRACE" list -o json --port 7300 3>&- |
		jq -c '.sockets[] | select(.state == "CLOSE_WAIT") | [.local_port, .pid, .comm]')" \
		"[7300,$(truth .actors.server.pid),\"tw-server\"]"
	stop_traffic
}

# owner_at FROM TO: who trace says acted, of the port's sockets.
owner_at() {
	events "select(.kind == \"transition\" and .from == \"$1\" and .to == \"$2\" and .netns == $(truth .netns))
		| [.pid, .comm]" | sort -u
}

@test "while traced: connect, listen, close and passive close each name their own process" {
	start_here trace -o jsonl
	traffic accept_by_other --port 7300
	wait_until has_event 'select(.from? == "LAST_ACK" and .to == "CLOSE" and .remote_port == 7300)'
	stop_twtrace
	expect "listen" "$(owner_at CLOSE LISTEN)" "[$(truth .actors.server.pid),\"tw-server\"]"
	expect "connect" "$(owner_at CLOSE SYN_SENT)" "[$(truth .actors.client.pid),\"tw-client\"]"
	expect "close" "$(owner_at ESTABLISHED FIN_WAIT1)" "[$(truth .actors.worker.pid),\"tw-worker\"]"
	expect "passive close" "$(owner_at CLOSE_WAIT LAST_ACK)" "[$(truth .actors.client.pid),\"tw-client\"]"
}

@test "a tracer that looked at the file is not its owner, though it closes it last" {
	need_command python3
	cat >"$BATS_TEST_TMPDIR/last.py" <<-'END'
		import ctypes, os, socket

		def call_me(name):
		    ctypes.CDLL(None).prctl(15, name.encode())

		listener = socket.create_server(("127.0.0.1", 7310))
		call_me("tw-opener")
		c = socket.create_connection(("127.0.0.1", 7310))
		d = listener.accept()[0]
		go, come = os.pipe()
		if os.fork() == 0:
		    call_me("twtrace")
		    listener.close()
		    d.close()
		    os.close(come)
		    os.read(go, 1)
		    c.close()
		    os._exit(0)
		c.close()
		os.close(come)
		os.wait()
	END
	start_here trace -o jsonl
	in_ns t python3 "$BATS_TEST_TMPDIR/last.py" 3>&- </dev/null
	wait_until has_event 'select(.remote_port == 7310 and .to == "FIN_WAIT1")'
	stop_twtrace
	expect "owners" "$(events 'select(.remote_port == 7310) | .comm' | sort -u)" '"tw-opener"'
}

@test "a spinning process is never taken for the owner of what softirq did on its CPU" {
	local spin=() i

	for i in 1 2; do
		"$TRAFFIC" spin >/dev/null 3>&- </dev/null &
		spin+=("$!")
		PIDS+=("$!")
	done
	start_here trace -o jsonl
	traffic client_first --count 500 --port 7300
	traffic linger0 --count 100 --port 7301
	kill -TERM "${spin[@]}"
	for i in "${spin[@]}"; do
		wait "$i"
		forget "$i"
	done
	stop_twtrace
	expect "owners" "$(events 'select(.kind == "transition" and .netns == '"$(truth .netns)"') | .comm' |
		sort -u | grep -vE '^("tw-client"|"tw-server"|null)$' || true)" ""
}

@test "processes that died are still named in what they left behind" {
	local client

	start_here trace -o jsonl
	traffic kill9 --count 20 --port 7300
	client=$(truth '.connections[0].client.closer')
	wait_until twenty_births
	stop_twtrace
	expect "owners" "$(events 'select(.kind == "time_wait_enter" and .remote_port == 7300) | [.pid, .comm]' |
		sort | uniq -c | xargs)" "20 [$client,tw-client]"
}

twenty_births() {
	[[ $(events 'select(.kind == "time_wait_enter" and .remote_port == 7300) | .pid' | wc -l) == 20 ]]
}

@test "from within a pid namespace the closer is named, though its number does not show there" {
	netns_new t
	unshare --pid --fork --mount-proc "$TWTRACE" trace -o jsonl --netns "$(ns_path t)" --ready-fd 9 \
		9>"$BATS_TEST_TMPDIR/ready" >"$EVENTS" 2>"$ERRORS" 3>&- </dev/null &
	local outer=$!
	PIDS+=("$outer")
	# shellcheck disable=SC2034 # ready_or_dead reads it
	TWTRACE_PID=$outer
	wait_until ready_or_dead "$BATS_TEST_TMPDIR/ready"
	traffic accept_by_other --count 3
	wait_until has_event 'select(.kind == "time_wait_enter")'
	# unshare passes no signal on: the tracer itself is its child
	kill -INT "$(xargs <"/proc/$outer/task/$outer/children")"
	wait "$outer"
	forget "$outer"
	expect "closers" "$(events 'select(.to? == "FIN_WAIT1") | [.pid, .comm]' | sort -u)" '[null,"tw-worker"]'
}
