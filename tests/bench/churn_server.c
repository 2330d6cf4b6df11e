// SPDX-License-Identifier: GPL-2.0-or-later
/* The servers: accept, wait for the end of it or make it, close. */
#include "churn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

enum {
	CREDIT_PORTION = 128,
	OVER = UINT32_MAX,	/* beside the numbers of ports: the client's last word */
	PATIENCE_MS = 10000,	/* for a connection that was made and does not come */
};

static int listen_on(unsigned int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 65535))
		die("cannot listen on port %u: %s", port, strerror(errno));
	return fd;
}

static void serve(struct churn *churn, unsigned int thread, unsigned int port, int fd,
		  const struct sockaddr_in *peer)
{
	uint32_t remote = ntohl(peer->sin_addr.s_addr) - INADDR_LOOPBACK;
	struct churn_side *side = &churn->servers;
	uint64_t portion = CREDIT_PORTION;

	if (!churn->opts.server_first && !churn_drain(fd))
		side->cut[thread]++;
	close(fd);
	side->ports[port]++;
	if (remote < churn->opts.remotes)
		side->remotes[thread][remote]++;
	else
		side->odd_remotes[thread]++;
	if (++side->total[thread] % CREDIT_PORTION == 0 &&
	    write(churn->pairs[thread].credit_fd, &portion, sizeof(portion)) < 0)
		die("eventfd: %s", strerror(errno));
}

static void accept_all(struct churn *churn, unsigned int thread, unsigned int port)
{
	struct sockaddr_in peer = { 0 };
	socklen_t len = sizeof(peer);
	int fd;

	for (;;) {
		fd = accept4(churn->listeners[port], (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
		if (fd >= 0)
			serve(churn, thread, port, fd, &peer);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED)
			die("accept: %s", strerror(errno));
	}
}

static void await(int epoll, int fd, uint32_t number)
{
	struct epoll_event want = { .events = EPOLLIN, .data.u32 = number };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want))
		die("epoll_ctl: %s", strerror(errno));
}

static void *run_server(void *arg)
{
	struct churn_job *job = arg;
	struct churn *churn = job->churn;
	unsigned int thread = job->number;
	struct churn_pair *pair = &churn->pairs[thread];
	const uint64_t *accepted = &churn->servers.total[thread];
	int epoll = epoll_create1(EPOLL_CLOEXEC), nr;
	struct epoll_event ready[64];
	bool over = false;

	for (unsigned int port = thread; port < churn->opts.ports; port += churn->opts.threads)
		await(epoll, churn->listeners[port], port);
	await(epoll, pair->over_fd, OVER);
	while (!over || *accepted < pair->connected) {
		nr = epoll_wait(epoll, ready, 64, over ? PATIENCE_MS : -1);
		if (over && !nr)
			break;		/* the report will say what is missing */
		for (int i = 0; i < nr; i++) {
			if (ready[i].data.u32 != OVER) {
				accept_all(churn, thread, ready[i].data.u32);
			} else {
				over = true;
				epoll_ctl(epoll, EPOLL_CTL_DEL, pair->over_fd, NULL);
			}
		}
	}
	close(epoll);
	return NULL;
}

void churn_servers(struct churn *churn)
{
	prctl(PR_SET_NAME, "churn-server");
	for (unsigned int i = 0; i < churn->opts.ports; i++)
		churn->listeners[i] = listen_on(churn->opts.first_port + i);
	if (write(churn->listening[1], "", 1) != 1)
		die("pipe: %s", strerror(errno));
	churn_threads(churn, run_server);
	exit(EXIT_SUCCESS);
}
