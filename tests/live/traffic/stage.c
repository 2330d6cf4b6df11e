// SPDX-License-Identifier: GPL-2.0-or-later
/* The director's view: actors, connections and their ends, and what is done with them. */
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct shared *shared;

static void shared_init(const struct options *opts)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	shared->want_cookies = opts->cookies;
	shared->family = opts->family;
	shared->nr_hosts = opts->hosts;
	shared->nr_ports = opts->ports;
	for (unsigned i = 0; i < opts->hosts; i++) {
		address_parse(&shared->server[i], opts->family, opts->server);
		address_add(&shared->server[i], i);
	}
	shared->credit_fd = eventfd(0, EFD_CLOEXEC);
	if (shared->credit_fd < 0)
		die("eventfd: %s", strerror(errno));
}

void stage_open(struct stage *stage, struct options *opts)
{
	if (opts->own_netns)
		netns_enter_own();
	shared_init(opts);
	/* an actor's child outlives it in kill9 and the like */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	stage->opts = opts;
	stage->server = &stage->actors[0];
	stage->client = &stage->actors[1];
	stage->other = &stage->actors[2];
	actor_start(stage->server, "tw-server", opts->netns_server, &stage->server_view);
	actor_start(stage->client, "tw-client", opts->netns_client, &stage->client_view);
	view_open(&stage->server_view, stage->server->pid);
	view_open(&stage->client_view, stage->client->pid);
	/* with several server addresses the client takes the same ones, if it can */
	shared->bind_source = opts->hosts > 1 && stage->server->netns == stage->client->netns;
}

static int listen_at(struct stage *stage, unsigned port, unsigned host)
{
	struct request req = { .op = OP_LISTEN, .addr = shared->server[host] };
	struct reply rep;

	address_set_port(&req.addr, shared->ports[port]);
	rep = actor_ask(stage->server, &req);
	if (rep.error)
		die("cannot listen on port %u: %s", shared->ports[port], strerror(rep.error));
	shared->ports[port] = address_port(&rep.local);
	return rep.fd;
}

void stage_listen(struct stage *stage)
{
	const struct options *opts = stage->opts;

	for (unsigned port = 0; port < opts->ports; port++) {
		shared->ports[port] = opts->port ? opts->port + port : 0;
		for (unsigned host = 0; host < opts->hosts; host++)
			shared->listeners[host * opts->ports + port] = listen_at(stage, port, host);
	}
}

void stage_settle(struct stage *stage)
{
	uint64_t until = now_ms() + BOUND_MS;

	while (view_full_sockets(&stage->server_view, shared->ports, shared->nr_ports) ||
	       view_full_sockets(&stage->client_view, shared->ports, shared->nr_ports)) {
		if (now_ms() > until)
			die("connections are still open at the end");
		poll_pause(5);
	}
}

void stage_close(struct stage *stage)
{
	for (int i = MAX_ACTORS - 1; i >= 0; i--)
		if (stage->actors[i].pid)
			actor_exit(&stage->actors[i]);
}

void stage_hold(struct stage *stage)
{
	struct pollfd wait[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	sigset_t stop;
	char buf[64];

	if (!stage->opts->hold || stage->reported)
		return;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigaddset(&stop, SIGINT);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	wait[1] = (struct pollfd){ .fd = signalfd(-1, &stop, SFD_CLOEXEC), .events = POLLIN };
	report_print(stage);
	for (;;) {
		if (poll(wait, 2, -1) < 0)
			continue;
		if (wait[1].revents)
			break;
		if (wait[0].revents && read(STDIN_FILENO, buf, sizeof(buf)) <= 0)
			break;
	}
	close(wait[1].fd);
}

static void end_init(struct end *end, struct actor *actor)
{
	end->actor = actor;
	end->fd = -1;
	end->opener = actor->pid;
}

struct connection *stage_connection(struct stage *stage)
{
	struct connection *conn = calloc(1, sizeof(*conn));

	stage->conns = realloc(stage->conns, (stage->nr_conns + 1) * sizeof(*stage->conns));
	if (!conn || !stage->conns)
		die("out of memory");
	stage->conns[stage->nr_conns++] = conn;
	end_init(&conn->client, stage->client);
	end_init(&conn->server, stage->server);
	return conn;
}

struct connection *stage_dial(struct stage *stage, const struct sockaddr_storage *source, int flags)
{
	unsigned port = stage->nr_conns % shared->nr_ports;
	unsigned host = stage->nr_conns / shared->nr_ports % shared->nr_hosts;
	struct request req = { .op = OP_CONNECT, .arg = flags, .addr = shared->server[host] };
	struct connection *conn = stage_connection(stage);
	struct reply rep;

	address_set_port(&req.addr, shared->ports[port]);
	if (source)
		req.source = *source;
	else if (shared->bind_source)
		req.source = shared->server[host];
	rep = actor_ask(stage->client, &req);
	conn->client.fd = rep.fd;
	conn->client.addr = rep.local;
	conn->client.cookie = rep.cookie;
	conn->client.error = rep.error;
	conn->client.took_us = rep.result;
	conn->server.addr = req.addr;
	return conn;
}

void stage_accept(struct stage *stage, struct connection *conn, struct actor *actor)
{
	int host = address_host(&conn->server.addr), port = 0;
	struct request req = { .op = OP_ACCEPT };
	struct reply rep;

	while (shared->ports[port] != address_port(&conn->server.addr))
		port++;
	(void)stage;
	req.fd = shared->listeners[host * (int)shared->nr_ports + port];
	rep = actor_ask(actor, &req);
	if (rep.error)
		die("%s cannot accept: %s", actor->comm, strerror(rep.error));
	if (address_port(&rep.remote) != address_port(&conn->client.addr))
		die("%s accepted a stranger", actor->comm);
	conn->server.actor = actor;
	conn->server.opener = actor->pid;
	conn->server.fd = rep.fd;
	conn->server.cookie = rep.cookie;
}

struct connection *stage_connect_from(struct stage *stage, const struct sockaddr_storage *source,
				      int flags)
{
	struct connection *conn = stage_dial(stage, source, flags);

	if (conn->client.error)
		die("cannot connect: %s", strerror(conn->client.error));
	stage_accept(stage, conn, stage->server);
	return conn;
}

struct connection *stage_connect(struct stage *stage)
{
	return stage_connect_from(stage, NULL, 0);
}

struct end *stage_first(const struct stage *stage, struct connection *conn)
{
	return stage->opts->by == SIDE_CLIENT ? &conn->client : &conn->server;
}

struct end *stage_second(const struct stage *stage, struct connection *conn)
{
	return stage->opts->by == SIDE_CLIENT ? &conn->server : &conn->client;
}
