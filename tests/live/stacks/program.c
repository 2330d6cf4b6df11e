// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connects, accepts and closes in functions of known names and lines, and prints them:
 *
 *   PID connect LINE accept LINE close LINE caller LINE
 *
 *   program [--thread|--main [N]]   built with frame pointers and without; N more times
 *
 * Each function does something after its call, so that none is a jump.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define APART __attribute__((noinline, noclone))

static int connect_line, accept_line, close_line, caller_line;
static volatile int calls;

static APART void do_connect(int fd, const struct sockaddr_in *to)
{
	connect_line = __LINE__ + 1;
	if (connect(fd, (const void *)to, sizeof(*to)))
		err(1, "connect");
	calls++;
}

static APART int do_accept(int listener)
{
	int fd;

	accept_line = __LINE__ + 1;
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		err(1, "accept");
	calls++;
	return fd;
}

/* A part of its caller's code, and a function of its own by its debug information. */
static inline __attribute__((always_inline)) void do_close(int fd)
{
	close_line = __LINE__ + 1;
	if (close(fd))
		err(1, "close");
	calls++;
}

static APART void one_connection(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int server;

	if (bind(listener, (void *)&address, len) || listen(listener, 1) ||
	    getsockname(listener, (void *)&address, &len))
		err(1, "listen");
	caller_line = __LINE__ + 1;
	do_connect(client, &address);
	server = do_accept(listener);
	do_close(client);
	do_close(server);
	calls++;
}

static void *in_thread(void *arg)
{
	prctl(PR_SET_NAME, "tw-threaded");
	one_connection();
	calls++;
	return arg;
}

int main(int argc, char **argv)
{
	bool threaded = argc > 1 && !strcmp(argv[1], "--thread");
	pthread_t thread;

	for (int i = argc > 2 ? atoi(argv[2]) : 0; i > 0; i--)
		one_connection();
	if (threaded) {
		if (pthread_create(&thread, NULL, in_thread, NULL))
			err(1, "pthread_create");
		pthread_join(thread, NULL);
	} else {
		one_connection();
	}
	/* its mappings can be read as long as it lives, and a busy host may be slow to do so */
	usleep(200000);
	printf("%d connect %d accept %d close %d caller %d\n", getpid(), connect_line, accept_line,
	       close_line, caller_line);
	return 0;
}
