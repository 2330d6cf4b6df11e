// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections that never were, binds that fail, listeners that end. */
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

static void expect_error(struct connection *conn, int expected)
{
	struct end *client = &conn->client;

	if (client->error != expected)
		die("connect: error %d, not %d", client->error, expected);
	end_closed_by_kernel(client);
}

static struct reply on_listener(struct stage *stage, enum op op, int64_t arg)
{
	struct request req = { .op = op, .fd = shared->listeners[0], .arg = arg };
	struct reply rep = actor_ask(stage->server, &req);

	if (rep.error)
		die("listener: %s", strerror(rep.error));
	return rep;
}

/* The port was chosen by the kernel for a listener that is gone again. */
void run_refused(struct stage *stage)
{
	expect_error(stage_dial(stage, NULL, 0), ECONNREFUSED);
}

/* A deaf listener is as good as an unreachable host, and needs no routes. */
void run_timed_out(struct stage *stage)
{
	on_listener(stage, OP_FILTER, FILTER_ALL);
	expect_error(stage_dial(stage, NULL, CONNECT_IMPATIENT), ETIMEDOUT);
}

void run_close_in_syn_sent(struct stage *stage)
{
	struct connection *conn;

	on_listener(stage, OP_FILTER, FILTER_ALL);
	conn = stage_dial(stage, NULL, CONNECT_START);
	end_await_state(&conn->client, TCP_SYN_SENT);
	end_close(&conn->client);
}

/* Four ports to call from; --count calls beyond them. */
void run_addr_not_avail(struct stage *stage)
{
	struct connection *fine[4];

	netns_sysctl("ip_local_port_range", "40000 40003");
	for (int i = 0; i < 4; i++)
		fine[i] = stage_connect(stage);
	for (unsigned i = 0; i < stage->opts->count; i++)
		expect_error(stage_dial(stage, NULL, 0), EADDRNOTAVAIL);
	stage_hold(stage);
	for (int i = 0; i < 4; i++) {
		end_close(stage_first(stage, fine[i]));
		end_read_eof(stage_second(stage, fine[i]));
		end_close(stage_second(stage, fine[i]));
	}
}

/* The pair of addresses and ports is taken: EADDRNOTAVAIL with a port chosen. */
void run_tuple_in_use(struct stage *stage)
{
	struct connection *conn = stage_connect_from(stage, NULL, CONNECT_REUSE);

	expect_error(stage_dial(stage, &conn->client.addr, CONNECT_REUSE), EADDRNOTAVAIL);
	stage_hold(stage);
	end_close(&conn->client);
	end_read_eof(&conn->server);
	end_close(&conn->server);
}

void run_bind_in_use(struct stage *stage)
{
	struct request req = { .op = OP_BIND, .addr = shared->server[0] };
	struct reply rep;

	address_set_port(&req.addr, shared->ports[0]);
	rep = actor_ask(stage->client, &req);
	if (rep.error != EADDRINUSE)
		die("bind: error %d, not EADDRINUSE", rep.error);
	shared->failed++;
	shared->connect_errno = rep.error;
}

void run_listener_close(struct stage *stage)
{
	for (unsigned i = 0; i < stage->opts->count; i++) {
		if (i)
			stage_listen(stage);
		on_listener(stage, OP_CLOSE, 0);
	}
}

/* Whoever waits in the accept queue is reset. */
void run_listener_close_pending(struct stage *stage)
{
	for (unsigned i = 0; i < stage->opts->count; i++) {
		struct connection *conn;

		if (i)
			stage_listen(stage);
		conn = stage_dial(stage, NULL, 0);
		if (conn->client.error)
			die("cannot connect: %s", strerror(conn->client.error));
		on_listener(stage, OP_CLOSE, 0);
		end_closed_by_kernel(&conn->server);
		end_await_error(&conn->client, ECONNRESET);
		end_close(&conn->client);
	}
}
