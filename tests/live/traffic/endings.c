// SPDX-License-Identifier: GPL-2.0-or-later
/* How TIME_WAIT ends: taken over, reopened, shot dead, or simply over; and where it has no room. */
#include "traffic.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 10, REFUSED = 5 };
/* TCP_TIMEWAIT_LEN, and a little more than a turn of the timer wheel at HZ=250. */
enum { DUE_MS = 60000, TURN_MS = 2100 };

static void close_both(struct stage *stage, struct connection *conn)
{
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_close(first);
	end_read_eof(second);
	end_close(second);
}

static struct connection *close_in_order(struct stage *stage, struct connection *conn)
{
	close_both(stage, conn);
	end_await_tuple(stage_first(stage, conn), stage_second(stage, conn), TCP_TIME_WAIT, true);
	return conn;
}

/* A client that names its port takes over its own TIME_WAIT at once. */
void run_time_wait_reused(struct stage *stage)
{
	struct connection *conn = stage_connect_from(stage, NULL, CONNECT_REUSE);

	close_in_order(stage, conn);
	close_in_order(stage, stage_connect_from(stage, &conn->client.addr, CONNECT_REUSE));
}

/* The server closed first; a SYN of the same pair reopens its TIME_WAIT. */
void run_time_wait_reopened(struct stage *stage)
{
	struct connection *conn = stage_connect_from(stage, NULL, CONNECT_REUSE);

	close_in_order(stage, conn);
	close_in_order(stage, stage_connect_from(stage, &conn->client.addr, CONNECT_REUSE));
}

/* Assassination: a RST with exactly the expected sequence number. */
void run_time_wait_reset(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);
	struct reply rep = end_ask(second, OP_SEND_SEQ);
	struct request rst = { .op = OP_RAW_RST, .addr = first->addr, .source = second->addr };

	if (rep.error)
		die("cannot ask for the sequence number: %s", strerror(rep.error));
	rst.arg = (uint32_t)(rep.result + 1);	/* the FIN takes one */
	close_in_order(stage, conn);
	rep = actor_ask(second->actor, &rst);
	if (rep.error)
		die("cannot send a RST: %s", strerror(rep.error));
	end_await_tuple(first, second, 0, false);
}

static void wait_for(uint64_t moment_ms)
{
	for (uint64_t now = now_ms(); now < moment_ms; now = now_ms())
		poll_pause(moment_ms - now);
}

/* The kernel chooses the port, of which there is one, and is allowed to take over. */
void run_time_wait_reused_auto(struct stage *stage)
{
	unsigned delay = 1000;

	netns_sysctl("ip_local_port_range", "40000 40000");
	netns_sysctl("tcp_timestamps", "1");
	netns_sysctl("tcp_tw_reuse", "1");
	if (netns_sysctl_if_there("tcp_tw_reuse_delay", "100"))
		delay = 100;
	close_in_order(stage, stage_connect(stage));
	/* the kernel's condition is a time, and nothing shows when it is over */
	wait_for(now_ms() + delay + 50);
	close_in_order(stage, stage_connect(stage));
	if (!view_grown(&stage->client_view, "TWRecycled"))
		begin_anew(stage->client->comm, "was not taken over");
}

/*
 * Each port is connected again when its TIME_WAIT is due already: that is there until the timer
 * wheel turns next. One is taken over before, and has expired afterwards; one that loopback's own
 * RST has ended is neither.
 */
void run_time_wait_overdue(struct stage *stage)
{
	unsigned count = stage->opts->count;
	struct connection **before = calloc(count, sizeof(*before));
	uint64_t *due_ms = calloc(count, sizeof(*due_ms));

	if (!before || !due_ms)
		die("no memory");
	for (unsigned i = 0; i < count; i++) {
		before[i] = stage_connect_from(stage, NULL, CONNECT_REUSE);
		close_both(stage, before[i]);
		due_ms[i] = now_ms() + DUE_MS;
	}
	for (unsigned i = 0; i < count; i++) {
		wait_for(due_ms[i] + TURN_MS * i / count);
		close_both(stage,
			   stage_connect_from(stage, &before[i]->client.addr, CONNECT_REUSE));
	}
	free(before);
	free(due_ms);
}

/* As `ss -K` does. */
void run_time_wait_destroyed(struct stage *stage)
{
	struct connection *conn = close_in_order(stage, stage_connect(stage));
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_destroy(first, second);
	end_await_gone(first, second, BOUND_MS);
}

/* FIN_WAIT2 is waited for with the socket in hand: an orphan would ask for room before. */
static void close_held(struct stage *stage, bool room)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_shutdown(first);
	end_read_eof(second);
	end_close(second);
	end_await_state(first, TCP_CLOSE);
	end_close(first);
	if (room)
		end_await_tuple(first, second, TCP_TIME_WAIT, true);
	else
		end_await_gone(first, second, BOUND_MS);
}

/* Room for so many and no more: the first ones have it. */
void run_time_wait_refused(struct stage *stage)
{
	char limit[16];

	snprintf(limit, sizeof(limit), "%u", view_minisocks(&stage->client_view) + ROOM);
	netns_sysctl("tcp_max_tw_buckets", limit);
	for (int i = 0; i < ROOM + REFUSED; i++)
		close_held(stage, i < ROOM);
	if (view_grown(&stage->client_view, "TCPTimeWaitOverflow") != REFUSED)
		die("tcp_max_tw_buckets refused something else");
}

/* Waited out. */
void run_time_wait_expires(struct stage *stage)
{
	struct connection *conn = close_in_order(stage, stage_connect(stage));

	stage->residence_ms = end_await_gone(stage_first(stage, conn), stage_second(stage, conn),
					     EXPIRY_BOUND_MS);
}
