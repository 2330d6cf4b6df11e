#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# twtrace run: the command runs as it would without us, what is counted is its own and its
# descendants', exactly, and what only its exit closed is told apart.

bats_require_minimum_version 1.5.0
load lib

setup() {
	live_setup
	probe_trace
	need_command python3
	REPORT=$BATS_TEST_TMPDIR/report
	netns_new t
	cat >"$BATS_TEST_TMPDIR/net.py" <<-'END'
		import os, signal, socket, sys, time

		def listen(port):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(("127.0.0.1", port))
		    s.listen(512)
		    return s

		def dial(port):
		    return socket.create_connection(("127.0.0.1", port))

		def wait_end(fd):
		    while fd.recv(4096):
		        pass

		exec(sys.stdin.read() if len(sys.argv) < 2 else open(sys.argv[1]).read())
	END
	# a neighbour of the command's: it accepts, waits for the end, closes
	script server <<-'END'
		s = listen(7500)
		print("up", flush=True)
		while True:
		    c, _ = s.accept()
		    if os.fork() == 0:
		        wait_end(c)
		        os._exit(0)
		    c.close()
		    try:
		        while os.waitpid(-1, os.WNOHANG)[0]: pass
		    except ChildProcessError: pass
	END
}

teardown() {
	live_teardown
}

# script NAME: a script of standard input, for python.
script() {
	cat >"$BATS_TEST_TMPDIR/$1"
}

python() {
	ip netns exec "$(ns t)" python3 "$BATS_TEST_TMPDIR/net.py" "$BATS_TEST_TMPDIR/$1" 3>&-
}

start_python() {
	local out=$BATS_TEST_TMPDIR/$1.out

	: >"$out"
	ip netns exec "$(ns t)" python3 "$BATS_TEST_TMPDIR/net.py" "$BATS_TEST_TMPDIR/$1" >"$out" 3>&- </dev/null &
	PYTHON_PID=$!
	PIDS+=("$PYTHON_PID")
	wait_until grep -q up "$out"
}

# run_script NAME OPTION...: in the namespace t, by the scope SCOPE; the document is in REPORT.
run_script() {
	local name=$1 wrap=()

	shift
	[[ ${SCOPE:-} != process_tree ]] || wrap=(unshare -m sh -c \
		'while umount -t cgroup2 -a 2>/dev/null && grep -q " cgroup2 " /proc/self/mounts; do :; done; exec "$@"' sh)
	STATUS=0
	timeout 60 "${wrap[@]}" "$TWTRACE" run -o json --report "$REPORT" "$@" -- \
		ip netns exec "$(ns t)" python3 "$BATS_TEST_TMPDIR/net.py" "$BATS_TEST_TMPDIR/$name" \
		2>"$ERRORS" 3>&- </dev/null || STATUS=$?
}

report() {
	jq -c "$1" "$REPORT"
}

@test "what it says goes where it would, its status is passed on, and little is said of nothing" {
	run -7 --separate-stderr "$TWTRACE" run -- sh -c 'cat; exit 7' <<<hello
	expect "standard output" "$output" hello
	# shellcheck disable=SC2154 # set by run --separate-stderr
	[[ $stderr == "twtrace run: 'sh -c cat; exit 7' ended with status 7 after "*": no TCP connections" ]]
}

@test "a command that cannot be run is named, with a shell's status" {
	run -127 --separate-stderr "$TWTRACE" run -- nowhere-to-be-found --option
	expect "sentence" "$stderr" "twtrace run: cannot run 'nowhere-to-be-found': No such file or directory"
	run -126 --separate-stderr "$TWTRACE" run -- /etc/passwd
	expect "sentence" "$stderr" "twtrace run: cannot run '/etc/passwd': Permission denied"
	run -2 "$TWTRACE" run
	run -2 "$TWTRACE" run -i x -- true
}

@test "a command killed by a signal: 128 and its number, as a shell has it" {
	run -137 --separate-stderr "$TWTRACE" run -- sh -c 'kill -KILL $$'
	[[ $stderr == *"was killed by signal 9"* ]]
}

@test "signals are passed on, and it ends when the command does" {
	local signal

	for signal in INT TERM HUP USR1 QUIT; do
		: >"$EVENTS"
		# a shell lets what it starts in the background ignore two of them
		env --default-signal "$TWTRACE" run --report "$REPORT" -- bash -c \
			'trap "echo got; exit 9" '"$signal"'; echo up; while :; do sleep 0.05; done' \
			>"$EVENTS" 2>"$ERRORS" 3>&- </dev/null &
		TWTRACE_PID=$!
		PIDS+=("$TWTRACE_PID")
		wait_until grep -q up "$EVENTS"
		kill -"$signal" "$TWTRACE_PID"
		STATUS=0
		wait "$TWTRACE_PID" || STATUS=$?
		forget "$TWTRACE_PID"
		expect "status after $signal" "$STATUS" 9
		expect "times it was told of $signal" "$(grep -c got "$EVENTS")" 1
	done
}

@test "what the terminal sends to all at it reaches the command once, and it has the terminal" {
	script terminal <<-'END'
		import pty
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(os.environ["TWTRACE"], ["twtrace", "run", "--report", os.environ["REPORT"], "--", "bash", "-c",
		        'trap "echo interrupted" INT; [[ -t 0 && -t 1 ]] && read -r line </dev/tty && echo "read $line";'
		        'for i in {1..10}; do sleep 0.1; done; exit 5'])
		os.write(fd, b"hello\n")
		said = b""
		while True:
		    try: some = os.read(fd, 4096)
		    except OSError: break
		    said += some
		    if b"read hello" in some:
		        # one that comes a second time comes when the first has been seen
		        os.kill(pid, signal.SIGSTOP)
		        os.write(fd, b"\x03")
		        time.sleep(0.3)
		        os.kill(pid, signal.SIGCONT)
		print(said.decode().count("interrupted"), said.count(b"read hello"), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
	expect "interrupts, lines, status" "$(TWTRACE=$TWTRACE REPORT=$REPORT python3 "$BATS_TEST_TMPDIR/net.py" \
		"$BATS_TEST_TMPDIR/terminal" 3>&-)" "1 1 5"
}

@test "a signal reaches a command that has become somebody else" {
	command -v setpriv >/dev/null || skip "needs setpriv"
	"$TWTRACE" run --report "$REPORT" -- setpriv --reuid 65534 --clear-groups sh -c \
		'echo up; exec sleep 60' >"$EVENTS" 2>"$ERRORS" 3>&- </dev/null &
	TWTRACE_PID=$!
	PIDS+=("$TWTRACE_PID")
	wait_until grep -q up "$EVENTS"
	kill -TERM "$TWTRACE_PID"
	STATUS=0
	wait "$TWTRACE_PID" || STATUS=$?
	forget "$TWTRACE_PID"
	expect "status" "$STATUS" 143
}

@test "the command has what it would have without us: privileges, signals, descriptors" {
	script state <<-'END'
		for line in open("/proc/self/status"):
		    if line.split(":")[0] in ("CapEff", "CapPrm", "CapBnd", "NoNewPrivs", "SigBlk", "SigIgn", "SigCgt"):
		        print(line.strip())
		print(sorted(os.listdir("/proc/self/fd")), os.getpgrp(), os.getsid(0))
	END
	local plain traced
	plain=$(python3 "$BATS_TEST_TMPDIR/net.py" "$BATS_TEST_TMPDIR/state" 3>&- </dev/null 2>/dev/null)
	traced=$("$TWTRACE" run --ready-fd 9 9>"$BATS_TEST_TMPDIR/ready" -- python3 "$BATS_TEST_TMPDIR/net.py" \
		"$BATS_TEST_TMPDIR/state" 3>&- </dev/null 2>/dev/null)
	expect "state" "$traced" "$plain"
	[[ -s $BATS_TEST_TMPDIR/ready ]]
}

# By each scope: five left to the exit, seven closed, three whose peer closes first, two refused.
leaves_five() {
	script leaves <<-'END'
		kept = [dial(7500) for i in range(5)]
		for i in range(7):
		    dial(7500).close()
		own = listen(7501)
		for i in range(3):
		    c = dial(7501)
		    d, _ = own.accept()
		    d.shutdown(socket.SHUT_WR)
		    wait_end(c)
		    c.close()
		    wait_end(d)
		    d.close()
		own.close()
		for i in range(2):
		    try: dial(7599)
		    except ConnectionRefusedError: pass
		# not by sys.exit(): Python closes then what it still knows of
		os._exit(5)
	END
	start_python server
	run_script leaves
	expect "status" "$STATUS" 5
	expect "scope" "$(report .scope)" "\"$SCOPE\""
	expect "opened" "$(report '[.opened.total, .opened.outgoing, .opened.incoming, .opened.unknown]')" "[18,15,3,0]"
	expect "ended" "$(report '[.ended | .closed_by_us, .closed_by_peer, .reset_sent, .reset_received, .still_open, .unseen]')" \
		"[15,3,0,0,0,0]"
	expect "closed first" "$(report .closed_first)" 15
	expect "failed" "$(report .failed)" '{"ECONNREFUSED":2}'
	# the last of the peers may not have closed yet
	expect "minisocks" "$(report '.time_wait_left + .fin_wait2_left')" 15
	expect "leaked" "$(report '[.leaked[] | [.comm, .direction, .remote_addr, .remote_port, .local_port, .state, .count]]')" \
		'[["python3","outgoing","127.0.0.1",7500,null,"ESTABLISHED",5]]'
	expect "leaked in all" "$(report .leaked_sockets)" 5
	expect "held" "$(report '[.still_held, .processes_left]')" '[[],0]'
	expect "status told" "$(report '[.status, .signal]')" '[5,null]'
}

@test "counts are exact, and what the exit closed is leaked: by the process tree" {
	unshare -m true || skip "needs a mount namespace"
	SCOPE=process_tree leaves_five
}

group_of_command() {
	find /sys/fs/cgroup -maxdepth 6 -name "twtrace-run-$(report .pid)" 2>/dev/null
}

has_cgroup() {
	[[ $("$TWTRACE" run -v -- true 2>&1 >/dev/null) == *"scope: the control group"* ]]
}

@test "counts are exact, and what the exit closed is leaked: by a control group, which is removed" {
	has_cgroup || skip "no control group can be made here"
	SCOPE=cgroup leaves_five
	[[ -z $(group_of_command) ]]
}

@test "a kill is an exit too, CLOSE_WAIT and unread data as well" {
	script killed <<-'END'
		s = listen(7502)
		def pair(port):
		    c = dial(port)
		    d, _ = s.accept()
		    return c, d
		waiting = [pair(7502) for i in range(4)]
		for c, d in waiting:
		    d.shutdown(socket.SHUT_WR)
		unread = [pair(7502) for i in range(2)]
		for c, d in unread:
		    d.send(b"x")
		time.sleep(0.1)
		os.kill(os.getpid(), signal.SIGKILL)
	END
	run_script killed
	expect "status" "$STATUS" 137
	expect "signal" "$(report '[.status, .signal]')" "[null,9]"
	# the accepting ends of the first four were shut down by the program; of the others the
	# kernel may close either first
	expect "leaked" "$(report '.leaked | group_by(.direction) | map([.[0].direction, (map(.count) | add)])')" \
		'[["incoming",2],["outgoing",6]]'
	(($(report '[.leaked[] | select(.direction == "outgoing" and .state == "CLOSE_WAIT").count] | add') >= 4))
}

@test "--fail: 4 for what was leaked, unless the command's own status says more" {
	script leak <<-'END'
		s = listen(7503)
		c = dial(7503)
		d, _ = s.accept()
		d.close()
		os._exit(int(os.environ.get("END", 0)))
	END
	run_script leak --fail
	expect "status" "$STATUS" 4
	END=6 run_script leak --fail
	expect "the command's own" "$STATUS" 6
	run_script leak
	expect "without --fail" "$STATUS" 0
	script clean <<-'END'
		s = listen(7503)
		c = dial(7503)
		d, _ = s.accept()
		d.close()
		c.close()
	END
	run_script clean --fail
	expect "nothing leaked" "$STATUS" 0
}

@test "children count, and daemons of theirs: they are named when they run on" {
	script family <<-'END'
		if os.fork() == 0:
		    for i in range(3): dial(7500).close()
		    os._exit(0)
		os.wait()
		if os.fork() == 0:
		    os.setsid()
		    if os.fork() == 0:
		        open(sys.argv[1] + ".daemon", "w").write(str(os.getpid()))
		        held = [dial(7500) for i in range(2)]
		        s = listen(7504)
		        for i in range(4): dial(7500).close()
		        open(sys.argv[1] + ".done", "w").close()
		        time.sleep(60)
		        os._exit(0)
		    os._exit(0)
		os.wait()
		while not os.path.exists(sys.argv[1] + ".done"): time.sleep(0.01)
	END
	start_python server
	for SCOPE in process_tree ''; do
		rm -f "$BATS_TEST_TMPDIR/family.done"
		run_script family
		daemon=$(<"$BATS_TEST_TMPDIR/family.daemon")
		PIDS+=("$daemon")
		expect "status" "$STATUS" 0
		expect "opened" "$(report '[.opened.total, .opened.outgoing]')" "[9,9]"
		expect "ended" "$(report '[.ended.closed_by_us, .ended.still_open, .leaked_sockets]')" "[7,2,0]"
		expect "held" "$(report .still_held)" \
			"[{\"pid\":$daemon,\"comm\":\"python3\",\"sockets\":3,\"listeners\":1}]"
		expect "left" "$(report .processes_left)" 1
		kill -KILL "$daemon"
		# where something runs on, the group stays
		for group in $(group_of_command); do
			wait_until rmdir "$group" 2>/dev/null
		done
	done
}

@test "a neighbour's traffic is not counted, nor the other end of the command's" {
	script busy <<-'END'
		print("up", flush=True)
		while True: dial(7500).close()
	END
	script few <<-'END'
		for i in range(20):
		    dial(7500).close()
		    time.sleep(0.01)
	END
	start_python server
	start_python busy
	for SCOPE in process_tree ''; do
		run_script few
		expect "opened" "$(report '[.opened.total, .opened.outgoing]')" "[20,20]"
		expect "ended" "$(report '[.ended.closed_by_us, .closed_first, .leaked_sockets]')" "[20,20,0]"
		expect "loss" "$(report '[.loss[]] | add')" 0
	done
}

@test "a recording tells the same" {
	script leak <<-'END'
		s = listen(7505)
		kept = [(dial(7505), s.accept()) for i in range(3)]
		dial(7505).close()
		os._exit(0)
	END
	run_script leak --record "$BATS_TEST_TMPDIR/recording"
	"$TWTRACE" run -o json -i "$BATS_TEST_TMPDIR/recording" >"$BATS_TEST_TMPDIR/again"
	expect "report" "$(jq -c 'del(.from, .to)' "$BATS_TEST_TMPDIR/again")" "$(report 'del(.from, .to)')"
	expect "leaked" "$(report .leaked_sockets)" 6
	"$TWTRACE" run -i "$BATS_TEST_TMPDIR/recording" | grep -q LEAKED
}
