// SPDX-License-Identifier: GPL-2.0-or-later
/* Innocent: what looks for a while like a leak. */
#include "leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	TICK_MS = 20,
	WORK_MIN_MS = 3000,
	WORK_MAX_MS = 8000,
	RESTART_MS = 12000,
	RECONNECTING = 20,
	DOWNLOADS = 8,
	CHUNK = 16384,
	CALLERS = 100,
	CALL_EVERY_MS = 8000,
	LATE_MS = 2000,
	TRIES = 5,
	PATIENCE_MS = 3000,
	CHILDREN = 4,
	KEPT_ALIVE = 50,
	REQUESTS = 20,
	UNCONNECTED = 500,
};

/* ------------------------------------------------------------- half-close, with work */

/* To its end, which comes some time after it. */
static bool is_read(int fd)
{
	char buf[64];
	ssize_t len;

	do
		len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
	while (len > 0);
	return len == 0;
}

void halfclose_server(const struct load *load)
{
	int listener = listen_on(&load->here, 128), fd;
	static struct herd asking, working;

	fcntl(listener, F_SETFL, O_NONBLOCK);
	ready();
	for (;;) {
		sleep_ms(TICK_MS);
		while ((fd = accept(listener, NULL, NULL)) >= 0)
			herd_add(&asking, fd, now_ms());
		while ((fd = herd_take_due(&asking)) >= 0)
			if (is_read(fd))
				herd_add(&working, fd,
					 now_ms() + WORK_MIN_MS +
						 random_below(WORK_MAX_MS - WORK_MIN_MS));
			else
				herd_add(&asking, fd, now_ms() + TICK_MS);
		while ((fd = herd_take_due(&working)) >= 0) {
			send_request(fd);
			close(fd);
		}
	}
}

void halfclose_clients(const struct load *load)
{
	static struct herd clients;
	struct pace pace;
	int fd;

	pace_init(&pace, load->rate, 0);
	ready();
	for (;;) {
		sleep_ms(TICK_MS);
		while ((fd = herd_take_due(&clients)) >= 0)
			if (is_read(fd))
				close(fd);
			else
				herd_add(&clients, fd, now_ms() + TICK_MS);
		if (!pace_due(&pace))
			continue;
		fd = dial(&load->server);
		send_request(fd);
		shutdown(fd, SHUT_WR);
		herd_add(&clients, fd, now_ms());
	}
}

/* ------------------------------------------------------------------ a server restarts */

void restarting_server(const struct load *load)
{
	pid_t server;

	for (;;) {
		server = start_child();
		if (server == 0)
			echo_server(load);
		sleep_ms(RESTART_MS);
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
}

void reconnecting_clients(const struct load *load)
{
	struct pollfd clients[RECONNECTING];

	for (int i = 0; i < RECONNECTING; i++)
		clients[i] = (struct pollfd){ .fd = dial(&load->server), .events = POLLIN };
	ready();
	for (;;) {
		poll(clients, RECONNECTING, -1);
		for (int i = 0; i < RECONNECTING; i++) {
			if (!clients[i].revents)
				continue;
			close(clients[i].fd);
			clients[i].fd = dial(&load->server);
			exchange(clients[i].fd);
		}
	}
}

/* --------------------------------------------------------------------- steady data */

void download_server(const struct load *load)
{
	static const char chunk[CHUNK];
	int listener = listen_on(&load->here, 128), fds[DOWNLOADS];

	ready();
	for (int i = 0; i < DOWNLOADS; i++)
		fds[i] = accept(listener, NULL, NULL);
	for (;;) {
		for (int i = 0; i < DOWNLOADS; i++)
			if (send(fds[i], chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
				die("send: %s", strerror(errno));
		sleep_ms(100);
	}
}

void download_clients(const struct load *load)
{
	struct pollfd clients[DOWNLOADS];

	for (int i = 0; i < DOWNLOADS; i++)
		clients[i] = (struct pollfd){ .fd = dial(&load->server), .events = POLLIN };
	ready();
	for (;;) {
		poll(clients, DOWNLOADS, -1);
		for (int i = 0; i < DOWNLOADS; i++)
			if (clients[i].revents)
				read_some(clients[i].fd);
	}
}

/* ----------------------------------------------------- many callers, who wait a little */

void late_acceptor(const struct load *load)
{
	int listener = listen_on(&load->here, 2 * CALLERS), fds[CALLERS];
	struct pollfd called = { .fd = listener, .events = POLLIN };

	ready();
	for (;;) {
		poll(&called, 1, -1);
		sleep_ms(LATE_MS);
		for (int i = 0; i < CALLERS; i++) {
			fds[i] = accept(listener, NULL, NULL);
			answer_or_close(fds[i]);
		}
		for (int i = 0; i < CALLERS; i++) {
			while (read_some(fds[i]))
				continue;
			close(fds[i]);
		}
	}
}

void burst_callers(const struct load *load)
{
	int fds[CALLERS];

	ready();
	for (;;) {
		for (int i = 0; i < CALLERS; i++) {
			fds[i] = dial(&load->server);
			send_request(fds[i]);
		}
		for (int i = 0; i < CALLERS; i++) {
			read_some(fds[i]);
			close(fds[i]);
		}
		sleep_ms(CALL_EVERY_MS - LATE_MS);
	}
}

/* --------------------------------------------------------------------------- others */

/* Towards nobody, and given up in time. */
void patient_giver_up(const struct load *load)
{
	int fds[TRIES];

	ready();
	for (;;) {
		for (int i = 0; i < TRIES; i++) {
			fds[i] = new_socket(SOCK_NONBLOCK);
			(void)connect(fds[i], (const struct sockaddr *)&load->dead,
				      sizeof(load->dead));
		}
		sleep_ms(PATIENCE_MS);
		for (int i = 0; i < TRIES; i++)
			close(fds[i]);
		sleep_ms(1000);
	}
}

void prefork_server(const struct load *load)
{
	int listener = listen_on(&load->here, 128);

	fcntl(listener, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < CHILDREN; i++)
		if (start_child() == 0)
			serve(listener, answer_or_close);
	ready();
	rest();
}

/* Some requests on each connection, then another one. */
void keepalive_clients(const struct load *load)
{
	int fds[KEPT_ALIVE], requests[KEPT_ALIVE] = { 0 }, i;
	struct pace pace;

	for (i = 0; i < KEPT_ALIVE; i++)
		fds[i] = dial(&load->server);
	pace_init(&pace, load->rate, 0);
	ready();
	for (;;) {
		pace_wait(&pace);
		i = random_below(KEPT_ALIVE);
		exchange(fds[i]);
		if (++requests[i] < REQUESTS)
			continue;
		close(fds[i]);
		fds[i] = dial(&load->server);
		requests[i] = 0;
	}
}

void hold_unconnected(const struct load *load)
{
	(void)load;
	for (int i = 0; i < UNCONNECTED; i++)
		new_socket(0);
	ready();
	rest();
}
