// SPDX-License-Identifier: GPL-2.0-or-later
/* Innocent: many connections that live long, and are meant to. */
#include "leaks.h"

#include <stdlib.h>
#include <unistd.h>

enum {
	POOL = 50,
	BIG_POOL = 100,
	BURST = 500,
	TICK_MS = 20,
	SOCKET_EVERY_MS = 5000,		/* a WebSocket's small message */
	SOCKETS = 900,
	PROCESSES = 300,
	LIFE_MS = 15000,
};

static void fill_pool(const struct load *load, int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		fds[i] = dial(&load->server);
		exchange(fds[i]);
	}
}

/* At its bound, and busy at random. */
void busy_pool(const struct load *load)
{
	struct pace pace;
	int fds[POOL];

	fill_pool(load, fds, POOL);
	pace_init(&pace, load->rate, 0);
	ready();
	for (;;) {
		pace_wait(&pace);
		exchange(fds[random_below(POOL)]);
	}
}

void idle_pool(const struct load *load)
{
	int fds[POOL];

	fill_pool(load, fds, POOL);
	ready();
	rest();
}

void big_idle_pool(const struct load *load)
{
	int fds[BIG_POOL];

	fill_pool(load, fds, BIG_POOL);
	ready();
	rest();
}

/* Grows to its bound at the rate, and stays. */
void slow_start(const struct load *load)
{
	struct pace pace;

	pace_init(&pace, load->rate, POOL);
	ready();
	for (;;) {
		pace_wait(&pace);
		exchange(dial(&load->server));
	}
}

/* One process for many clients, of which more keep coming; each says something now and then. */
void websocket_clients(const struct load *load)
{
	static struct herd clients;
	struct pace pace;
	int fd;

	pace_init(&pace, load->rate, SOCKETS);
	ready();
	for (;;) {
		sleep_ms(TICK_MS);
		while ((fd = herd_take_due(&clients)) >= 0) {
			exchange(fd);
			herd_add(&clients, fd, now_ms() + SOCKET_EVERY_MS);
		}
		if (pace_due(&pace))
			herd_add(&clients, dial(&load->server), now_ms());
	}
}

/* Each a process with one connection, which says something twice a minute. */
void longlived_clients(const struct load *load)
{
	struct pace pace;
	int fd;

	pace_init(&pace, load->rate, PROCESSES);
	ready();
	for (;;) {
		pace_wait(&pace);
		if (start_child())
			continue;
		fd = dial(&load->server);
		while (exchange(fd))
			sleep_ms(30000);
		exit(EXIT_SUCCESS);
	}
}

/* Opened steadily, and each closed when its time has come. */
void life15(const struct load *load)
{
	static struct herd herd;
	struct pace pace;
	int fd;

	pace_init(&pace, load->rate, 0);
	ready();
	for (;;) {
		sleep_ms(TICK_MS);
		while ((fd = herd_take_due(&herd)) >= 0)
			close(fd);
		if (!pace_due(&pace))
			continue;
		fd = dial(&load->server);
		exchange(fd);
		herd_add(&herd, fd, now_ms() + LIFE_MS);
	}
}

/* Five seconds of rest, then 500 connections at the rate; half a minute later all are closed. */
void burst(const struct load *load)
{
	static struct herd herd;
	struct pace pace;
	uint64_t begin_ms;
	int fd;

	ready();
	for (;;) {
		sleep_ms(5000);
		begin_ms = now_ms();
		pace_init(&pace, load->rate, BURST);
		while (pace.left || herd.count) {
			while (pace_due(&pace)) {
				fd = dial(&load->server);
				exchange(fd);
				herd_add(&herd, fd, begin_ms + 5000 + random_below(23000));
			}
			while ((fd = herd_take_due(&herd)) >= 0)
				close(fd);
			sleep_ms(TICK_MS);
		}
	}
}
