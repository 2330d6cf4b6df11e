// SPDX-License-Identifier: GPL-2.0-or-later
/* The truth as one line of JSON. No text in it needs escaping: none comes from outside. */
#include "traffic.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

static const char *const state_names[NR_TCP_STATES] = {
	[TCP_ESTABLISHED] = "ESTABLISHED",
	[TCP_SYN_SENT] = "SYN_SENT",
	[TCP_SYN_RECV] = "SYN_RECV",
	[TCP_FIN_WAIT1] = "FIN_WAIT1",
	[TCP_FIN_WAIT2] = "FIN_WAIT2",
	[TCP_TIME_WAIT] = "TIME_WAIT",
	[TCP_CLOSE] = "CLOSE",
	[TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_LAST_ACK] = "LAST_ACK",
	[TCP_LISTEN] = "LISTEN",
	[TCP_CLOSING] = "CLOSING",
};

static const char *comma(unsigned i)
{
	return i ? ", " : "";
}

static void put_text(const char *key, const char *text)
{
	if (text)
		printf("\"%s\": \"%s\"", key, text);
	else
		printf("\"%s\": null", key);
}

static void put_number(const char *key, uint64_t number)
{
	if (number)
		printf("\"%s\": %llu", key, (unsigned long long)number);
	else
		printf("\"%s\": null", key);
}

static void put_addr(const char *key, const struct sockaddr_storage *addr)
{
	char text[INET6_ADDRSTRLEN];

	address_text(addr, text);
	put_text(key, addr->ss_family ? text : NULL);
}

static void put_actors(const struct stage *stage)
{
	printf(", \"actors\": {");
	for (unsigned i = 0, nr = 0; i < MAX_ACTORS; i++) {
		const struct actor *actor = &stage->actors[i];

		if (!actor->comm[0])
			continue;
		printf("%s\"%s\": {\"pid\": %d, \"netns\": %u, \"alive\": %s}", comma(nr++),
		       actor->comm + 3, actor->pid, actor->netns, actor->pid ? "true" : "false");
	}
	printf("}");
}

static void put_end(const char *key, const struct end *end)
{
	printf("\"%s\": {", key);
	put_addr("addr", &end->addr);
	printf(", ");
	put_number("port", address_port(&end->addr));
	printf(", ");
	put_number("cookie", end->cookie);
	printf(", \"netns\": %u, ", end->actor->netns);
	put_number("opener", end->opener);
	printf(", ");
	put_number("closer", end->closer);
	printf(", ");
	put_text("closer_comm", end->closer ? end->closer_comm : NULL);
	printf(", ");
	put_text("state", end->state);
	printf(", ");
	put_text("error", end->error ? strerrorname_np(end->error) : NULL);
	printf(", ");
	put_number("took_us", end->took_us);
	printf("}");
}

static void put_conns(const struct stage *stage)
{
	printf(", \"connections\": [");
	for (unsigned i = 0; i < stage->nr_conns; i++) {
		printf("%s{", comma(i));
		put_end("client", &stage->conns[i]->client);
		printf(", ");
		put_end("server", &stage->conns[i]->server);
		printf("}");
	}
	printf("]");
}

static void put_binds(const struct stage *stage)
{
	printf(", \"binds\": [");
	for (unsigned i = 0; i < stage->nr_binds; i++) {
		const struct bind_try *bind = &stage->binds[i];

		printf("%s{", comma(i));
		put_text("call", bind->call);
		printf(", ");
		put_text("holder", bind->holder);
		printf(", \"old_reuse\": %s, \"new_reuse\": %s, \"port\": %u, ",
		       bind->old_reuse ? "true" : "false", bind->new_reuse ? "true" : "false",
		       bind->port);
		put_text("error", bind->error ? strerrorname_np(bind->error) : NULL);
		printf("}");
	}
	printf("]");
}

/* Of the churns: both sides' own counts, of the server's ports and addresses. */
static void put_counts(void)
{
	printf(", \"counts\": {\"connected\": %u, \"accepted\": %u, \"failed\": %u, "
	       "\"client_errors\": %u, \"server_errors\": %u, ",
	       shared->connected, shared->accepted, shared->failed, shared->client_errors,
	       shared->server_errors);
	put_text("connect_error", shared->failed ? strerrorname_np(shared->connect_errno) : NULL);
	printf(", \"ports\": [");
	for (unsigned i = 0; i < shared->nr_ports; i++)
		printf("%s{\"port\": %u, \"connected\": %u, \"accepted\": %u}", comma(i),
		       shared->ports[i], shared->connected_by_port[i], shared->accepted_by_port[i]);
	printf("], \"remotes\": [");
	for (unsigned i = 0; i < shared->nr_hosts; i++) {
		printf("%s{", comma(i));
		put_addr("addr", &shared->server[i]);
		printf(", \"connected\": %u, \"accepted\": %u}", shared->connected_by_host[i],
		       shared->accepted_by_host[i]);
	}
	printf("]}");
}

/* What the kernel shows now: at the ports of the server, and towards them. */
static void put_states(const char *key, const struct netns_view *view, bool remote)
{
	unsigned states[NR_TCP_STATES], nr = 0;

	view_states(view, shared->ports, shared->nr_ports, remote, states);
	printf(", \"%s\": {", key);
	for (unsigned i = 0; i < NR_TCP_STATES; i++)
		if (states[i] && state_names[i])
			printf("%s\"%s\": %u", comma(nr++), state_names[i], states[i]);
	printf("}");
}

static void put_mib(const char *key, const struct netns_view *view)
{
	uint64_t now[MIB_COUNT];

	view_mib(view, now);
	printf(", \"%s\": {", key);
	for (unsigned i = 0; i < MIB_COUNT; i++)
		printf("%s\"%s\": %llu", comma(i), mib_names[i],
		       (unsigned long long)(now[i] - view->mib_before[i]));
	printf("}");
}

static unsigned main_port(const struct stage *stage)
{
	return stage->nr_conns ? address_port(&stage->conns[0]->server.addr) : shared->ports[0];
}

static const char *closed_first(const struct options *opts)
{
	switch (opts->scenario->closers) {
	case CLOSES_BOTH:
		return "both";
	case CLOSES_NONE:
		return "none";
	case CLOSES_FIRST:
		break;
	}
	return opts->by == SIDE_CLIENT ? "client" : "server";
}

void report_print(struct stage *stage)
{
	static const char *const families[] = {
		[FAMILY_4] = "4",
		[FAMILY_6] = "6",
		[FAMILY_MAPPED] = "mapped",
	};
	const struct options *opts = stage->opts;

	printf("{");
	put_text("scenario", opts->scenario->name);
	printf(", ");
	put_text("family", families[opts->family]);
	printf(", \"own_netns\": %s, \"count\": %u, ", opts->own_netns ? "true" : "false",
	       opts->count);
	put_text("closed_first", closed_first(opts));
	printf(", ");
	put_number("port", main_port(stage));
	printf(", \"netns\": %u", stage->client->netns);
	put_actors(stage);
	put_conns(stage);
	put_binds(stage);
	put_counts();
	put_states("states_server", &stage->server_view, false);
	put_states("states_client", &stage->client_view, true);
	put_mib("mib_server", &stage->server_view);
	put_mib("mib_client", &stage->client_view);
	printf(", \"attempts\": %u, \"simultaneous\": %u, ", stage->attempts, stage->simultaneous);
	put_number("residence_ms", stage->residence_ms);
	printf("}\n");
	if (fflush(stdout))
		die("cannot write the truth");
	stage->reported = true;
}
