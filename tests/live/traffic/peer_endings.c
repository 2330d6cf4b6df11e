// SPDX-License-Identifier: GPL-2.0-or-later
/* Endings that no socket would bring about: against the hand-made peer. */
#include "peer.h"

#include <netinet/tcp.h>
#include <stdio.h>

/* A minisock answers what it has seen already; a pair that is gone would answer with a RST. */
static void answers_still(struct peer *peer, int state)
{
	peer_send_at(peer, TH_FIN | TH_ACK, -1);
	peer_await_ack(peer);
	end_await_tuple(peer->end, peer->far, state, true);
}

static void is_gone(const struct peer *peer)
{
	end_await_gone(peer->end, peer->far, BOUND_MS);
}

/* ------------------------------------------------------------------------- births */

/* One segment acknowledges the FIN of an orphan and brings the peer's. */
void run_peer_fin_with_ack(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_time_wait(&peer);
}

/* The socket is still held in FIN_WAIT2 when the peer's FIN comes (E1). */
void run_peer_fin_after_ack(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	end_shutdown(peer.end);
	peer_await(&peer, TH_FIN);
	peer_send(&peer, TH_ACK, 0);
	end_await_state(peer.end, TCP_FIN_WAIT2);
	peer_send(&peer, TH_FIN | TH_ACK, 0);
	end_await_tuple(peer.end, peer.far, TCP_TIME_WAIT, true);
	end_close(peer.end);
}

/* The peer's FIN does not acknowledge the orphan's: CLOSING, until the ACK comes (E2). */
void run_peer_simultaneous(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	end_close(peer.end);
	peer_send(&peer, TH_FIN | TH_ACK, 0);
	end_await_tuple(peer.end, peer.far, TCP_CLOSING, false);
	peer_await(&peer, TH_FIN);
	peer_send(&peer, TH_ACK, 0);
	end_await_tuple(peer.end, peer.far, TCP_TIME_WAIT, true);
}

/* An orphan FIN_WAIT2 minisock (E3) that gets its FIN at last (E6). */
void run_peer_late_fin(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_fin_wait2(&peer);
	peer_send(&peer, TH_FIN | TH_ACK, 0);
	peer_await_ack(&peer);
	end_await_tuple(peer.end, peer.far, TCP_TIME_WAIT, true);
}

/* A FIN without ACK is no FIN to it, nor is an ACK without FIN. */
void run_peer_bare_fin(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_fin_wait2(&peer);
	peer_send_at(&peer, TH_FIN, 0);
	peer_send_at(&peer, TH_ACK, 0);
	end_await_tuple(peer.end, peer.far, TCP_FIN_WAIT2, true);
}

/* Data with the ACK of the orphan's FIN: a RST, and no minisock. */
void run_peer_data_after_close(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	end_close(peer.end);
	peer_await(&peer, TH_FIN);
	peer_send(&peer, TH_ACK | TH_PUSH, 100);
	peer_await(&peer, TH_RST);
	is_gone(&peer);
}

/* ---------------------------------------------------------- the ends of a FIN_WAIT2 */

void run_peer_data_in_fin_wait2(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_fin_wait2(&peer);
	peer_send(&peer, TH_ACK | TH_PUSH, 100);
	peer_await(&peer, TH_RST);
	is_gone(&peer);
}

void run_peer_syn_in_fin_wait2(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_fin_wait2(&peer);
	peer_send_at(&peer, TH_SYN, 0);
	peer_await(&peer, TH_RST);
	is_gone(&peer);
}

/* Any RST within the window will do, and tcp_rfc1337 does not help. */
void run_peer_rst_in_fin_wait2(struct stage *stage)
{
	struct peer peer;

	netns_sysctl("tcp_rfc1337", "1");
	peer = peer_meet(stage);
	peer_to_fin_wait2(&peer);
	peer_send_at(&peer, TH_RST, 10);
	is_gone(&peer);
}

void run_peer_destroyed(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_fin_wait2(&peer);
	end_destroy(peer.end, peer.far);
	is_gone(&peer);
}

/* The FIN never comes; over 60 s the kernel keeps the full socket for a while first (E5). */
void run_peer_silent(struct stage *stage)
{
	unsigned timeout = stage->opts->scenario->fin_timeout;
	struct peer peer;
	char text[16];

	snprintf(text, sizeof(text), "%u", timeout);
	netns_sysctl("tcp_fin_timeout", text);
	peer = peer_meet(stage);
	end_close(peer.end);
	peer_await(&peer, TH_FIN);
	peer_send(&peer, TH_ACK, 0);
	if (timeout > 60) {
		end_await_tuple(peer.end, peer.far, TCP_FIN_WAIT2, false);
		end_await_full_gone(peer.end, peer.far, EXPIRY_BOUND_MS);
	}
	end_await_tuple(peer.end, peer.far, TCP_FIN_WAIT2, true);
	stage->residence_ms = end_await_gone(peer.end, peer.far, EXPIRY_BOUND_MS);
}

/* ---------------------------------------------------------- the ends of a TIME_WAIT */

void run_peer_rst_exact(struct stage *stage)
{
	struct peer peer;

	netns_sysctl("tcp_rfc1337", "0");
	peer = peer_meet(stage);
	peer_to_time_wait(&peer);
	peer_send_at(&peer, TH_RST, 0);
	is_gone(&peer);
}

/* The same, and the kernel is told not to let it happen. */
void run_peer_rst_rfc1337(struct stage *stage)
{
	struct peer peer;

	netns_sysctl("tcp_rfc1337", "1");
	peer = peer_meet(stage);
	peer_to_time_wait(&peer);
	peer_send_at(&peer, TH_RST, 0);
	answers_still(&peer, TCP_TIME_WAIT);
}

/* Within the window, but not the number expected. */
void run_peer_rst_inexact(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_time_wait(&peer);
	peer_send_at(&peer, TH_RST, 1);
	answers_still(&peer, TCP_TIME_WAIT);
}

/* The FIN again, as if our ACK had been lost: the minute begins anew, nothing else. */
void run_peer_fin_again(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_time_wait(&peer);
	answers_still(&peer, TCP_TIME_WAIT);
}

/* So late that the timer has to move; waited out. */
void run_peer_fin_rearms(struct stage *stage)
{
	struct peer peer = peer_meet(stage);
	uint64_t begin = now_ms();

	peer_to_time_wait(&peer);
	end_await_left(peer.end, peer.far, 54000);
	answers_still(&peer, TCP_TIME_WAIT);
	end_await_gone(peer.end, peer.far, EXPIRY_BOUND_MS);
	stage->residence_ms = now_ms() - begin;
}

/* The server closed first; the peer calls again from the same port, with a higher number. */
void run_peer_syn_reopens(struct stage *stage)
{
	struct peer peer = peer_meet(stage), again;

	peer_to_time_wait(&peer);
	again = peer_meet_again(stage, &peer, 1000);
	peer_send(&again, TH_FIN | TH_ACK, 0);
	end_read_eof(again.end);
	end_close(again.end);
	peer_await(&again, TH_FIN);
	peer_send(&again, TH_ACK, 0);
}

/* With a lower one it is taken for something old. */
void run_peer_syn_too_old(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_time_wait(&peer);
	peer_send_at(&peer, TH_SYN, -1000);
	peer_await_ack(&peer);
	end_await_tuple(peer.end, peer.far, TCP_TIME_WAIT, true);
}

/* It would do, but nobody listens at a client's port. */
void run_peer_syn_no_listener(struct stage *stage)
{
	struct peer peer = peer_meet(stage);

	peer_to_time_wait(&peer);
	peer_send_at(&peer, TH_SYN, 1000);
	peer_await_ack(&peer);
	end_await_tuple(peer.end, peer.far, TCP_TIME_WAIT, true);
}
