// SPDX-License-Identifier: GPL-2.0-or-later
/* Time, and the calls on connections that are no leak's own. */
#include "leaks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SERVER_BOUND_MS = 20000 };	/* for a server to be there */

static const char message[] = "PING\r\n";

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

uint64_t now_ms(void)
{
	return now_us() / 1000;
}

void sleep_ms(unsigned ms)
{
	poll(NULL, 0, ms);
}

unsigned random_below(unsigned bound)
{
	return random() % bound;
}

void rest(void)
{
	for (;;)
		pause();
}

void pace_init(struct pace *pace, double rate, unsigned stop_after)
{
	pace->interval_us = 1e6 / rate;
	pace->next_us = now_us();
	pace->left = stop_after ?: UINT32_MAX;
}

bool pace_due(struct pace *pace)
{
	if (!pace->left || now_us() < pace->next_us)
		return false;
	pace->next_us += pace->interval_us;
	if (pace->left != UINT32_MAX)
		pace->left--;
	return true;
}

void pace_wait(struct pace *pace)
{
	uint64_t now;

	while (!pace_due(pace)) {
		now = now_us();
		if (!pace->left)
			rest();
		else if (now < pace->next_us)
			sleep_ms((pace->next_us - now) / 1000 + 1);
	}
}

struct sockaddr_in ports_on(const struct sockaddr_in *addr, unsigned ports)
{
	struct sockaddr_in higher = *addr;

	higher.sin_port = htons(ntohs(addr->sin_port) + ports);
	return higher;
}

int new_socket(int flags)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0), one = 1;

	if (fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int listen_on(const struct sockaddr_in *addr, int backlog)
{
	int fd = new_socket(0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) || listen(fd, backlog))
		die("cannot listen at port %u: %s", ntohs(addr->sin_port), strerror(errno));
	return fd;
}

/* Nobody listens yet, or did not any more when he was to accept. */
static bool may_come_back(int error)
{
	return error == ECONNREFUSED || error == ECONNRESET || error == ECONNABORTED;
}

int dial(const struct sockaddr_in *addr)
{
	uint64_t end_ms = now_ms() + SERVER_BOUND_MS;
	int fd;

	for (;;) {
		fd = new_socket(0);
		if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))
			return fd;
		if (!may_come_back(errno) || now_ms() > end_ms)
			die("cannot connect to port %u: %s", ntohs(addr->sin_port),
			    strerror(errno));
		close(fd);
		sleep_ms(20);
	}
}

void send_request(int fd)
{
	if (send(fd, message, strlen(message), MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		die("send: %s", strerror(errno));
}

size_t read_some(int fd)
{
	char buf[4096];
	ssize_t len = recv(fd, buf, sizeof(buf), 0);

	return len < 0 ? 0 : len;
}

bool exchange(int fd)
{
	send_request(fd);
	return read_some(fd) > 0;
}

void close_by_reset(int fd)
{
	struct linger at_once = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(fd);
}

void herd_add(struct herd *herd, int fd, uint64_t due_ms)
{
	if (herd->count == sizeof(herd->members) / sizeof(*herd->members))
		die("more than %u connections", herd->count);
	herd->members[herd->count++] = (struct member){ fd, due_ms };
}

int herd_take_due(struct herd *herd)
{
	uint64_t now = now_ms();
	int fd;

	for (unsigned i = 0; i < herd->count; i++)
		if (herd->members[i].due_ms <= now) {
			fd = herd->members[i].fd;
			herd->members[i] = herd->members[--herd->count];
			return fd;
		}
	return -1;
}
