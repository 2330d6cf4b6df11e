// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens so many sockets, and holds them until it is told to end. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

/*
 * A process: as many as the limit of open files allows, to ports of its own. Few remote
 * hosts, so that what they cost is not taken for what a socket costs.
 */
enum { PORTS = 10, FIRST_PORT = 10000, REMOTES = 16, SPARE_FILES = 64, MAX_HOLDERS = 2000 };

static const char usage[] =
	"usage: hold --sockets N [--ready-fd FD]\n"
	"Holds N ESTABLISHED sockets, both ends of N / 2 connections over loopback, in a\n"
	"network namespace of its own, until SIGTERM or SIGINT. When all are there a line\n"
	"is written to FD.\n";

static int listeners[PORTS];
static pid_t holders[MAX_HOLDERS];
static unsigned int nr_holders;

static void listen_all(int first_port)
{
	for (int i = 0; i < PORTS; i++) {
		struct sockaddr_in addr = { .sin_family = AF_INET,
					    .sin_port = htons(first_port + i) };

		listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (listeners[i] < 0 ||
		    bind(listeners[i], (struct sockaddr *)&addr, sizeof(addr)) ||
		    listen(listeners[i], 64))
			die("cannot listen on port %d: %s", first_port + i, strerror(errno));
	}
}

static void open_pair(int first_port, unsigned int number)
{
	int port = number % PORTS, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in peer = {
		.sin_family = AF_INET,
		.sin_port = htons(first_port + port),
		.sin_addr = { htonl(INADDR_LOOPBACK + number / PORTS % REMOTES) },
	};

	if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		die("connection %u: %s", number, strerror(errno));
	if (accept4(listeners[port], NULL, NULL, SOCK_CLOEXEC) < 0)
		die("accept of connection %u: %s", number, strerror(errno));
}

/* A process that opens so many and holds them until it is killed; returns when it has them. */
static pid_t start_holder(int first_port, uint64_t sockets)
{
	int done[2];
	char byte;
	pid_t pid;

	if (pipe2(done, O_CLOEXEC))
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid) {
		close(done[1]);
		if (read(done[0], &byte, 1) != 1)
			exit(EXIT_FAILURE); /* it has said why */
		close(done[0]);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	listen_all(first_port);
	for (unsigned int i = 0; i < sockets / 2; i++)
		open_pair(first_port, i);
	say_ready(done[1]);
	for (;;)
		pause();
}

static void start_holders(uint64_t sockets, uint64_t files)
{
	uint64_t most = (files - SPARE_FILES) & ~1ULL;

	for (nr_holders = 0; sockets > 1; nr_holders++) {
		uint64_t now = sockets < most ? sockets : most;

		if (nr_holders == MAX_HOLDERS)
			die("too many sockets where a process may have %llu files",
			    (unsigned long long)files);
		holders[nr_holders] = start_holder(FIRST_PORT + nr_holders * PORTS, now);
		sockets -= now;
	}
}

static void end_holders(void)
{
	for (unsigned int i = 0; i < nr_holders; i++)
		kill(holders[i], SIGKILL);
	while (wait(NULL) > 0)
		continue;
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "sockets", required_argument, NULL, 's' },
		{ "ready-fd", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	uint64_t sockets = 0;
	int key, ready_fd = -1, signal_fd;

	while ((key = getopt_long(argc, argv, "", table, NULL)) != -1) {
		switch (key) {
		case 's':
			sockets = parse_number("sockets", optarg, 2, 1 << 24);
			break;
		case 'r':
			ready_fd = parse_number("ready-fd", optarg, 0, 1 << 20);
			break;
		default:
			fputs(usage, key == 'h' ? stdout : stderr);
			return key == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	if (!sockets)
		die("--sockets says how many");
	signal_fd = signals_as_fd();
	enter_own_netns();
	start_holders(sockets, raise_file_limit(sockets + PORTS + SPARE_FILES));
	say_ready(ready_fd);
	wait_for_signal(signal_fd);
	end_holders();
	return EXIT_SUCCESS;
}
