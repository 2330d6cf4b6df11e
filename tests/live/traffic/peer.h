/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hand-made peer: a TCP that does exactly what it is told, at the far end of a TUN device,
 * in a process of its own (tw-peer). Nothing is acknowledged, repeated or answered unless the
 * scenario says so. It has no socket: the kernel knows only its own end of the connection.
 */
#ifndef TRAFFIC_PEER_H
#define TRAFFIC_PEER_H

#include "traffic.h"

/* One connection with it. */
struct peer {
	struct actor *actor;
	struct end *end;	/* the kernel's */
	struct end *far;	/* its own */
	uint32_t snd_nxt;	/* what it sends next */
	uint32_t rcv_nxt;	/* what it has seen of the kernel's */
};

/* Before the actors listen: the device, and the addresses of both ends. */
void peer_open(struct stage *stage);

/* A whole handshake, begun by the side that --by is not about. */
struct peer peer_meet(struct stage *stage);
/* Another one by the same pair; the peer begins, with a sequence number so much higher. */
struct peer peer_meet_again(struct stage *stage, const struct peer *last, uint32_t higher);

/* With the sequence numbers that are due; @len bytes of data. */
void peer_send(struct peer *peer, int flags, unsigned len);
/* With any sequence number, relative to the one that is due; nothing becomes due by it. */
void peer_send_at(const struct peer *peer, int flags, int offset);
/* Until the kernel sends a segment with all these flags; what comes before is dropped. */
void peer_await(struct peer *peer, int flags);
/* Until the kernel has acknowledged all that is due. */
void peer_await_ack(struct peer *peer);

/* The kernel closes; its minisock waits for the peer's FIN, or has it. */
void peer_to_fin_wait2(struct peer *peer);
void peer_to_time_wait(struct peer *peer);

#endif
