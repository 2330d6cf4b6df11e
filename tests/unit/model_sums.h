/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes told in sum, or late, for the tests of what is made of them. */
#ifndef MODEL_SUMS_H
#define MODEL_SUMS_H

#include "model_fixture.h"

/* So many ends like @end did this. */
static inline void feed_sum(struct fixture *f, const struct end *end, uint8_t from, uint8_t to,
			    uint16_t flags, uint64_t count)
{
	struct tw_spilled record = { .count = count,
				     .cgroup_id = end->cgroup_id,
				     .listener_cookie = end->listener,
				     .tuple = end->tuple };

	memcpy(record.owner.comm, end->owner.comm, TW_COMM_LEN);
	memset(record.tuple.local_addr, 0, sizeof(record.tuple.local_addr));
	if (flags & TW_F_OUTGOING)
		record.tuple.local_port = 0;
	if (flags & TW_F_INCOMING)
		record.tuple.remote_port = 0;
	record.head = head_of(f, TW_SPILLED, sizeof(record));
	record.head.from = from;
	record.head.to = to;
	record.head.flags = flags;
	feed(f, &record, sizeof(record));
}

static inline void feed_client_sums(struct fixture *f, const struct end *end, uint64_t count)
{
	feed_sum(f, end, TW_SYN_SENT, TW_ESTABLISHED, TW_F_OUTGOING, count);
	feed_sum(f, end, TW_ESTABLISHED, TW_FIN_WAIT1, TW_F_OUTGOING, count);
	feed_sum(f, end, TW_FIN_WAIT2, TW_CLOSE, TW_F_OUTGOING | ORDERLY, count);
}

/* A change known by its cookie, of which is told when others have been told. */
static inline void feed_late(struct fixture *f, const struct end *end, uint8_t from, uint8_t to,
			     uint16_t flags, uint64_t ts_ns)
{
	struct tw_transition record = { .cookie = end->cookie };

	record.head = head_of(f, TW_TRANSITION, TW_TRANSITION_SHORT);
	record.head.ts_ns = ts_ns;
	record.head.from = from;
	record.head.to = to;
	record.head.flags = flags | TW_F_LATE;
	feed(f, &record, TW_TRANSITION_SHORT);
}

static inline struct end listener(uint64_t cookie, const char *comm)
{
	struct end end = end_of(cookie, 8080, 0, 200, comm);

	memset(end.tuple.remote_addr, 0, sizeof(end.tuple.remote_addr));
	return end;
}

static inline void a_dump(struct fixture *f, const struct end *end, uint8_t state,
			  uint32_t expires_ms)
{
	pass(f, SECOND);
	feed_begin(f);
	if (end)
		feed_found(f, end, state, expires_ms);
	feed_end(f, 0, 0);
}

#endif
