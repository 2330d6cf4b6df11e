/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where state changes go that the ring has no room for: added up by what the tables go
 * by, so that every count stays exact and only the single connection is lost from sight,
 * until the next snapshot. The reader swaps the map for an empty one and reads the full
 * one when nobody writes to it any more.
 */
#ifndef TW_SPILL_H
#define TW_SPILL_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "change.h"
#include "lane.h"
#include "maps.h"
#include "plain.h"
#include "tw_record.h"

struct tw_spill_sum {
	__u64 count;
	__u64 ts_ns;		/* of the last one */
};

/* The key is the record itself, without time and count. */
struct spill_sums {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TW_SPILL_ENTRIES);
	__type(key, struct tw_spilled);
	__type(value, struct tw_spill_sum);
} spill_first SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct spill_sums);
} spill SEC(".maps") = { .values = { &spill_first } };

/* False: no room there either, or the bucket is being written to under our feet. */
static __always_inline bool spill_add(const struct tw_spilled *key, __u64 ts_ns)
{
	struct tw_spill_sum one = { .count = 1, .ts_ns = ts_ns }, *sum;
	__u32 zero = 0;
	void *sums = bpf_map_lookup_elem(&spill, &zero);

	if (!sums)
		return false;
	sum = bpf_map_lookup_elem(sums, key);
	if (!sum) {
		if (!bpf_map_update_elem(sums, key, &one, BPF_NOEXIST))
			return true;
		/* another processor was quicker */
		sum = bpf_map_lookup_elem(sums, key);
	}
	if (!sum)
		return false;
	__sync_fetch_and_add(&sum->count, 1);
	sum->ts_ns = ts_ns;
	return true;
}

/*
 * Only these are counted, but for SYN_SENT: it tells that the changes of a socket come in
 * sum, before the next snapshot lists that. The states between show again there.
 */
static __always_inline bool counts(__u8 to)
{
	return is_in(to, STATE(TW_SYN_SENT) | STATE(TW_ESTABLISHED) | STATE(TW_FIN_WAIT1) |
				 STATE(TW_CLOSE));
}

/* The note of a socket whose changes are told in sum; NULL: user space knows the socket. */
static __always_inline struct tw_note *spill_note(struct sock *sk, const struct tw_facts *facts,
						  struct tw_lane *lane)
{
	bool fresh = facts->unknown || facts->from == TW_CLOSE || (facts->flags & TW_F_INCOMING);
	struct tw_note *note =
		bpf_sk_storage_get(&notes, sk, NULL, fresh ? BPF_SK_STORAGE_GET_F_CREATE : 0);

	if (!note)
		return NULL;
	if (fresh) {
		note->spilled = 1;
		note->direction = facts->flags & (TW_F_OUTGOING | TW_F_INCOMING);
		note->listener_cookie = facts->listener_cookie;
		if (!lane->noted)
			lanes_noted();
	}
	if (!note->spilled)
		return NULL;
	if (facts->flags & TW_F_OWNER)
		plain_comm(bpf_get_current_task_btf(), note->comm);
	return note;
}

static __always_inline void spill_whose(struct tw_spilled *key, struct sock *sk,
					const struct tw_note *note)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	key->head.flags |= note->direction;
	key->listener_cookie = note->listener_cookie;
	__builtin_memcpy(key->owner.comm, note->comm, TW_COMM_LEN);
	key->cgroup_id = plain_cgroup_id(sk);
	if (tp)
		plain_tuple(sk, tp, &key->tuple);
	__builtin_memset(key->tuple.local_addr, 0, sizeof(key->tuple.local_addr));
	/* the ephemeral ports would make each connection one of its own */
	if (note->direction & TW_F_OUTGOING)
		key->tuple.local_port = 0;
	else if (note->direction & TW_F_INCOMING)
		key->tuple.remote_port = 0;
}

/*
 * No room: told in sum. A connection whose first change comes here is noted, since nobody
 * but the note knows then whose it is and who called whom.
 */
static __noinline int spill_sum(struct sock *sk, const struct tw_facts *facts, struct tw_lane *lane)
{
	struct tw_counters *count = counters_here();
	struct tw_spilled key = {};
	struct tw_note *note;

	if (!count)
		return 0;
	if (facts->flags & TW_F_FORGET) {
		count->lost_ring++;
		return 0;
	}
	count->spilled++;
	note = spill_note(sk, facts, lane);
	if (!counts(facts->to))
		return 0;
	key.head.size = sizeof(key);
	key.head.kind = TW_SPILLED;
	key.head.from = facts->from;
	key.head.to = facts->to;
	key.head.error = facts->error;
	key.head.flags = facts->flags & ~(TW_F_OWNER | TW_F_LOCKED | TW_F_GAP | TW_F_SECOND);
	if (note)
		spill_whose(&key, sk, note);
	else
		key.cookie = facts->cookie;
	if (!spill_add(&key, facts->ts_ns))
		count->lost_sum++;
	return 0;
}

static __always_inline void spill_change(const struct change *change, struct tw_lane *lane,
					 enum look look)
{
	struct tw_facts *facts = &lane->facts[look];

	facts->cookie = change->cookie;
	facts->ts_ns = change->ts_ns;
	facts->listener_cookie = change->listener_cookie;
	facts->flags = change->flags;
	facts->from = change->from;
	facts->to = change->to;
	facts->error = change->error;
	facts->unknown = change->unknown;
	spill_sum(change->sk, facts, lane);
}

#endif
