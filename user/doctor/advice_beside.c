// SPDX-License-Identifier: GPL-2.0-or-later
/* Tips that are about something else: queues, buffers, orphans, other tables, other protocols. */
#include "doctor/advice.h"

#include <inttypes.h>
#include <stdio.h>

#define CONNTRACK "net.netfilter.nf_conntrack_"

enum opinion advice_on_buffers(const struct question *q)
{
	return because(q, OPINION_FALSE,
		       "Buffers of open connections; they have nothing to do with ports, and a "
		       "socket in TIME_WAIT has none.");
}

/* Of SYN queues that were full: with cookies or without. */
static struct tally full_of(const struct question *q)
{
	struct tally drops = tally_of(q, "TcpExt:TCPReqQFullDrop");
	struct tally full = tally_of(q, "TcpExt:TCPReqQFullDoCookies");

	full.lately += drops.lately;
	full.since_boot += drops.since_boot;
	return full;
}

enum opinion advice_on_cookies(const struct question *q)
{
	struct tally full = full_of(q);
	char now[NOW_LEN], counted[TALLY_LEN], happened[TALLY_LEN + 32] = "";

	now_text(q, "net.ipv4.tcp_syncookies", now);
	tally_text(q, &full, counted);
	if (full.lately)
		return because(q, OPINION_TRUE,
			       "SYN queues were full here (%s), and that is what it is for. It has "
			       "nothing to do with TIME_WAIT. %s",
			       counted, now);
	if (full.since_boot)
		snprintf(happened, sizeof(happened), " (%s)", counted);
	else if (is_counted(q, "TcpExt:TCPReqQFullDrop"))
		snprintf(happened, sizeof(happened), ", which has not happened here");
	return because(
		q, OPINION_FALSE,
		"It answers SYNs when the queue of a listener is full%s. It has nothing to do "
		"with TIME_WAIT or ports. %s",
		happened, now);
}

enum opinion advice_on_orphans(const struct question *q)
{
	int64_t most = now_is(q, "net.ipv4.tcp_max_orphans");
	char now[NOW_LEN];
	uint64_t orphans = 0;
	bool known = q->site && site_sockstat(q->site, "TCP:orphan", &orphans);

	if (!known && count_of(q, "TcpExt:TCPAbortOnMemory"))
		return because(
			q, OPINION_TRUE,
			"Some orphans were reset for their number, or for want of memory; how "
			"many there are now is not known. TIME_WAIT is not among them. %s",
			now_text(q, "net.ipv4.tcp_max_orphans", now));
	if (known &&
	    ((most > 0 && (int64_t)orphans * 2 >= most) || count_of(q, "TcpExt:TCPAbortOnMemory")))
		return because(q, OPINION_TRUE,
			       "%" PRIu64
			       " orphans now, and some were reset for their number, or will be. "
			       "TIME_WAIT is not among them. %s",
			       orphans, now_text(q, "net.ipv4.tcp_max_orphans", now));
	if (!known)
		return because(
			q, OPINION_IRRELEVANT,
			"It bounds sockets that are closed and have data to send still; "
			"TIME_WAIT is not among them. How many there are is not known here.");
	return because(
		q, OPINION_IRRELEVANT,
		"It bounds sockets that are closed and have data to send still; TIME_WAIT is "
		"not among them. There are %" PRIu64 " here.",
		orphans);
}

enum opinion advice_on_somaxconn(const struct question *q)
{
	struct tally overflows = tally_of(q, "TcpExt:ListenOverflows");
	char now[NOW_LEN], counted[TALLY_LEN], happened[TALLY_LEN + 64];

	now_text(q, "net.core.somaxconn", now);
	tally_text(q, &overflows, counted);
	if (overflows.lately)
		return because(
			q, OPINION_TRUE,
			"Accept queues overflowed (%s). It helps only a program that asks "
			"listen() for more than that, and accepts fast enough on average. %s",
			counted, now);
	if (overflows.since_boot)
		snprintf(happened, sizeof(happened), "Accept queues overflowed (%s).", counted);
	else
		snprintf(happened, sizeof(happened), "%s",
			 is_counted(q, "TcpExt:ListenOverflows") ?
				 "No accept queue overflowed here." :
				 "Whether one overflowed is not known here.");
	return because(
		q, OPINION_IRRELEVANT,
		"It cuts the backlog of listen(), 4096 since Linux 5.4. %s It has nothing to do "
		"with ports. %s",
		happened, now);
}

enum opinion advice_on_abort(const struct question *q)
{
	char now[NOW_LEN];

	return because(q, OPINION_DANGEROUS,
		       "1 resets clients when an accept queue is full; with 0 they try again and "
		       "notice a delay only. %s",
		       now_text(q, "net.ipv4.tcp_abort_on_overflow", now));
}

enum opinion advice_on_conntrack(const struct question *q)
{
	int64_t count = now_is(q, CONNTRACK "count"), most = now_is(q, CONNTRACK "max");
	char now[NOW_LEN];

	if (most <= 0 || count < 0)
		return because(
			q, OPINION_IRRELEVANT,
			"nf_conntrack is not loaded here, has no bound, or can't be read. Its 120 s of "
			"time_wait are its own: no socket and no port hangs on them.");
	now_text(q, CONNTRACK "tcp_timeout_time_wait", now);
	if (count * 4 >= most * 3)
		return because(q, OPINION_TRUE,
			       "The table has %" PRId64 " of %" PRId64
			       " entries, and a shorter timeout "
			       "of time_wait empties it faster. It frees no local port. %s",
			       count, most, now);
	return because(q, OPINION_IRRELEVANT,
		       "The table has %" PRId64 " of %" PRId64
		       " entries; its timeouts are its own and "
		       "free no local port. %s",
		       count, most, now);
}

enum opinion advice_on_linger(const struct question *q)
{
	return because(
		q, OPINION_DANGEROUS,
		"A RST instead of a FIN: no TIME_WAIT, and what the peer has not read yet is "
		"lost without a word. Let the peer close first, or keep connections open.");
}

enum opinion advice_on_udp(const struct question *q)
{
	return because(
		q, OPINION_FALSE,
		"Another protocol, and no cure: a connected UDP socket takes an ephemeral port "
		"as well, and what TCP did is then to be written anew.");
}

enum opinion advice_on_version(const struct question *q)
{
	return because(
		q, OPINION_FALSE,
		"There is no such thing: TCP has no versions (RFC 9293), and none numbered 4.2. "
		"IP has 4 and 6, and both have the same ports.");
}
