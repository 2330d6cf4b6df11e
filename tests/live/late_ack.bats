#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A TIME_WAIT whose late ACK meets nobody but the listener, or not even that: the RST that answers it
# ends the minisock, of which no event tells. What is left of it is that the RST was sent.

load lib

setup() {
	live_setup
	probe_trace
	need_command python3
	netns_new t
	cat >"$BATS_TEST_TMPDIR/late_ack.py" <<-'END'
		import socket, struct, sys

		family, listener_stays, again = sys.argv[1], sys.argv[2] == "listener", sys.argv[3] == "again"
		af, host = (socket.AF_INET, "127.0.0.1") if family == "4" else (socket.AF_INET6, "::1")
		server_port, client_port = 7600, 41000

		def open_socket(port):
		    s = socket.socket(af)
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind((host, port))
		    return s

		def connect():
		    c = open_socket(client_port)
		    c.connect((host, server_port))
		    return c, listener.accept()[0]

		def checksum(data):
		    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
		    while total >> 16:
		        total = (total & 0xffff) + (total >> 16)
		    return ~total & 0xffff

		def out_of_window():
		    """From the server: what a TIME_WAIT answers with an ACK."""
		    segment = struct.pack("!HHIIBBHHH", server_port, client_port, 1, 1, 5 << 4, 0x10, 512, 0, 0)
		    raw = socket.socket(af, socket.SOCK_RAW, socket.IPPROTO_TCP)
		    raw.bind((host, 0))
		    address = socket.inet_pton(af, host)
		    length = struct.pack("!II", len(segment), 6) if family == "6" else struct.pack("!HH", 6, len(segment))
		    right = checksum(address + address + length + segment)
		    raw.sendto(segment[:16] + struct.pack("!H", right) + segment[18:], (host, 0))

		listener = open_socket(server_port)
		listener.listen()
		c, d = connect()
		c.close()
		while d.recv(1):
		    pass
		d.close()
		if not listener_stays:
		    listener.close()
		out_of_window()
		if again:
		    c, d = connect()
		    d.close()
		    c.recv(1)
		    c.close()
	END
}

teardown() {
	live_teardown
}

# meets listener|nobody nothing|again REASON EVIDENCE: what is said of the client's first end.
meets() {
	local family

	for family in 4 6; do
		start_here trace -o jsonl --evidence inferred
		in_ns t python3 "$BATS_TEST_TMPDIR/late_ack.py" "$family" "$1" "$2" 3>&- </dev/null
		# by sock_diag, not by ours: it is gone
		[[ $2 == again ]] || expect "ss, by IPv$family" "$(in_ns t ss -Htn state time-wait sport = :41000)" ""
		wait_until has_event 'select(.kind == "time_wait_exit" and .local_port == 41000)'
		stop_twtrace
		expect "its end, by IPv$family" "$(events 'select(.kind == "time_wait_exit" and .local_port == 41000)
			| [.reason, .evidence, .residence_ms]' | head -n 1)" "[\"$3\",\"$4\",null]"
		netns_del t
		netns_new t
	done
}

# The server closes first; more has been sent than its time counts for, so that the new SYN looks old.
# What the TIME_WAIT answers meets the connect(), whose RST ends it; the next SYN is the first again.
@test "a connect() that an old TIME_WAIT answers: it is reset, not reopened" {
	cat >"$BATS_TEST_TMPDIR/old_syn.py" <<-'END'
		import socket, threading

		def open_socket(port):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(("127.0.0.1", port))
		    return s

		def resets():
		    """That this namespace has sent."""
		    names, values = [line.split() for line in open("/proc/net/snmp") if line.startswith("Tcp:")]
		    return int(values[names.index("OutRsts")])

		def read_all(s):
		    while s.recv(1 << 20):
		        pass

		listener = open_socket(7601)
		listener.listen()
		c = open_socket(41000)
		c.connect(("127.0.0.1", 7601))
		d = listener.accept()[0]
		reader = threading.Thread(target=read_all, args=[d])
		reader.start()
		for i in range(256):
		    c.sendall(bytes(1 << 20))
		d.shutdown(socket.SHUT_WR)
		c.recv(1)
		c.close()
		reader.join()
		d.close()
		c = open_socket(41000)
		before = resets()
		c.connect(("127.0.0.1", 7601))
		assert resets() == before + 1
	END
	in_ns t sysctl -qw net.ipv4.tcp_timestamps=0
	start_here trace -o jsonl --evidence inferred
	in_ns t python3 "$BATS_TEST_TMPDIR/old_syn.py" 3>&- </dev/null
	wait_until has_event 'select(.kind == "time_wait_exit" and .local_port == 7601)'
	stop_twtrace
	expect "its end" "$(events 'select(.kind == "time_wait_exit" and .local_port == 7601) | .reason' | head -n 1)" '"reset"'
}

# From 6.10 on the kernel tells of a RST that no socket sends (b533fb9cf4f7).
tells_of_nobody() {
	local major minor

	IFS=. read -r major minor _ <<<"$(uname -r)"
	((major > 6 || (major == 6 && ${minor%%[^0-9]*} >= 10)))
}

@test "a late ACK that meets the listener: reset, by the next poll" {
	meets listener nothing reset snapshot
}

@test "a late ACK that meets nobody: reset too, where the kernel tells" {
	tells_of_nobody || skip "Linux $(uname -r) tells of no RST without a socket"
	meets nobody nothing reset snapshot
}

@test "the same pair connects again before a poll: nothing was taken over" {
	meets listener again reset inferred
}
