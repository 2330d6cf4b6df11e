/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is connected, what each is at and since when: who has had his time, and who goes when
 * another one comes and there is no place. Knows neither clock nor HTTP.
 */
#ifndef SERVE_CLIENTS_H
#define SERVE_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/http.h"

enum client_state {
	CLIENT_ASKS,		/* or may: no request is known */
	CLIENT_IDLES,		/* it had an answer, and may ask again */
	CLIENT_TAKES,		/* its answer */
	CLIENT_STREAMS,
	CLIENT_ENDED,		/* by us: the library will notice */
	NR_CLIENT_STATES,
};

struct client {
	struct client *prev, *next; /* of the same list */
	int fd;
	enum client_state state;
	uint64_t since_ns;	/* of the state */
	/* of a stream */
	uint64_t said_ns;	/* when it took something last */
	uint64_t owed_ns;	/* since when there is something that it has not taken */
	bool suspended;		/* there is nothing to take */
	bool gone;
	/* http.c's */
	void *connection;
	struct http *http;
	const struct http_stream_ops *ops;
	void *ctx;
};

/* The longest in its state comes first. */
struct client_list {
	struct client *first, *last;
	unsigned int count;
};

struct clients {
	struct client_list streams, others;
};

/* A client that asks. */
void clients_add(struct clients *clients, struct client *client, uint64_t now_ns);
void clients_remove(struct clients *clients, struct client *client);
void clients_become(struct clients *clients, struct client *client, enum client_state state,
		    uint64_t now_ns);
unsigned int clients_count(const struct clients *clients);
/* When the next one will have had his time; UINT64_MAX: none. */
uint64_t clients_deadline(const struct clients *clients);
/* One who has had it; NULL: none. */
struct client *clients_late(const struct clients *clients, uint64_t now_ns);
/*
 * Who goes when there are more than @most: who idles for longest, else who is at it for longest.
 * Those who are told of events stay. NULL: nobody.
 */
struct client *clients_surplus(const struct clients *clients, unsigned int most);
/* Who takes his answer for longest; NULL: nobody. */
struct client *clients_slowest(const struct clients *clients);

#endif
