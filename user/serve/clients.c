// SPDX-License-Identifier: GPL-2.0-or-later
/* Two lists, each in the order of time. */
#include "serve/clients.h"

#include <stddef.h>

/* How long a client may be in a state; 0: for ever. */
static const uint64_t patience_ns[NR_CLIENT_STATES] = {
	[CLIENT_ASKS] = HTTP_REQUEST_NS,
	[CLIENT_IDLES] = HTTP_IDLE_NS,
	[CLIENT_TAKES] = HTTP_ANSWER_NS,
};

static struct client_list *list_of(struct clients *clients, const struct client *client)
{
	return client->state == CLIENT_STREAMS ? &clients->streams : &clients->others;
}

static void append(struct client_list *list, struct client *client)
{
	client->prev = list->last;
	client->next = NULL;
	*(list->last ? &list->last->next : &list->first) = client;
	list->last = client;
	list->count++;
}

void clients_remove(struct clients *clients, struct client *client)
{
	struct client_list *list = list_of(clients, client);

	*(client->prev ? &client->prev->next : &list->first) = client->next;
	*(client->next ? &client->next->prev : &list->last) = client->prev;
	list->count--;
}

void clients_add(struct clients *clients, struct client *client, uint64_t now_ns)
{
	client->state = CLIENT_ASKS;
	client->since_ns = now_ns;
	append(&clients->others, client);
}

void clients_become(struct clients *clients, struct client *client, enum client_state state,
		    uint64_t now_ns)
{
	clients_remove(clients, client);
	client->state = state;
	client->since_ns = client->said_ns = client->owed_ns = now_ns;
	append(list_of(clients, client), client);
}

unsigned int clients_count(const struct clients *clients)
{
	return clients->streams.count + clients->others.count;
}

static uint64_t deadline(const struct client *client)
{
	/* who takes what he is told is told of something, be it a heartbeat */
	if (client->state == CLIENT_STREAMS && !client->suspended)
		return client->owed_ns + HTTP_ANSWER_NS;
	return patience_ns[client->state] ? client->since_ns + patience_ns[client->state] :
					    UINT64_MAX;
}

static struct client *first_of(const struct client_list *list, struct client *best)
{
	for (struct client *client = list->first; client; client = client->next)
		if (!best || deadline(client) < deadline(best))
			best = client;
	return best;
}

static struct client *first(const struct clients *clients)
{
	return first_of(&clients->streams, first_of(&clients->others, NULL));
}

uint64_t clients_deadline(const struct clients *clients)
{
	const struct client *client = first(clients);

	return client ? deadline(client) : UINT64_MAX;
}

struct client *clients_late(const struct clients *clients, uint64_t now_ns)
{
	struct client *client = first(clients);

	return client && deadline(client) <= now_ns ? client : NULL;
}

struct client *clients_surplus(const struct clients *clients, unsigned int most)
{
	struct client *oldest = NULL;

	if (clients_count(clients) <= most)
		return NULL;
	for (struct client *client = clients->others.first; client; client = client->next) {
		if (client->state == CLIENT_IDLES)
			return client;
		if (!oldest && client->state != CLIENT_ENDED)
			oldest = client;
	}
	return oldest;
}

struct client *clients_slowest(const struct clients *clients)
{
	struct client *client = clients->others.first;

	while (client && client->state != CLIENT_TAKES)
		client = client->next;
	return client;
}
