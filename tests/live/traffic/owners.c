// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets whose closer is not their opener, and closes that no program asked for. */
#include "traffic.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

static void close_second(struct end *first, struct end *second)
{
	end_read_eof(second);
	end_close(second);
	end_await_tuple(first, second, TCP_TIME_WAIT, true);
}

/* tw-server listens, its child tw-worker accepts and closes. */
void run_accept_by_other(struct stage *stage)
{
	struct connection *conn;

	if (!stage->other->pid)
		actor_fork(stage->server, stage->other, "tw-worker");
	conn = stage_dial(stage, NULL, 0);
	if (conn->client.error)
		die("cannot connect: %s", strerror(conn->client.error));
	stage_accept(stage, conn, stage->other);
	conn->client.state = conn->server.state = "ESTABLISHED";
	stage_hold(stage);
	end_close(stage_first(stage, conn));
	close_second(stage_first(stage, conn), stage_second(stage, conn));
}

/* The opener's close() does nothing, for its child tw-holder still has the socket. */
static void fork_and_close(struct stage *stage, bool hold_while_shared)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	*stage->other = (struct actor){ 0 };
	actor_fork(first->actor, stage->other, "tw-holder");
	first->state = second->state = "ESTABLISHED";
	if (hold_while_shared)
		stage_hold(stage);
	if (end_ask(first, OP_CLOSE).error)
		die("the opener cannot close its copy");
	first->actor = stage->other;
	end_await_state(first, TCP_ESTABLISHED);
	stage_hold(stage);
	end_close(first);
	close_second(first, second);
	actor_exit(stage->other);
}

void run_fork_holds(struct stage *stage)
{
	fork_and_close(stage, false);
}

void run_fork_shares(struct stage *stage)
{
	fork_and_close(stage, true);
}

/* Hand a socket over by SCM_RIGHTS; the director's own copy lives for a moment only. */
static void pass(struct end *end, struct actor *to)
{
	struct request give = { .op = OP_SEND_FD, .fd = end->fd }, take = { .op = OP_TAKE_FD };
	int fd;

	actor_tell(end->actor, &give, -1);
	actor_await(end->actor, &fd);
	if (fd < 0)
		die("no descriptor came");
	actor_tell(to, &take, fd);
	close_fd(fd);
	if (end_ask(end, OP_CLOSE).error)
		die("the giver cannot close its copy");
	end->fd = actor_await(to, NULL).fd;
	end->actor = to;
}

void run_fd_passing(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);
	const struct options *opts = stage->opts;

	if (!stage->other->pid)
		actor_start(stage->other, "tw-receiver",
			    opts->by == SIDE_CLIENT ? opts->netns_client : opts->netns_server,
			    first->actor->view);
	pass(first, stage->other);
	first->state = second->state = "ESTABLISHED";
	stage_hold(stage);
	end_close(first);
	close_second(first, second);
}

static void die_with_open_sockets(struct stage *stage, void (*end_of)(struct actor *actor))
{
	struct connection **conns = calloc(stage->opts->count, sizeof(*conns));
	unsigned count = stage->opts->count;

	if (!conns)
		die("out of memory");
	for (unsigned i = 0; i < count; i++)
		conns[i] = stage_connect(stage);
	for (unsigned i = 0; i < count; i++)
		end_closed_by_kernel(stage_first(stage, conns[i]));
	end_of(stage_first(stage, conns[0])->actor);
	for (unsigned i = 0; i < count; i++)
		close_second(stage_first(stage, conns[i]), stage_second(stage, conns[i]));
	free(conns);
}

void run_exit_without_close(struct stage *stage)
{
	die_with_open_sockets(stage, actor_exit);
}

void run_kill9(struct stage *stage)
{
	die_with_open_sockets(stage, actor_kill);
}
