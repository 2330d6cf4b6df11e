// SPDX-License-Identifier: GPL-2.0-or-later
/* One end of a connection: what its actor is told to do, and what is waited for. */
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct reply ask(struct end *end, enum op op, int64_t arg)
{
	struct request req = { .op = op, .fd = end->fd, .arg = arg };

	return actor_ask(end->actor, &req);
}

static struct reply must(struct end *end, enum op op, int64_t arg, const char *what)
{
	struct reply rep = ask(end, op, arg);

	if (rep.error)
		die("%s: cannot %s: %s", end->actor->comm, what, strerror(rep.error));
	return rep;
}

struct reply end_ask(struct end *end, enum op op)
{
	return ask(end, op, 0);
}

/* The first call that begins the end is what a tracer can attribute. */
static void note_closer(struct end *end)
{
	if (end->closer)
		return;
	end->closer = end->actor->pid;
	snprintf(end->closer_comm, sizeof(end->closer_comm), "%s", end->actor->comm);
}

void end_close(struct end *end)
{
	note_closer(end);
	must(end, OP_CLOSE, 0, "close");
	end->fd = -1;
}

void end_closed_by_kernel(struct end *end)
{
	note_closer(end);
	end->fd = -1;
}

void end_shutdown(struct end *end)
{
	note_closer(end);
	must(end, OP_SHUTDOWN, 0, "shut down");
}

void end_send(struct end *end, size_t bytes)
{
	must(end, OP_SEND, bytes, "send");
}

void end_read(struct end *end, size_t bytes)
{
	struct reply rep = must(end, OP_READ, bytes, "read");

	if (rep.result != (int64_t)bytes)
		die("%s: %lld of %zu bytes came", end->actor->comm, (long long)rep.result, bytes);
}

void end_read_eof(struct end *end)
{
	if (must(end, OP_READ, 1, "read the end").result)
		die("%s: data where the end was expected", end->actor->comm);
}

void end_linger0(struct end *end)
{
	must(end, OP_LINGER0, 0, "set SO_LINGER");
}

void end_option(struct end *end, int level, int name, int value)
{
	struct request req = {
		.op = OP_OPTION,
		.fd = end->fd,
		.arg = level,
		.arg2 = name,
		.arg3 = value,
	};
	struct reply rep = actor_ask(end->actor, &req);

	if (rep.error)
		die("%s: cannot set option %d: %s", end->actor->comm, name, strerror(rep.error));
}

void end_filter(struct end *end, enum filter filter)
{
	must(end, OP_FILTER, filter, "set a socket filter");
}

void end_await_state(struct end *end, int state)
{
	uint64_t until = now_ms() + BOUND_MS;
	int64_t now;

	while ((now = must(end, OP_STATE, 0, "ask for the state").result) != state) {
		if (now_ms() > until)
			die("%s: in state %lld, not %d", end->actor->comm, (long long)now, state);
		poll_pause(1);
	}
}

/* SO_ERROR, for in CLOSE_WAIT a read shows the peer's FIN and hides its RST. */
void end_await_error(struct end *end, int expected)
{
	end_await_state(end, TCP_CLOSE);
	end->error = must(end, OP_ERROR, 0, "ask for the error").result;
	if (end->error != expected)
		die("%s: error %d, not %d", end->actor->comm, end->error, expected);
}

void end_await_unread(struct end *end, size_t bytes)
{
	must(end, OP_UNREAD, bytes, "await data");
}

static struct tuple_state look(const struct end *end, const struct end *peer)
{
	return view_tuple(end->actor->view, address_port(&end->addr), address_port(&peer->addr));
}

void end_await_tuple(const struct end *end, const struct end *peer, int state, bool minisock)
{
	uint64_t until = now_ms() + BOUND_MS;
	struct tuple_state now;

	for (;;) {
		now = look(end, peer);
		if (now.state == state && now.minisock == minisock)
			return;
		/* a pair that has been closed keeps a socket until its minisock ends */
		if (minisock && !now.state)
			begin_anew(end->actor->comm, view_grown(end->actor->view, "OutRsts") ?
							     "was ended by a RST" :
							     "ended before anyone looked");
		if (now_ms() > until)
			die("%s: %s in state %d, not %d", end->actor->comm,
			    now.minisock ? "minisock" : "socket", now.state, state);
		poll_pause(5);
	}
}

/* Less and less long, the nearer a timer comes: in the end it may be some seconds late. */
static void pause_for_timer(unsigned left_ms)
{
	unsigned half = left_ms / 2;

	poll_pause(half > 1000 ? 1000 : half < 20 ? 20 : half);
}

static uint64_t await_end_of(const struct end *end, const struct end *peer, bool minisocks,
			     unsigned bound_ms)
{
	uint64_t begin = now_ms();
	struct tuple_state now;

	while ((now = look(end, peer)).state && (minisocks || !now.minisock)) {
		if (now_ms() > begin + bound_ms)
			die("%s: still in state %d after %u ms", end->actor->comm, now.state,
			    bound_ms);
		if (bound_ms > BOUND_MS)
			pause_for_timer(now.left_ms);
		else
			poll_pause(1);
	}
	return now_ms() - begin;
}

uint64_t end_await_gone(const struct end *end, const struct end *peer, unsigned bound_ms)
{
	return await_end_of(end, peer, true, bound_ms);
}

uint64_t end_await_full_gone(const struct end *end, const struct end *peer, unsigned bound_ms)
{
	return await_end_of(end, peer, false, bound_ms);
}

void end_await_left(const struct end *end, const struct end *peer, unsigned left_ms)
{
	uint64_t until = now_ms() + BOUND_MS;
	struct tuple_state now;

	while ((now = look(end, peer)).left_ms > left_ms) {
		if (now_ms() > until)
			die("%s: its timer does not run", end->actor->comm);
		pause_for_timer(now.left_ms - left_ms);
	}
}

void end_destroy(const struct end *end, const struct end *peer)
{
	struct request req = { .op = OP_DESTROY, .source = end->addr, .addr = peer->addr };
	struct reply rep = actor_ask(end->actor, &req);

	if (rep.error == EOPNOTSUPP)
		cannot("destroy a minisock", rep.error);
	if (rep.error)
		die("%s: cannot destroy its minisock: %s", end->actor->comm, strerror(rep.error));
}
