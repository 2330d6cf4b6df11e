// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports that are asked for by number or taken by bind(), and who has them already. */
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

/* A port that tw-server has. */
struct held {
	struct sockaddr_storage addr;
	int fd;			/* -1: closed */
	struct connection *conn;
};

static struct reply on_socket(struct actor *actor, enum op op, int fd, int64_t arg)
{
	struct request req = { .op = op, .fd = fd, .arg = arg };

	return actor_ask(actor, &req);
}

static struct reply must(struct actor *actor, enum op op, int fd, int64_t arg)
{
	struct reply rep = on_socket(actor, op, fd, arg);

	if (rep.error)
		die("%s: socket: %s", actor->comm, strerror(rep.error));
	return rep;
}

static struct reply bind_at(struct actor *actor, const struct sockaddr_storage *addr, bool reuse)
{
	struct request req = { .op = OP_BIND, .addr = *addr, .arg = reuse ? BIND_REUSE : 0 };

	return actor_ask(actor, &req);
}

static void hold_bound(struct stage *stage, struct held *held, bool reuse)
{
	struct reply rep = bind_at(stage->server, &shared->server[0], reuse);

	if (rep.error)
		die("bind: %s", strerror(rep.error));
	*held = (struct held){ .addr = rep.local, .fd = rep.fd };
}

static void hold_listener(struct stage *stage, struct held *held, bool reuse)
{
	hold_bound(stage, held, reuse);
	must(stage->server, OP_START_LISTEN, held->fd, 0);
}

/* What accept() gives has its listener's SO_REUSEADDR, and the port after the listener's end. */
static void hold_connection(struct stage *stage, struct held *held, bool reuse)
{
	struct request dial = { .op = OP_CONNECT };
	struct end *client, *server;
	struct reply rep;

	hold_listener(stage, held, reuse);
	held->conn = stage_connection(stage);
	client = &held->conn->client;
	server = &held->conn->server;
	dial.addr = server->addr = held->addr;
	rep = actor_ask(stage->client, &dial);
	if (rep.error)
		die("cannot connect: %s", strerror(rep.error));
	client->fd = rep.fd;
	client->addr = rep.local;
	server->fd = must(stage->server, OP_ACCEPT, held->fd, 0).fd;
	must(stage->server, OP_CLOSE, held->fd, 0);
	held->fd = -1;
}

static void hold_time_wait(struct stage *stage, struct held *held, bool reuse)
{
	hold_connection(stage, held, reuse);
	end_close(&held->conn->server);
	end_read_eof(&held->conn->client);
	end_close(&held->conn->client);
	end_await_tuple(&held->conn->server, &held->conn->client, TCP_TIME_WAIT, true);
}

/* In this order the client keeps the TIME_WAIT. */
static void let_go(struct stage *stage, struct held *held)
{
	if (held->fd >= 0)
		must(stage->server, OP_CLOSE, held->fd, 0);
	if (held->conn && held->conn->server.fd >= 0) {
		end_close(&held->conn->client);
		end_read_eof(&held->conn->server);
		end_close(&held->conn->server);
	}
}

static void note(struct stage *stage, const struct bind_try *bind)
{
	if (stage->nr_binds == MAX_BINDS)
		die("more than %d binds", MAX_BINDS);
	stage->binds[stage->nr_binds++] = *bind;
}

typedef void hold_fn(struct stage *stage, struct held *held, bool reuse);

/* @sharing: two may have it where both set SO_REUSEADDR (inet_bind_conflict()). */
static void ask_for(struct stage *stage, const struct held *held, hold_fn *hold, bool sharing,
		    struct bind_try *bind)
{
	int expected = sharing && bind->old_reuse && bind->new_reuse ? 0 : EADDRINUSE;
	struct reply rep = bind_at(stage->client, &held->addr, bind->new_reuse);

	if (!rep.error && expected && hold == hold_time_wait)
		begin_anew(stage->server->comm, "ended before its port was asked for");
	if (rep.error != expected)
		die("bind beside a %s: error %d, not %d", bind->holder, rep.error, expected);
	if (!rep.error)
		must(stage->client, OP_CLOSE, rep.fd, 0);
	bind->port = address_port(&held->addr);
	bind->error = rep.error;
	note(stage, bind);
}

/* What is held is held until all has been asked for, so that it can be looked at. */
static void ask_four_ways(struct stage *stage, const char *holder, hold_fn *hold, bool sharing)
{
	struct held held[4];

	for (unsigned i = 0; i < 4; i++) {
		struct bind_try bind = { .call = "bind",
					 .holder = holder,
					 .old_reuse = i & 1,
					 .new_reuse = i & 2 };

		hold(stage, &held[i], bind.old_reuse);
		ask_for(stage, &held[i], hold, sharing, &bind);
	}
	stage_hold(stage);
	for (unsigned i = 0; i < 4; i++)
		let_go(stage, &held[i]);
}

void run_bind_listener(struct stage *stage)
{
	ask_four_ways(stage, "listener", hold_listener, false);
}

void run_bind_connection(struct stage *stage)
{
	ask_four_ways(stage, "connection", hold_connection, true);
}

void run_bind_time_wait(struct stage *stage)
{
	ask_four_ways(stage, "time_wait", hold_time_wait, true);
}

void run_bind_bound(struct stage *stage)
{
	ask_four_ways(stage, "bound", hold_bound, true);
}

void run_listen_in_use(struct stage *stage)
{
	struct bind_try bind = { .call = "listen",
				 .holder = "listener",
				 .old_reuse = true,
				 .new_reuse = true };
	struct held held;
	struct reply rep;
	int fd;

	hold_bound(stage, &held, true);
	fd = bind_at(stage->client, &held.addr, true).fd;
	must(stage->server, OP_START_LISTEN, held.fd, 0);
	rep = on_socket(stage->client, OP_START_LISTEN, fd, 0);
	if (rep.error != EADDRINUSE)
		die("listen: error %d, not EADDRINUSE", rep.error);
	must(stage->client, OP_CLOSE, fd, 0);
	bind.port = address_port(&held.addr);
	bind.error = rep.error;
	note(stage, &bind);
	stage_hold(stage);
	let_go(stage, &held);
}

/* Each goes from LISTEN to CLOSE as a listen() that fails does, and may listen again. */
void run_listener_ends(struct stage *stage)
{
	struct held held;

	hold_listener(stage, &held, true);
	must(stage->server, OP_SHUTDOWN, held.fd, 1);
	must(stage->server, OP_START_LISTEN, held.fd, 0);
	must(stage->server, OP_DISCONNECT, held.fd, 0);
	let_go(stage, &held);
	hold_listener(stage, &held, true);
	let_go(stage, &held);
}

static void close_all(struct stage *stage, struct connection *conns[], unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		end_close(stage_first(stage, conns[i]));
		end_read_eof(stage_second(stage, conns[i]));
		end_close(stage_second(stage, conns[i]));
	}
}

/* @flags: of the binds that take all ports. --count connects elsewhere end with @expected. */
static void bind_then_go_elsewhere(struct stage *stage, int flags, int expected)
{
	struct bind_try try = { .call = "connect", .holder = "connection", .error = expected };
	struct request dial = { .op = OP_CONNECT };
	struct connection *fine[4];
	struct held elsewhere;
	struct reply rep;

	/* its own port shall be none of the four, nor these those of addr_not_avail */
	hold_listener(stage, &elsewhere, true);
	netns_sysctl("ip_local_port_range", "40004 40007");
	for (int i = 0; i < 4; i++)
		fine[i] = stage_connect_from(stage, &shared->server[0], flags);
	dial.addr = elsewhere.addr;
	for (unsigned i = 0; i < stage->opts->count; i++) {
		rep = actor_ask(stage->client, &dial);
		if (rep.error != expected)
			die("connect elsewhere: error %d, not %d", rep.error, expected);
		shared->failed += rep.error != 0;
		shared->connect_errno = rep.error;
		if (!rep.error)
			must(stage->client, OP_CLOSE, rep.fd, 0);
	}
	try.port = address_port(&elsewhere.addr);
	note(stage, &try);
	close_all(stage, fine, 4);
	let_go(stage, &elsewhere);
}

void run_binds_starve(struct stage *stage)
{
	bind_then_go_elsewhere(stage, CONNECT_TAKE_PORT, EADDRNOTAVAIL);
}

void run_binds_cured(struct stage *stage)
{
	bind_then_go_elsewhere(stage, 0, 0);
}

void run_own_range(struct stage *stage)
{
	struct connection *fine[4], *conn;

	for (int i = 0; i < 4; i++) {
		fine[i] = stage_dial(stage, NULL, CONNECT_OWN_RANGE);
		if (fine[i]->client.error == ENOPROTOOPT)
			cannot("give a socket its own range of ports", ENOPROTOOPT);
		if (fine[i]->client.error)
			die("cannot connect: %s", strerror(fine[i]->client.error));
		stage_accept(stage, fine[i], stage->server);
	}
	for (unsigned i = 0; i < stage->opts->count; i++) {
		conn = stage_dial(stage, NULL, CONNECT_OWN_RANGE);
		if (conn->client.error != EADDRNOTAVAIL)
			die("connect: error %d, not EADDRNOTAVAIL", conn->client.error);
		end_closed_by_kernel(&conn->client);
	}
	close_all(stage, fine, 4);
}

void run_timed(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);

	close_all(stage, &conn, 1);
}

/* The listener is deaf until the first SYN has come; the second one comes a second later. */
void run_syn_again(struct stage *stage)
{
	struct connection *conn;

	must(stage->server, OP_FILTER, shared->listeners[0], FILTER_ALL);
	conn = stage_dial(stage, NULL, CONNECT_START);
	end_await_state(&conn->client, TCP_SYN_SENT);
	must(stage->server, OP_FILTER, shared->listeners[0], FILTER_NONE);
	end_await_state(&conn->client, TCP_ESTABLISHED);
	stage_accept(stage, conn, stage->server);
	conn->client.took_us = 0;
	close_all(stage, &conn, 1);
}
