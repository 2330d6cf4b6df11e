// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients that connect and never close: no descriptor is kept. */
#include "leaks.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TICK_MS = 20, POOL = 20 };

/* What a role does at its pace: opens one more connection. */
static void at_pace(const struct load *load, void (*open_one)(const struct sockaddr_in *addr),
		    const struct sockaddr_in *addr)
{
	struct pace pace;

	pace_init(&pace, load->rate, load->stop_after);
	ready();
	for (;;) {
		pace_wait(&pace);
		open_one(addr);
	}
}

static LEAKING void connect_and_ignore_end(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK cw-client */
		die("connect: %s", strerror(errno));
	exchange(fd);
}

void ignore_end(const struct load *load)
{
	at_pace(load, connect_and_ignore_end, &load->server);
}

static LEAKING void connect_and_forget(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK growth redis-lk */
		die("connect: %s", strerror(errno));
	exchange(fd);
}

void forget_handle(const struct load *load)
{
	at_pace(load, connect_and_forget, &load->server);
}

static LEAKING void connect_at_random(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK growth-irr */
		die("connect: %s", strerror(errno));
	exchange(fd);
}

/* As callers come by themselves: in each tick perhaps. */
void forget_irregularly(const struct load *load)
{
	unsigned left = load->stop_after ?: UINT32_MAX;

	ready();
	while (left) {
		sleep_ms(TICK_MS);
		if (random_below(1000000) >= load->rate * TICK_MS * 1000)
			continue;
		connect_at_random(&load->server);
		left--;
	}
	rest();
}

static LEAKING void connect_to_first_backend(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK growth-one */
		die("connect: %s", strerror(errno));
	exchange(fd);
}

/* The second backend has a pool at its bound. */
void forget_one_backend(const struct load *load)
{
	struct sockaddr_in second = ports_on(&load->server, 1);
	struct pace pace;
	int pool[POOL];

	for (int i = 0; i < POOL; i++)
		pool[i] = dial(&second);
	pace_init(&pace, load->rate, load->stop_after);
	ready();
	for (;;) {
		pace_wait(&pace);
		exchange(pool[random_below(POOL)]);
		connect_to_first_backend(&load->server);
	}
}

static LEAKING void connect_and_close_half(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK fw2-held */
		die("connect: %s", strerror(errno));
	exchange(fd);
	shutdown(fd, SHUT_WR);
}

void hold_half_closed(const struct load *load)
{
	at_pace(load, connect_and_close_half, &load->far);
}

/* This one closes; its peer is deaf. */
static LEAKING void connect_and_be_ignored(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK fw2-orphan */
		die("connect: %s", strerror(errno));
	exchange(fd);
	close(fd);
}

void orphan(const struct load *load)
{
	at_pace(load, connect_and_be_ignored, &load->far);
}

static LEAKING void connect_and_end_both(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK closed-fin */
		die("connect: %s", strerror(errno));
	exchange(fd);
	shutdown(fd, SHUT_WR);
	while (read_some(fd))
		continue;
}

void hold_closed(const struct load *load)
{
	at_pace(load, connect_and_end_both, &load->server);
}

static LEAKING void connect_and_be_reset(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK closed-rst */
		die("connect: %s", strerror(errno));
	exchange(fd);
}

void hold_reset(const struct load *load)
{
	at_pace(load, connect_and_be_reset, &load->server);
}

static LEAKING void connect_and_be_refused(const struct sockaddr_in *addr)
{
	int fd = new_socket(SOCK_NONBLOCK);

	if (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK refused */
		die("port %u should be nobody's", ntohs(addr->sin_port));
}

void hold_refused(const struct load *load)
{
	at_pace(load, connect_and_be_refused, &load->server);
}

static LEAKING void connect_to_the_dead(const struct sockaddr_in *addr)
{
	int fd = new_socket(SOCK_NONBLOCK), error;

	error = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));	/* LEAK syn-sent */
	if (!error || errno != EINPROGRESS)
		die("connect: %s", error ? strerror(errno) : "somebody has answered");
}

void dial_the_dead(const struct load *load)
{
	at_pace(load, connect_to_the_dead, &load->dead);
}

static LEAKING void connect_for_one_exchange(const struct sockaddr_in *addr)
{
	int fd = new_socket(0);

	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)))	/* LEAK tw-churn */
		die("connect: %s", strerror(errno));
	exchange(fd);
	close(fd);
}

void churn(const struct load *load)
{
	at_pace(load, connect_for_one_exchange, &load->server);
}
