// SPDX-License-Identifier: GPL-2.0-or-later
/* The director's side of the hand-made peer: handshakes, and what is due. */
#include "peer.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

enum {
	PEER_PORT = 7000,	/* of the peer as a server, unless --port says so */
	PEER_CLIENT_PORT = 50000,
	PEER_ISN = 1000000,
};

static const char *address_of_kernel(enum family family)
{
	return family == FAMILY_6 ? "fd7a::1" : "198.18.7.1";
}

static const char *address_of_peer(enum family family)
{
	return family == FAMILY_6 ? "fd7a::2" : "198.18.7.2";
}

void peer_open(struct stage *stage)
{
	struct options *opts = stage->opts;
	bool kernel_dials = opts->by == SIDE_CLIENT;
	struct request req = { .op = OP_PEER_OPEN };
	struct reply rep;

	address_parse(&req.source, opts->family, address_of_kernel(opts->family));
	address_parse(&req.addr, opts->family, address_of_peer(opts->family));
	shared->server[0] = kernel_dials ? req.addr : req.source;
	if (kernel_dials)	/* there is nothing to listen on */
		shared->ports[0] = opts->port ? opts->port : PEER_PORT;
	actor_start(stage->other, "tw-peer", kernel_dials ? opts->netns_client : opts->netns_server,
		    kernel_dials ? &stage->client_view : &stage->server_view);
	rep = actor_ask(stage->other, &req);
	if (rep.error)
		cannot("make a TUN device", rep.error);
}

/* ----------------------------------------------------------------------- segments */

static struct segment ask(const struct peer *peer, enum op op, const struct segment *segment)
{
	struct request req = {
		.op = op,
		.addr = peer->end->addr,
		.source = peer->far->addr,
		.segment = *segment,
	};
	struct reply rep = actor_ask(peer->actor, &req);

	if (rep.error)
		die("%s: flags %#x: %s", peer->actor->comm, segment->flags, strerror(rep.error));
	return rep.segment;
}

/* What a segment takes of the sequence numbers. */
static uint32_t taken_by(const struct segment *segment)
{
	return segment->len + !!(segment->flags & TH_SYN) + !!(segment->flags & TH_FIN);
}

static void send_segment(const struct peer *peer, int flags, uint32_t seq, unsigned len)
{
	struct segment segment = {
		.seq = seq,
		.ack = flags & TH_ACK ? peer->rcv_nxt : 0,
		.flags = flags,
		.len = len,
	};
	uint64_t until = now_ms() + BOUND_MS, before = view_now(peer->end->actor->view, "InSegs");

	ask(peer, OP_PEER_SEND, &segment);
	while (view_now(peer->end->actor->view, "InSegs") == before) {
		if (now_ms() > until)
			die("the kernel did not get the segment %#x", flags);
		poll_pause(1);
	}
}

void peer_send(struct peer *peer, int flags, unsigned len)
{
	struct segment segment = { .flags = flags, .len = len };

	send_segment(peer, flags, peer->snd_nxt, len);
	peer->snd_nxt += taken_by(&segment);
}

void peer_send_at(const struct peer *peer, int flags, int offset)
{
	send_segment(peer, flags, peer->snd_nxt + offset, 0);
}

static struct segment await(struct peer *peer, int flags)
{
	struct segment want = { .flags = flags }, got = ask(peer, OP_PEER_AWAIT, &want);

	/* what is repeated is nothing new */
	if (got.flags & TH_SYN || got.seq == peer->rcv_nxt)
		peer->rcv_nxt = got.seq + taken_by(&got);
	return got;
}

void peer_await(struct peer *peer, int flags)
{
	await(peer, flags);
}

void peer_await_ack(struct peer *peer)
{
	while (await(peer, TH_ACK).ack != peer->snd_nxt)
		continue;
}

/* --------------------------------------------------------------------- handshakes */

static struct peer kernel_dials(struct stage *stage)
{
	struct connection *conn = stage_dial(stage, NULL, CONNECT_START);
	struct peer peer = {
		.actor = stage->other,
		.end = &conn->client,
		.far = &conn->server,
		.snd_nxt = PEER_ISN,
	};

	if (conn->client.error)
		die("cannot connect: %s", strerror(conn->client.error));
	conn->server.actor = stage->other;
	peer_await(&peer, TH_SYN);
	peer_send(&peer, TH_SYN | TH_ACK, 0);
	peer_await_ack(&peer);
	end_await_state(peer.end, TCP_ESTABLISHED);
	return peer;
}

static struct peer peer_dials(struct stage *stage, const struct sockaddr_storage *from,
			      uint32_t isn)
{
	struct connection *conn = stage_connection(stage);
	struct peer peer = {
		.actor = stage->other,
		.end = &conn->server,
		.far = &conn->client,
		.snd_nxt = isn,
	};

	conn->client.actor = stage->other;
	conn->client.addr = *from;
	conn->server.addr = shared->server[0];
	address_set_port(&conn->server.addr, shared->ports[0]);
	peer_send(&peer, TH_SYN, 0);
	peer_await(&peer, TH_SYN | TH_ACK);
	peer_send(&peer, TH_ACK, 0);
	stage_accept(stage, conn, stage->server);
	return peer;
}

struct peer peer_meet(struct stage *stage)
{
	enum family family = stage->opts->family;
	struct sockaddr_storage from;

	if (stage->opts->by == SIDE_CLIENT)
		return kernel_dials(stage);
	address_parse(&from, family, address_of_peer(family));
	address_set_port(&from, PEER_CLIENT_PORT + stage->nr_conns);
	return peer_dials(stage, &from, PEER_ISN);
}

struct peer peer_meet_again(struct stage *stage, const struct peer *last, uint32_t higher)
{
	return peer_dials(stage, &last->far->addr, last->snd_nxt + higher);
}

/* ------------------------------------------------------------------------- closes */

void peer_to_fin_wait2(struct peer *peer)
{
	end_close(peer->end);
	peer_await(peer, TH_FIN);
	peer_send(peer, TH_ACK, 0);
	end_await_tuple(peer->end, peer->far, TCP_FIN_WAIT2, true);
}

void peer_to_time_wait(struct peer *peer)
{
	end_close(peer->end);
	peer_await(peer, TH_FIN);
	peer_send(peer, TH_FIN | TH_ACK, 0);
	peer_await_ack(peer);
	end_await_tuple(peer->end, peer->far, TCP_TIME_WAIT, true);
}
