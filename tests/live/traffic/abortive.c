// SPDX-License-Identifier: GPL-2.0-or-later
/* Closes by RST or by nobody's answer: no TIME_WAIT comes of them. */
#include "traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

void run_linger0(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_linger0(first);
	end_close(first);
	end_await_error(second, ECONNRESET);
	end_close(second);
}

void run_disconnect(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	if (end_ask(first, OP_DISCONNECT).error)
		die("connect(AF_UNSPEC) failed");
	end_await_error(second, ECONNRESET);
	end_close(first);
	end_close(second);
}

void run_unread_data(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_send(second, 100);
	end_await_unread(first, 100);
	end_close(first);
	end_await_error(second, ECONNRESET);
	end_close(second);
}

/* The peer is deaf to our FIN, then resets. */
void run_rst_in_fin_wait1(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_filter(second, FILTER_ALL);
	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT1);
	end_linger0(second);
	end_close(second);
	end_await_error(first, ECONNRESET);
	end_close(first);
}

void run_rst_in_fin_wait2(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT2);
	end_linger0(second);
	end_close(second);
	end_await_error(first, ECONNRESET);
	end_close(first);
}

/* As in a simultaneous close, but the deaf end resets instead of listening again. */
void run_rst_in_closing(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_filter(second, FILTER_ALL);
	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT1);
	end_shutdown(second);
	end_await_state(first, TCP_CLOSING);
	end_linger0(second);
	end_close(second);
	end_await_error(first, ECONNRESET);
	end_close(first);
}

/* SO_LINGER 0 in FIN_WAIT2; the peer in CLOSE_WAIT is told EPIPE, not ECONNRESET. */
void run_rst_in_close_wait(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT2);
	end_await_state(second, TCP_CLOSE_WAIT);
	end_linger0(first);
	end_close(first);
	end_await_error(second, EPIPE);
	end_close(second);
}

/* TCP_LINGER2 below zero: no FIN_WAIT2 after close(), a RST at once. */
void run_linger2_close(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_option(first, SOL_TCP, TCP_LINGER2, -1);
	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT2);
	end_await_state(second, TCP_CLOSE_WAIT);
	end_close(first);
	end_await_error(second, EPIPE);
	end_close(second);
}

void run_linger2_orphan(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_option(first, SOL_TCP, TCP_LINGER2, -1);
	end_close(first);
	end_await_error(second, EPIPE);
	end_close(second);
}

/*
 * The orphan hears no bare ACK, so the acknowledgement of its FIN arrives with
 * the data that nobody will read: FIN_WAIT1 to CLOSE by way of FIN_WAIT2.
 */
void run_data_after_close(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_filter(first, FILTER_EMPTY);
	end_close(first);
	end_await_state(second, TCP_CLOSE_WAIT);
	end_send(second, 100);
	end_await_error(second, EPIPE);
	end_close(second);
}

/* The same a moment later: the minisock is there and dies of the data. */
void run_data_in_fin_wait2(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_close(first);
	end_await_tuple(first, second, TCP_FIN_WAIT2, true);
	end_send(second, 100);
	end_await_error(second, EPIPE);
	end_close(second);
	end_await_tuple(first, second, 0, false);
}

/* Nobody acknowledges the FIN. */
void run_fin_timed_out(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_option(first, SOL_TCP, TCP_USER_TIMEOUT, 300);
	end_filter(second, FILTER_ALL);
	end_shutdown(first);
	end_await_error(first, ETIMEDOUT);
	end_close(first);
	end_linger0(second);	/* it never learned anything: end it by force */
	end_close(second);
}

/* Nobody acknowledges the passive closer's FIN. */
void run_last_ack_timed_out(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_option(second, SOL_TCP, TCP_USER_TIMEOUT, 300);
	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT2);
	end_await_state(second, TCP_CLOSE_WAIT);
	end_filter(first, FILTER_ALL);
	end_shutdown(second);
	end_await_error(second, ETIMEDOUT);
	end_close(second);
	end_linger0(first);
	end_close(first);
}

/* The peer falls silent after the FIN was acknowledged. */
void run_keepalive_dead(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_option(first, SOL_TCP, TCP_KEEPIDLE, 1);
	end_option(first, SOL_TCP, TCP_KEEPINTVL, 1);
	end_option(first, SOL_TCP, TCP_KEEPCNT, 1);
	end_shutdown(first);
	end_await_state(first, TCP_FIN_WAIT2);
	end_filter(second, FILTER_ALL);
	end_option(first, SOL_SOCKET, SO_KEEPALIVE, 1);
	end_await_error(first, ETIMEDOUT);
	end_close(first);
	end_linger0(second);
	end_close(second);
}
