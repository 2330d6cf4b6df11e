// SPDX-License-Identifier: GPL-2.0-or-later
/* Closes by FIN: who goes first, in which halves, and where an orphan waits. */
#include "traffic.h"

#include <netinet/tcp.h>
#include <string.h>

void run_shutdown_halves(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT2);
	end_read_eof(second);
	end_send(second, 100);
	end_close(second);
	end_read(first, 100);
	end_read_eof(first);
	end_close(first);
}

/*
 * Both ends send their FIN before they have seen the other's: the second one is
 * deaf meanwhile. The first gets a FIN that does not acknowledge its own
 * (CLOSING); its repeated FIN then acknowledges the other's.
 */
void run_simultaneous(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_filter(second, FILTER_ALL);
	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT1);
	end_shutdown(second);
	end_await_state(first, TCP_CLOSING);
	end_await_state(second, TCP_FIN_WAIT1);
	end_filter(second, FILTER_NONE);
	end_await_state(first, TCP_CLOSE);
	end_await_state(second, TCP_CLOSE);
	end_close(first);
	end_close(second);
	stage->attempts++;
	stage->simultaneous++;
}

/* Both ends hold a minisock only if neither FIN had been seen when the other left. */
static bool both_wait(const struct connection *conn)
{
	const struct end *client = &conn->client, *server = &conn->server;
	unsigned client_port = address_port(&client->addr), port = address_port(&server->addr);

	return view_tuple(client->actor->view, client_port, port).minisock &&
	       view_tuple(server->actor->view, port, client_port).minisock;
}

/*
 * The race proper, in which both ends may see CLOSING. Repeated until --count
 * succeeded, with a bound; attempts and successes are in the truth.
 */
void run_simultaneous_race(struct stage *stage)
{
	unsigned bound = 200 + 20 * stage->opts->count;
	struct request req = { .op = OP_GATE_CLOSE };

	while (stage->simultaneous < stage->opts->count && stage->attempts < bound) {
		struct connection *conn = stage_connect(stage);
		int client_fd = conn->client.fd;

		stage->attempts++;
		req.arg = 2 * stage->attempts;
		req.fd = conn->server.fd;
		actor_tell(stage->server, &req, -1);
		req.fd = client_fd;
		actor_tell(stage->client, &req, -1);
		actor_await(stage->server, NULL);
		actor_await(stage->client, NULL);
		end_closed_by_kernel(&conn->client);
		end_closed_by_kernel(&conn->server);
		stage_settle(stage);
		stage->simultaneous += both_wait(conn);
	}
}

/* A socket connected to itself: its FIN meets itself on the way. */
void run_self_close(struct stage *stage)
{
	struct sockaddr_storage self = shared->server[0];
	struct connection *conn;

	/* the port was the listener's until a moment ago, so it is free; the last one is not */
	shared->ports[0] += !!stage->nr_conns;
	address_set_port(&self, shared->ports[0]);
	conn = stage_dial(stage, &self, CONNECT_REUSE);
	if (conn->client.error)
		die("cannot connect to itself: %s", strerror(conn->client.error));
	end_close(&conn->client);
	end_await_tuple(&conn->client, &conn->server, TCP_TIME_WAIT, true);
}

/* close() in FIN_WAIT2 makes the minisock in process context; the FIN comes later. */
void run_close_in_fin_wait2(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT2);
	end_close(first);
	end_await_tuple(first, second, TCP_FIN_WAIT2, true);
	first->state = "FIN_WAIT2";
	second->state = "CLOSE_WAIT";
	stage_hold(stage);
	end_read_eof(second);
	end_close(second);
	end_await_tuple(first, second, TCP_TIME_WAIT, true);
}

void run_orphan_fin_wait2(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_close(first);
	end_await_tuple(first, second, TCP_FIN_WAIT2, true);
	first->state = "FIN_WAIT2";
	second->state = "CLOSE_WAIT";
	stage_hold(stage);
	end_read_eof(second);
	end_close(second);
	end_await_tuple(first, second, TCP_TIME_WAIT, true);
}

/* tcp_fin_timeout over 60 s: a full socket first, a minisock for the rest. */
void run_fin_timeout_handover(struct stage *stage)
{
	struct connection *conn;
	struct end *first, *second;

	netns_sysctl("tcp_fin_timeout", "62");
	conn = stage_connect(stage);
	first = stage_first(stage, conn);
	second = stage_second(stage, conn);
	end_close(first);
	end_await_tuple(first, second, TCP_FIN_WAIT2, false);
	end_await_tuple(first, second, TCP_FIN_WAIT2, true);
	end_read_eof(second);
	end_close(second);
	end_await_tuple(first, second, TCP_TIME_WAIT, true);
}
