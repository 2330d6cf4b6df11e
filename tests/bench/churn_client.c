// SPDX-License-Identifier: GPL-2.0-or-later
/* The clients: connect, close, the next one. */
#include "churn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

static uint64_t take(int eventfd)
{
	uint64_t value;

	while (read(eventfd, &value, sizeof(value)) < 0)
		if (errno != EINTR)
			die("eventfd: %s", strerror(errno));
	return value;
}

static void bind_to(int fd, const struct sockaddr_in *peer)
{
	struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr = peer->sin_addr };
	int one = 1;

	/* the port shall not be taken now: connect() chooses better */
	if (setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&source, sizeof(source)))
		die("bind: %s", strerror(errno));
}

static void count_failure(struct churn *churn, unsigned int thread, int error)
{
	churn->failed[thread][error < MAX_ERRNO ? error : 0]++;
}

/* A signal does not end the attempt: what became of it is the socket's error. */
static int connect_whole(int fd, const struct sockaddr_in *peer)
{
	socklen_t len = sizeof(*peer);

	if (!connect(fd, (const struct sockaddr *)peer, len))
		return 0;
	while (errno == EINTR || errno == EALREADY)
		if (!connect(fd, (const struct sockaddr *)peer, len) || errno == EISCONN)
			return 0;
	return errno;
}

static bool connect_once(struct churn *churn, unsigned int thread, unsigned int port,
			 unsigned int remote)
{
	struct sockaddr_in peer = { .sin_family = AF_INET,
				    .sin_addr = churn_remote(remote),
				    .sin_port = htons(churn->opts.first_port + port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	if (churn->opts.bind_source)
		bind_to(fd, &peer);
	error = connect_whole(fd, &peer);
	if (error) {
		count_failure(churn, thread, error);
	} else {
		churn->clients.ports[port]++;
		churn->clients.remotes[thread][remote]++;
		churn->clients.total[thread]++;
		if (churn->opts.server_first && !churn_drain(fd))
			churn->clients.cut[thread]++;
	}
	close(fd);
	return !error;
}

/*
 * A client that closes first never waits for the server, whose accept queue would
 * run over and cost a second for every lost SYN. So each connection takes credit.
 */
static void *run_client(void *arg)
{
	struct churn_job *job = arg;
	struct churn *churn = job->churn;
	const struct churn_opts *opts = &churn->opts;
	unsigned int thread = job->number, port = thread, remote = 0;
	struct churn_pair *pair = &churn->pairs[thread];
	uint64_t quota = UINT64_MAX, credit = 0, one = 1;

	if (opts->count)
		quota = opts->count / opts->threads + (thread < opts->count % opts->threads);
	take(churn->start_fd);
	churn->begun_ns[thread] = now_ns();
	for (; quota && !atomic_load_explicit(&churn->stop, memory_order_relaxed); quota--) {
		if (!credit)
			credit = take(pair->credit_fd);
		if (connect_once(churn, thread, port, remote))
			credit--;
		port += opts->threads;
		if (port >= opts->ports) {
			port = thread;
			remote = remote + 1 < opts->remotes ? remote + 1 : 0;
		}
	}
	churn->ended_ns[thread] = now_ns();
	pair->connected = churn->clients.total[thread];
	if (write(pair->over_fd, &one, sizeof(one)) < 0)
		die("eventfd: %s", strerror(errno));
	return NULL;
}

void churn_clients(struct churn *churn)
{
	prctl(PR_SET_NAME, "churn-client");
	churn_threads(churn, run_client);
	exit(EXIT_SUCCESS);
}
