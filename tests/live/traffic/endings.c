// SPDX-License-Identifier: GPL-2.0-or-later
/* How TIME_WAIT ends: taken over, reopened, shot dead, or simply over. */
#include "traffic.h"

#include <netinet/tcp.h>
#include <string.h>

static struct connection *close_in_order(struct stage *stage, struct connection *conn)
{
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);

	end_close(first);
	end_read_eof(second);
	end_close(second);
	end_await_tuple(first, second, TCP_TIME_WAIT, true);
	return conn;
}

/* A client that names its port takes over its own TIME_WAIT at once. */
void run_time_wait_reused(struct stage *stage)
{
	struct connection *conn = stage_connect_from(stage, NULL, CONNECT_REUSE);

	close_in_order(stage, conn);
	close_in_order(stage, stage_connect_from(stage, &conn->client.addr, CONNECT_REUSE));
}

/* The server closed first; a SYN of the same pair reopens its TIME_WAIT. */
void run_time_wait_reopened(struct stage *stage)
{
	struct connection *conn = stage_connect_from(stage, NULL, CONNECT_REUSE);

	close_in_order(stage, conn);
	close_in_order(stage, stage_connect_from(stage, &conn->client.addr, CONNECT_REUSE));
}

/* Assassination: a RST with exactly the expected sequence number. */
void run_time_wait_reset(struct stage *stage)
{
	struct connection *conn = stage_connect(stage);
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);
	struct reply rep = end_ask(second, OP_SEND_SEQ);
	struct request rst = { .op = OP_RAW_RST, .addr = first->addr, .source = second->addr };

	if (rep.error)
		die("cannot ask for the sequence number: %s", strerror(rep.error));
	rst.arg = (uint32_t)(rep.result + 1);	/* the FIN takes one */
	close_in_order(stage, conn);
	rep = actor_ask(second->actor, &rst);
	if (rep.error)
		die("cannot send a RST: %s", strerror(rep.error));
	end_await_tuple(first, second, 0, false);
}

/* The only one that takes its minute. */
void run_time_wait_expires(struct stage *stage)
{
	struct connection *conn = close_in_order(stage, stage_connect(stage));
	struct end *first = stage_first(stage, conn), *second = stage_second(stage, conn);
	uint64_t begin = now_ms();

	while (view_tuple(first->actor->view, address_port(&first->addr),
			  address_port(&second->addr))
		       .state) {
		if (now_ms() > begin + 90000)
			die("TIME_WAIT did not end within 90 s");
		poll_pause(50);
	}
	stage->residence_ms = now_ms() - begin;
}
