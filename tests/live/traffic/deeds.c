// SPDX-License-Identifier: GPL-2.0-or-later
/* What actors do with sockets, one function for each op. Errors travel back as errno. */
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* linux/in.h, from 6.3 on */
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

static socklen_t addr_len(const struct sockaddr_storage *addr)
{
	return addr->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
					    sizeof(struct sockaddr_in6);
}

static void set_int(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		die("setsockopt(%d, %d, %d): %s", level, name, value, strerror(errno));
}

static int new_socket(const struct sockaddr_storage *addr)
{
	int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	return fd;
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ULL + now.tv_nsec / 1000;
}

static bool wait_for(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, BOUND_MS) == 1;
}

static void tell_names(int fd, struct reply *rep)
{
	socklen_t len = sizeof(rep->local);

	getsockname(fd, (struct sockaddr *)&rep->local, &len);
	len = sizeof(rep->remote);
	getpeername(fd, (struct sockaddr *)&rep->remote, &len);
	len = sizeof(rep->cookie);
	if (shared->want_cookies)
		getsockopt(fd, SOL_SOCKET, SO_COOKIE, &rep->cookie, &len);
	rep->fd = fd;
}

void deed_hello(const struct request *req, int passed_fd, struct reply *rep)
{
	struct stat st;

	(void)req, (void)passed_fd;
	if (stat("/proc/thread-self/ns/net", &st))
		rep->error = errno;
	else
		rep->result = st.st_ino;
}

void deed_listen(const struct request *req, int passed_fd, struct reply *rep)
{
	int fd = new_socket(&req->addr);

	(void)passed_fd;
	set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (struct sockaddr *)&req->addr, addr_len(&req->addr)) || listen(fd, 4096)) {
		rep->error = errno;
		close(fd);
		return;
	}
	tell_names(fd, rep);
}

void deed_accept(const struct request *req, int passed_fd, struct reply *rep)
{
	int fd;

	(void)passed_fd;
	if (!wait_for(req->fd, POLLIN)) {
		rep->error = ETIMEDOUT;
		return;
	}
	fd = accept4(req->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		rep->error = errno;
	else
		tell_names(fd, rep);
}

/* An address without a port shall not take one now: connect() chooses better. */
static int bind_source(int fd, const struct sockaddr_storage *source, int64_t flags)
{
	if (!source->ss_family)
		return 0;
	if (!address_port(source) && !(flags & CONNECT_TAKE_PORT))
		set_int(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	return bind(fd, (struct sockaddr *)source, addr_len(source));
}

void deed_connect(const struct request *req, int passed_fd, struct reply *rep)
{
	unsigned own_range = OWN_RANGE;
	int fd = new_socket(&req->addr), err = 0;
	uint64_t begin_us;

	(void)passed_fd;
	if (req->arg & CONNECT_OWN_RANGE)
		err = setsockopt(fd, SOL_IP, IP_LOCAL_PORT_RANGE, &own_range, sizeof(own_range));
	if (req->arg & CONNECT_REUSE)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (req->arg & CONNECT_IMPATIENT)
		set_int(fd, SOL_TCP, TCP_USER_TIMEOUT, 500);
	if (req->arg & CONNECT_START)
		fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!err)
		err = bind_source(fd, &req->source, req->arg);
	begin_us = now_us();
	if (!err)
		err = connect(fd, (struct sockaddr *)&req->addr, addr_len(&req->addr));
	if (err && errno != EINPROGRESS)
		rep->error = errno;
	rep->result = now_us() - begin_us;
	tell_names(fd, rep);
	if (rep->error) {
		close(fd);
		rep->fd = -1;
	}
}

void deed_send(const struct request *req, int passed_fd, struct reply *rep)
{
	static const char zeroes[4096];

	(void)passed_fd;
	rep->result = send(req->fd, zeroes, req->arg, MSG_NOSIGNAL);
	if (rep->result < 0)
		rep->error = errno;
}

void deed_read(const struct request *req, int passed_fd, struct reply *rep)
{
	char buf[4096];

	(void)passed_fd;
	while (rep->result < req->arg) {
		ssize_t got;

		if (!wait_for(req->fd, POLLIN)) {
			rep->error = ETIMEDOUT;
			return;
		}
		got = read(req->fd, buf, req->arg - rep->result);
		if (got < 0)
			rep->error = errno;
		if (got <= 0)
			return;
		rep->result += got;
	}
}

void deed_shutdown(const struct request *req, int passed_fd, struct reply *rep)
{
	(void)passed_fd;
	if (shutdown(req->fd, req->arg ? SHUT_RDWR : SHUT_WR))
		rep->error = errno;
}

void deed_close(const struct request *req, int passed_fd, struct reply *rep)
{
	(void)passed_fd;
	if (close(req->fd))
		rep->error = errno;
}

void deed_linger0(const struct request *req, int passed_fd, struct reply *rep)
{
	struct linger linger = { .l_onoff = 1 };

	(void)passed_fd;
	if (setsockopt(req->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)))
		rep->error = errno;
}

void deed_option(const struct request *req, int passed_fd, struct reply *rep)
{
	int value = req->arg3;

	(void)passed_fd;
	if (setsockopt(req->fd, req->arg, req->arg2, &value, sizeof(value)))
		rep->error = errno;
}

/*
 * A filter on the socket itself loses segments without any help of the network,
 * in any namespace and without privilege. It sees them from the TCP header on.
 */
void deed_filter(const struct request *req, int passed_fd, struct reply *rep)
{
	struct sock_filter all[] = {
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter empty[] = {
		/* segments whose length is their header's */
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 12),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 2),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x3c),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog prog = { .len = 1, .filter = all };
	int err, unused = 0;

	(void)passed_fd;
	if (req->arg == FILTER_EMPTY) {
		prog.len = sizeof(empty) / sizeof(empty[0]);
		prog.filter = empty;
	}
	if (req->arg == FILTER_NONE)
		err = setsockopt(req->fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused));
	else
		err = setsockopt(req->fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
	if (err)
		rep->error = errno;
}

void deed_state(const struct request *req, int passed_fd, struct reply *rep)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	(void)passed_fd;
	if (getsockopt(req->fd, SOL_TCP, TCP_INFO, &info, &len))
		rep->error = errno;
	rep->result = info.tcpi_state;
}

void deed_error(const struct request *req, int passed_fd, struct reply *rep)
{
	int err = 0;
	socklen_t len = sizeof(err);

	(void)passed_fd;
	if (getsockopt(req->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		rep->error = errno;
	rep->result = err;
}

void deed_unread(const struct request *req, int passed_fd, struct reply *rep)
{
	uint64_t until = now_ms() + BOUND_MS;
	int unread = 0;

	(void)passed_fd;
	while (!ioctl(req->fd, FIONREAD, &unread) && unread < req->arg) {
		if (now_ms() > until || !wait_for(req->fd, POLLIN)) {
			rep->error = ETIMEDOUT;
			return;
		}
	}
	rep->result = unread;
}

void deed_disconnect(const struct request *req, int passed_fd, struct reply *rep)
{
	struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	(void)passed_fd;
	if (connect(req->fd, &nowhere, sizeof(nowhere)))
		rep->error = errno;
}

void deed_bind(const struct request *req, int passed_fd, struct reply *rep)
{
	int fd = new_socket(&req->addr);

	(void)passed_fd;
	if (req->arg & BIND_REUSE)
		set_int(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (bind(fd, (struct sockaddr *)&req->addr, addr_len(&req->addr)))
		rep->error = errno;
	tell_names(fd, rep);
	if (rep->error) {
		close(fd);
		rep->fd = -1;
	}
}

void deed_start_listen(const struct request *req, int passed_fd, struct reply *rep)
{
	(void)passed_fd;
	if (listen(req->fd, 16))
		rep->error = errno;
}

/* Spinning, for a wake-up would be longer than the whole life of a FIN on loopback. */
void deed_gate_close(const struct request *req, int passed_fd, struct reply *rep)
{
	unsigned turns = 0;

	__atomic_add_fetch(&shared->gate, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&shared->gate, __ATOMIC_SEQ_CST) < req->arg)
		if (++turns % 4096 == 0)
			sched_yield();	/* the other one may need this CPU */
	deed_close(req, passed_fd, rep);
}
