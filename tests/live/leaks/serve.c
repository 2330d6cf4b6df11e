// SPDX-License-Identifier: GPL-2.0-or-later
/* Servers that accept whoever comes, and the plain client. */
#include "leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* At each edge: an end that nobody acts upon is told of once. */
static void watch(int epoll_fd, int fd, unsigned edge)
{
	struct epoll_event event = { .events = EPOLLIN | edge, .data.fd = fd };

	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		die("epoll_ctl: %s", strerror(errno));
}

void serve(int listener, void (*readable)(int fd))
{
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC), count, fd;
	struct epoll_event events[64];

	watch(epoll_fd, listener, 0);
	for (;;) {
		count = epoll_wait(epoll_fd, events, 64, -1);
		for (int i = 0; i < count; i++) {
			if (events[i].data.fd != listener) {
				readable(events[i].data.fd);
				continue;
			}
			fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (fd >= 0)
				watch(epoll_fd, fd, EPOLLET);
			else if (errno != EAGAIN && errno != ECONNABORTED)
				die("accept: %s", strerror(errno));
		}
	}
}

void answer_or_close(int fd)
{
	if (read_some(fd))
		send_request(fd);
	else
		close(fd);
}

void answer_and_close(int fd)
{
	if (read_some(fd))
		send_request(fd);
	close(fd);
}

void answer_and_reset(int fd)
{
	if (read_some(fd))
		send_request(fd);
	close_by_reset(fd);
}

void answer_and_ignore_end(int fd)
{
	if (read_some(fd))
		send_request(fd);
}

static _Noreturn void serve_at(const struct sockaddr_in *addr, void (*readable)(int fd))
{
	int listener = listen_on(addr, 1024);

	ready();
	serve(listener, readable);
}

void echo_server(const struct load *load)
{
	serve_at(&load->here, answer_or_close);
}

void echo_server_2(const struct load *load)
{
	struct sockaddr_in addr = ports_on(&load->here, 1);

	serve_at(&addr, answer_or_close);
}

void closing_server(const struct load *load)
{
	serve_at(&load->here, answer_and_close);
}

void resetting_server(const struct load *load)
{
	serve_at(&load->here, answer_and_reset);
}

void far_deaf_server(const struct load *load)
{
	int fd;

	if (load->far_netns) {
		fd = open(load->far_netns, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || setns(fd, CLONE_NEWNET))
			die("cannot enter '%s': %s", load->far_netns, strerror(errno));
		close(fd);
	}
	serve_at(&load->here, answer_and_ignore_end);
}

static _Noreturn void visit(const struct load *load, const struct sockaddr_in *addr)
{
	struct pace pace;
	int fd;

	pace_init(&pace, load->rate, load->stop_after);
	ready();
	for (;;) {
		pace_wait(&pace);
		fd = dial(addr);
		exchange(fd);
		close(fd);
	}
}

/* One exchange, and a proper end. */
void visitor(const struct load *load)
{
	visit(load, &load->server);
}

void visitor_of_proxy(const struct load *load)
{
	struct sockaddr_in proxy = ports_on(&load->server, 1);

	visit(load, &proxy);
}
