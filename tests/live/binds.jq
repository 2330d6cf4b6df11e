# SPDX-License-Identifier: GPL-2.0-or-later
# For failures.bats and tests/vm/run, which put what they ask behind it: what is wrong with what
# twtrace told ($events) of the binds and listens of a run of the generator, a sentence each.

def expected($truth):
	{call, error, reuse_addr: .new_reuse, pid: $truth.actors.client.pid, comm: "tw-client",
	 holder: {kind: .holder, sockets: 1, state: (if .holder == "connection" then "ESTABLISHED" else null end),
		  reuse_addr: .old_reuse, pid: $truth.actors.server.pid, comm: "tw-server"}};

def said:
	{call, error, reuse_addr, pid, comm,
	 holder: (.holder // {} | {kind, sockets, state, reuse_addr, pid, comm})};

# A minisock was given 60 s just before; its timer comes later, if anything.
def complaints_of_left:
	if .kind == "time_wait" then select(.left_ms == null or .left_ms < 30000 or .left_ms > 65000)
	else select(.left_ms != null) end
	| "\(.left_ms) ms are left";

# The port is another one's, too, where one run after the other is in a namespace: the process tells.
def complaints_of_binds($events):
	. as $truth
	| .binds[] | . as $bind
	| "\(.call) on the port of a \(.holder), SO_REUSEADDR \(.old_reuse) and \(.new_reuse): " +
	  ([$events[] | select(.kind == "bind_failed" and .netns == $truth.netns and .local_port == $bind.port
			       and .pid == $truth.actors.client.pid)]
	   | if length != (if $bind.error then 1 else 0 end) then "told \(length) times"
	     else .[]
	     | (($bind | expected($truth)) as $expected | said | select(. != $expected)
		| "\(.), not \($expected)"),
	     (.holder | complaints_of_left),
	     (select(.service == null or .holder.service == null) | "no service") end);
