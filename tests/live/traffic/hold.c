// SPDX-License-Identifier: GPL-2.0-or-later
/* A host with connections in every state that lasts, for snapshots. */
#include "traffic.h"

#include <netinet/tcp.h>

static void make_time_wait(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_close(first);
	end_read_eof(second);
	end_close(second);
	first->state = "TIME_WAIT";
}

static void make_close_wait(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_close(first);
	first->state = "FIN_WAIT2";
	second->state = "CLOSE_WAIT";
}

static void make_established(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);

	conn->client.state = conn->server.state = "ESTABLISHED";
}

/* What is asked for shall be all there before the truth is told. */
static bool in_place(struct stage *stage)
{
	const struct options *opts = stage->opts;
	unsigned client[NR_TCP_STATES], server[NR_TCP_STATES];
	const unsigned *first = opts->by == SIDE_CLIENT ? client : server;
	const unsigned *second = opts->by == SIDE_CLIENT ? server : client;

	view_states(&stage->client_view, shared->ports, shared->nr_ports, true, client);
	view_states(&stage->server_view, shared->ports, shared->nr_ports, false, server);
	return first[TCP_ESTABLISHED] == opts->count && second[TCP_ESTABLISHED] == opts->count &&
	       first[TCP_FIN_WAIT2] == opts->close_wait &&
	       second[TCP_CLOSE_WAIT] == opts->close_wait &&
	       first[TCP_TIME_WAIT] == opts->time_wait;
}

static void close_open(struct end *end)
{
	if (end->fd >= 0)
		end_close(end);
}

void run_idle_hold(struct stage *stage)
{
	const struct options *opts = stage->opts;
	uint64_t until = now_ms() + BOUND_MS;

	for (unsigned i = 0; i < opts->time_wait; i++)
		make_time_wait(stage);
	for (unsigned i = 0; i < opts->close_wait; i++)
		make_close_wait(stage);
	for (unsigned i = 0; i < opts->count; i++)
		make_established(stage);
	while (!in_place(stage)) {
		if (now_ms() > until)
			die("not all connections came into their states");
		poll_pause(5);
	}
	stage_hold(stage);
	for (unsigned i = 0; i < stage->nr_conns; i++) {
		close_open(stage_first(stage, stage->conns[i]));
		close_open(stage_second(stage, stage->conns[i]));
	}
}
