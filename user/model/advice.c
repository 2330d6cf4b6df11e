// SPDX-License-Identifier: GPL-2.0-or-later
/* What to do about each kind of leak: one sentence, tied to what the verdict rests on. */
#include "model/signs.h"

/* Fewer have had data since: they are used again. */
#define QUIET_PERCENT 90

static const char *const usual[NR_LEAK_KINDS] = {
	[LEAK_CLOSE_WAIT] =
		"The peer has closed and the program has not: find the path that leaves a socket "
		"open after its end of file; no kernel setting ends CLOSE_WAIT.",
	[LEAK_ESTABLISHED_GROWTH] =
		"Connections are opened, used once and neither closed nor used again: close them "
		"where they were opened, or give the pool a bound.",
	[LEAK_FIN_WAIT2_HELD] =
		"The program has shut down its writing side and holds the socket while the peer "
		"never closes: give its reads a timeout and close it; tcp_fin_timeout does not "
		"apply to sockets that are held.",
	[LEAK_FIN_WAIT2_ORPHAN] =
		"This side has closed, the remote host has not: its program leaks CLOSE_WAIT "
		"there. Here each costs a port until tcp_fin_timeout is over.",
	[LEAK_CLOSED_HELD] =
		"These connections have ended and their descriptors are still open: close them "
		"after an error and after an end of file, too. No other tool lists them.",
	[LEAK_SYN_SENT] =
		"Nobody answers there: check the address, the host, and firewalls that drop; give "
		"connects a timeout, and back off between attempts.",
	[LEAK_ACCEPT_QUEUE] =
		"The program listens and does not accept: look at what its accepting thread does "
		"(blocked, out of descriptors, too slow); a longer backlog only hides it.",
	[LEAK_TIME_WAIT_CHURN] =
		"Each exchange opens a connection of its own: a pool or keep-alive to this "
		"destination saves nearly all of them, and their TIME_WAIT.",
};

/* Where the other end is on this host, and it is that one. */
static const char *const other_here[NR_LEAK_KINDS] = {
	[LEAK_FIN_WAIT2_HELD] =
		"The program has shut down its writing side and waits for the other end, which is "
		"on this host and does not close: fix that one, and give these reads a timeout.",
	[LEAK_FIN_WAIT2_ORPHAN] =
		"This side has closed, the other end on this host has not: that one leaks.",
	[LEAK_SYN_SENT] = "The listener, on this host, has no room for more: it does not accept.",
};

const char *verdict_advice(const struct verdict *verdict)
{
	if (verdict->kind == LEAK_ESTABLISHED_GROWTH && verdict->quiet_percent < QUIET_PERCENT)
		return "Their number only grows, and they are in use: if that is a pool, give it a "
		       "bound.";
	return verdict->other_here && other_here[verdict->kind] ? other_here[verdict->kind] :
								  usual[verdict->kind];
}
