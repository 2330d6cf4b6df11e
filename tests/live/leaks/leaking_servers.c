// SPDX-License-Identifier: GPL-2.0-or-later
/* Servers that accept and never close: no descriptor is kept. */
#include "leaks.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHILDREN = 4, THREADS = 2, SHORT_QUEUE = 16, PATIENCE_MS = 5000 };

static void answer_all(int listener, int (*take)(int listener))
{
	int fd;

	for (;;) {
		fd = take(listener);
		if (fd < 0)
			die("accept: %s", strerror(errno));
		if (read_some(fd))
			send_request(fd);
	}
}

static LEAKING int accept_and_forget(int listener)
{
	int fd = accept(listener, NULL, NULL);	/* LEAK closewait cw-slow haproxy-tcp */

	return fd;
}

void forgetful_server(const struct load *load)
{
	int listener = listen_on(&load->here, 128);

	ready();
	answer_all(listener, accept_and_forget);
}

static LEAKING int accept_in_child(int listener)
{
	int fd = accept(listener, NULL, NULL);	/* LEAK cw-prefork */

	return fd;
}

void forgetful_prefork(const struct load *load)
{
	int listener = listen_on(&load->here, 128);

	for (int i = 0; i < CHILDREN; i++)
		if (start_child() == 0)
			answer_all(listener, accept_in_child);
	ready();
	rest();
}

static LEAKING int accept_in_thread(int listener)
{
	int fd = accept(listener, NULL, NULL);	/* LEAK cw-thread */

	return fd;
}

static void *forgetful_worker(void *listener)
{
	pthread_setname_np(pthread_self(), "worker");
	answer_all(*(const int *)listener, accept_in_thread);
	return NULL;
}

void forgetful_thread(const struct load *load)
{
	int listener = listen_on(&load->here, 128);
	pthread_t thread;

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, forgetful_worker, &listener))
			die("cannot create a thread");
	ready();
	rest();
}

static LEAKING void listen_and_neglect(int fd)
{
	if (listen(fd, SHORT_QUEUE))	/* LEAK acceptq */
		die("listen: %s", strerror(errno));
}

void accept_nothing(const struct load *load)
{
	int fd = new_socket(0);

	if (bind(fd, (const struct sockaddr *)&load->here, sizeof(load->here)))
		die("bind: %s", strerror(errno));
	listen_and_neglect(fd);
	ready();
	rest();
}

/* What calls such a listener: it asks, and gives up when no answer has come. */
void call_and_give_up(const struct load *load)
{
	static struct herd callers;
	struct pace pace;
	int fd;

	pace_init(&pace, load->rate, load->stop_after);
	ready();
	for (;;) {
		sleep_ms(20);
		while ((fd = herd_take_due(&callers)) >= 0)
			close(fd);
		if (!pace_due(&pace))
			continue;
		fd = new_socket(SOCK_NONBLOCK);
		if (connect(fd, (const struct sockaddr *)&load->server, sizeof(load->server)) &&
		    errno != EINPROGRESS)
			die("connect: %s", strerror(errno));
		herd_add(&callers, fd, now_ms() + PATIENCE_MS);
	}
}
