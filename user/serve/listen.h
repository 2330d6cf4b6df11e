/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a server listens, and by which names it may be asked. */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/error.h"

struct listen_at {
	uint8_t addr[ADDR_LEN];
	uint16_t port;		/* 0: any that is free */
};

#define LISTEN_URL_LEN (ENDPOINT_TEXT_LEN + 16)

/* "127.0.0.1:9435", "[::1]:9435", "localhost:0". 0 or -EINVAL. */
int listen_parse(const char *text, struct listen_at *at, struct error *err);
/*
 * A socket that listens there; at->port becomes the one that it has. Of :: it takes IPv4 too.
 * The file descriptor or -errno.
 */
int listen_open(struct listen_at *at, struct error *err);
/* "http://127.0.0.1:9435/". Returns @text. */
const char *listen_url(const struct listen_at *at, char text[static LISTEN_URL_LEN]);
/*
 * Whether a browser that sent this Host may be answered by a server on loopback: a name of
 * somebody's own that leads here (DNS rebinding) makes his page one of ours. NULL, as of
 * HTTP/1.0, is fine: browsers send one.
 */
bool listen_host_is_ours(const char *host);

#endif
