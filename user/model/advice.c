// SPDX-License-Identifier: GPL-2.0-or-later
/* What to do about each kind of leak: one sentence, tied to what the verdict rests on. */
#include "model/signs.h"

struct saying {
	const char *usual;
	const char *here;	/* where the other end is on this host; NULL: the same */
};

static const struct saying sayings[NR_LEAK_KINDS] = {
	[LEAK_CLOSE_WAIT] = { "The peer has closed and the program has not: find the path that leaves a socket "
			      "open after read() has returned 0; no kernel setting ends CLOSE_WAIT.",
			      NULL },
	[LEAK_ESTABLISHED_GROWTH] = { "Connections are opened, used once and never closed nor used again: close them "
				      "where they were opened, or give the pool a bound.",
				      NULL },
	[LEAK_FIN_WAIT2_HELD] = { "The program has shut down its writing side and holds the socket while the peer "
				  "never closes: give the read a timeout and call close(); tcp_fin_timeout does not "
				  "apply to sockets that are held.",
				  "The program has shut down its writing side and waits for the other end, which "
				  "is on this host and does not close: fix that one, and give the read a timeout." },
	[LEAK_FIN_WAIT2_ORPHAN] = { "This side has closed; the remote host has not: its program leaks CLOSE_WAIT there. "
				    "Here each one costs a port until tcp_fin_timeout is over.",
				    "This side has closed, the other end on this host has not: that one leaks." },
	[LEAK_CLOSED_HELD] = { "The connections have ended and their descriptors have not been closed: close() "
			       "after an error or an end of file, too; no other tool lists these sockets.",
			       NULL },
	[LEAK_SYN_SENT] = { "Nobody answers there: check the address, the host and firewalls that drop; give "
			    "connect() a timeout and back off between attempts.",
			    "The listener on this host has no room for more: it does not accept." },
	[LEAK_ACCEPT_QUEUE] = { "The program listens and does not accept: look at what its accepting thread does "
				"(blocked, out of descriptors, too slow); a longer backlog only hides it.",
				NULL },
	[LEAK_TIME_WAIT_CHURN] = { "Each exchange opens a connection of its own: a pool or keep-alive to this "
				   "destination saves nearly all of them, and their TIME_WAIT.",
				   NULL },
};

const char *verdict_advice(const struct verdict *verdict)
{
	const struct saying *saying = &sayings[verdict->kind];

	return verdict->other_here && saying->here ? saying->here : saying->usual;
}
