// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens so many sockets, and holds them until it is told to end. */
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"

/* So few to one address and port that the local ports suffice. */
enum { PORTS = 10, FIRST_PORT = 10000, REMOTES = 4096 };

static const char usage[] =
	"usage: hold --sockets N [--ready-fd FD]\n"
	"Holds N ESTABLISHED sockets, both ends of N / 2 connections over loopback, in a\n"
	"network namespace of its own, until SIGTERM or SIGINT. When all are there a line\n"
	"is written to FD.\n";

static int listeners[PORTS];

static void listen_all(void)
{
	for (int i = 0; i < PORTS; i++) {
		struct sockaddr_in addr = { .sin_family = AF_INET,
					    .sin_port = htons(FIRST_PORT + i) };

		listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (listeners[i] < 0 ||
		    bind(listeners[i], (struct sockaddr *)&addr, sizeof(addr)) ||
		    listen(listeners[i], 64))
			die("cannot listen on port %d: %s", FIRST_PORT + i, strerror(errno));
	}
}

static void open_pair(unsigned int number)
{
	int port = number % PORTS, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in peer = {
		.sin_family = AF_INET,
		.sin_port = htons(FIRST_PORT + port),
		.sin_addr = { htonl(INADDR_LOOPBACK + number / PORTS % REMOTES) },
	};

	if (fd < 0 || connect(fd, (struct sockaddr *)&peer, sizeof(peer)))
		die("connection %u: %s", number, strerror(errno));
	if (accept4(listeners[port], NULL, NULL, SOCK_CLOEXEC) < 0)
		die("accept of connection %u: %s", number, strerror(errno));
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
	raise_file_limit(sockets + PORTS + 64);
	enter_own_netns();
	listen_all();
	for (unsigned int i = 0; i < sockets / 2; i++)
		open_pair(i);
	say_ready(ready_fd);
	wait_for_signal(signal_fd);
	return EXIT_SUCCESS;
}
