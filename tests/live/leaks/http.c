// SPDX-License-Identifier: GPL-2.0-or-later
/* A backend and a load for proxies of others: just enough of HTTP. */
#include "leaks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 10 };

/* Reads one request; whether there was one, and whether its connection is to be kept. */
static bool read_request(int fd, bool *keep)
{
	char buf[4096];
	size_t len = 0;
	ssize_t got;

	do {
		got = recv(fd, buf + len, sizeof(buf) - 1 - len, 0);
		if (got <= 0)
			return false;
		len += got;
		buf[len] = '\0';
	} while (!strstr(buf, "\r\n\r\n"));
	*keep = strstr(buf, " HTTP/1.1\r\n") && !strcasestr(buf, "\r\nConnection: close\r\n");
	return true;
}

static void send_response(int fd, bool keep)
{
	static const char kept[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
	static const char last[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
				   "Connection: close\r\n\r\nhello";
	const char *text = keep ? kept : last;

	if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		die("send: %s", strerror(errno));
}

static void respond_or_close(int fd)
{
	bool keep;

	if (read_request(fd, &keep)) {
		send_response(fd, keep);
		if (keep)
			return;
	}
	close(fd);
}

void http_backend(const struct load *load)
{
	int listener = listen_on(&load->here, 128);

	ready();
	serve(listener, respond_or_close);
}

static LEAKING int accept_from_proxy(int listener)
{
	int fd = accept(listener, NULL, NULL);	/* LEAK haproxy-lk */

	if (fd < 0)
		die("accept: %s", strerror(errno));
	return fd;
}

/* Says that it will close, and does not. */
void http_backend_leaky(const struct load *load)
{
	int listener = listen_on(&load->here, 128), fd;
	bool keep;

	ready();
	for (;;) {
		fd = accept_from_proxy(listener);
		if (read_request(fd, &keep))
			send_response(fd, false);
	}
}

/* One request, on a connection that is kept if the proxy keeps it. */
static void request(const struct sockaddr_in *proxy, int *fd)
{
	static const char text[] = "GET / HTTP/1.1\r\nHost: backend\r\n\r\n";
	char buf[4096];
	size_t len = 0;
	ssize_t got;

	if (*fd < 0)
		*fd = dial(proxy);
	got = send(*fd, text, strlen(text), MSG_NOSIGNAL);
	while (got > 0) {
		got = recv(*fd, buf + len, sizeof(buf) - 1 - len, 0);
		len += got > 0 ? got : 0;
		buf[len] = '\0';
		if (got > 0 && strstr(buf, "\r\n\r\nhello"))
			break;
	}
	if (got > 0 && !strcasestr(buf, "\r\nConnection: close\r\n"))
		return;
	close(*fd);
	*fd = -1;
}

void http_load(const struct load *load)
{
	struct sockaddr_in proxy = ports_on(&load->server, 1);
	struct pace pace;
	int fds[CONNECTIONS];

	for (int i = 0; i < CONNECTIONS; i++) {
		fds[i] = -1;
		request(&proxy, &fds[i]);
	}
	pace_init(&pace, load->rate, 0);
	ready();
	for (;;) {
		pace_wait(&pace);
		request(&proxy, &fds[random_below(CONNECTIONS)]);
	}
}
