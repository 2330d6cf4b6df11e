// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections at full speed, each closed by the same side first, counted by both sides. */
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A client that closes first never waits for the server, whose accept queue
 * would run over and cost a second for every lost SYN. So it spends credit.
 */
enum { CREDIT = 2048, CREDIT_PORTION = 256 };

static void spend_credit(uint64_t *credit)
{
	if (!*credit && read(shared->credit_fd, credit, sizeof(*credit)) < 0)
		die("eventfd: %s", strerror(errno));
	--*credit;
}

/* Reads to the end; what comes is not looked at. */
static bool drain(int fd)
{
	char buf[512];
	ssize_t got;

	while ((got = read(fd, buf, sizeof(buf))) > 0)
		continue;
	return got == 0;
}

static bool churn_connect(unsigned port, unsigned host)
{
	struct request req = { .op = OP_CONNECT, .addr = shared->server[host] };
	struct reply rep = { .fd = -1 };

	address_set_port(&req.addr, shared->ports[port]);
	if (shared->bind_source)
		req.source = shared->server[host];
	deed_connect(&req, -1, &rep);
	if (rep.error) {
		shared->failed++;
		shared->connect_errno = rep.error;
		return false;
	}
	shared->connected_by_port[port]++;
	shared->connected_by_host[host]++;
	__atomic_add_fetch(&shared->connected, 1, __ATOMIC_SEQ_CST);
	if (shared->server_first && !drain(rep.fd))
		shared->client_errors++;
	close(rep.fd);
	return true;
}

void churn_client(const struct request *req, int passed_fd, struct reply *rep)
{
	uint64_t credit = CREDIT;

	(void)req, (void)passed_fd, (void)rep;
	for (unsigned i = 0; i < shared->count; i++)
		if (churn_connect(i % shared->nr_ports, i / shared->nr_ports % shared->nr_hosts) &&
		    !shared->server_first)
			spend_credit(&credit);
	__atomic_store_n(&shared->client_done, true, __ATOMIC_SEQ_CST);
}

static void serve(int fd, unsigned port)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	uint64_t portion = CREDIT_PORTION;
	int host;

	if (getpeername(fd, (struct sockaddr *)&peer, &len))
		host = -1;	/* the peer's RST came first */
	else
		host = address_host(&peer);
	shared->accepted_by_port[port]++;
	if (host >= 0)
		shared->accepted_by_host[host]++;
	if (!shared->server_first && !drain(fd))
		shared->server_errors++;
	close(fd);
	if (++shared->accepted % CREDIT_PORTION == 0 && !shared->server_first &&
	    write(shared->credit_fd, &portion, sizeof(portion)) < 0)
		die("eventfd: %s", strerror(errno));
}

static bool all_served(void)
{
	return __atomic_load_n(&shared->client_done, __ATOMIC_SEQ_CST) &&
	       shared->accepted == __atomic_load_n(&shared->connected, __ATOMIC_SEQ_CST);
}

void churn_server(const struct request *req, int passed_fd, struct reply *rep)
{
	unsigned nr_listeners = shared->nr_ports * shared->nr_hosts;
	struct epoll_event ready[64], want = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), nr, fd;

	(void)req, (void)passed_fd, (void)rep;
	for (unsigned i = 0; i < nr_listeners; i++) {
		want.data.u32 = i;
		fcntl(shared->listeners[i], F_SETFL, O_NONBLOCK);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, shared->listeners[i], &want))
			die("epoll_ctl: %s", strerror(errno));
	}
	while (!all_served()) {
		nr = epoll_wait(epoll, ready, 64, 100);
		for (int i = 0; i < nr; i++) {
			unsigned which = ready[i].data.u32;

			while ((fd = accept4(shared->listeners[which], NULL, NULL, SOCK_CLOEXEC)) >=
			       0)
				serve(fd, which % shared->nr_ports);
		}
	}
	close(epoll);
}

void run_churn(struct stage *stage)
{
	struct request serve_all = { .op = OP_CHURN_SERVER }, dial_all = { .op = OP_CHURN_CLIENT };

	shared->count = stage->opts->count;
	shared->server_first = stage->opts->by == SIDE_SERVER;
	actor_tell(stage->server, &serve_all, -1);
	actor_tell(stage->client, &dial_all, -1);
	actor_await(stage->client, NULL);
	actor_await(stage->server, NULL);
}

void run_bucket_overflow(struct stage *stage)
{
	char limit[16];

	/* half of them find room */
	snprintf(limit, sizeof(limit), "%u", stage->opts->count / 2);
	netns_sysctl("tcp_max_tw_buckets", limit);
	run_churn(stage);
}
