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

#include "birth.h"
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
 * Only these are told: what is counted, SYN_SENT, which says that the changes of a socket
 * come in sum before the next snapshot lists it, and listeners, whose children are counted
 * for their owner. The states between show again in the snapshot.
 */
static __always_inline bool is_told(__u8 to)
{
	return is_in(to, STATE(TW_SYN_SENT) | STATE(TW_ESTABLISHED) | STATE(TW_FIN_WAIT1) |
				 STATE(TW_CLOSE) | STATE(TW_LISTEN));
}

/* What the note of a socket says of a change. */
enum spilled {
	NOT_SPILLED,
	SPILLED_BEFORE,		/* what came before it */
	SPILLED_THIS,		/* it itself: no socket makes the same change twice in a row */
};

/*
 * The note of a socket whose changes are told in sum; NULL: user space knows the socket. A
 * connection whose first change comes here is noted, since nobody but the note knows then
 * whose it is and who called whom.
 */
static __always_inline struct tw_note *spill_note(struct sock *sk, struct tw_lane *lane,
						  __u64 change, __u32 look)
{
	__u64 born_ns, listener_cookie = 0, child = 0;
	struct tw_note *note;
	bool fresh;

	if (change_from(change) == TW_SYN_RECV) {
		child = recall_birth(sk, lane, look, &born_ns, &listener_cookie);
		forget_birth(sk, lane, look);
	}
	fresh = child || (change & CHANGE_UNKNOWN) || change_from(change) == TW_CLOSE;
	note = bpf_sk_storage_get(&notes, sk, NULL, fresh ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	if (!note)
		return NULL;
	if (fresh) {
		note->spilled = 1;
		note->direction = change_flags(child | change_direction(change));
		note->listener_cookie = listener_cookie;
		if (!lane->noted)
			lanes_noted();
	}
	return note->spilled ? note : NULL;
}

static __always_inline void spill_whose(struct tw_spilled *key, struct sock *sk,
					struct tw_note *note, __u64 change)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	struct tw_owner owner;

	if (change_owner(change, &owner) & CHANGE_FLAG(TW_F_OWNER)) {
		__builtin_memcpy(note->comm, owner.comm, TW_COMM_LEN);
		note->tgid = owner.tgid;
	}
	note->last = change_from(change) << 8 | change_to(change);
	key->head.flags |= note->direction;
	key->listener_cookie = note->listener_cookie;
	__builtin_memcpy(key->owner.comm, note->comm, TW_COMM_LEN);
	/* a server may have a process for each connection: only those that are asked for */
	key->owner.tgid = config.scope_pid || note->tgid == config.pid ? note->tgid : 0;
	if (tp) {
		plain_tuple(sk, tp, &key->tuple);
		key->cgroup_id = plain_cgroup_id(tp);
	}
	__builtin_memset(key->tuple.local_addr, 0, sizeof(key->tuple.local_addr));
	/* the ephemeral ports would make each connection one of its own */
	if (note->direction & TW_F_OUTGOING)
		key->tuple.local_port = 0;
	else if (note->direction & TW_F_INCOMING)
		key->tuple.remote_port = 0;
}

/* Listeners are few: each is told by itself, with all that there is to tell. */
static __always_inline void spill_listener(struct tw_spilled *key, struct sock *sk, __u64 change)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);

	key->cookie = sk->__sk_common.skc_cookie.counter;
	key->head.flags |= change_flags(change_owner(change, &key->owner));
	if (tp) {
		plain_tuple(sk, tp, &key->tuple);
		key->cgroup_id = plain_cgroup_id(tp);
	}
}

/* No room: told in sum. */
static __noinline int spill_sum(struct sock *sk, struct tw_lane *lane, __u64 change, __u64 ts_ns,
				__u32 look)
{
	struct tw_counters *count = counters_here();
	struct tw_spilled key = {};
	struct tw_note *note;

	if (!count)
		return 0;
	if (change & CHANGE_FLAG(TW_F_FORGET)) {
		__sync_fetch_and_add(&count->lost_ring, 1);
		return 0;
	}
	key.head.size = sizeof(key);
	key.head.kind = TW_SPILLED;
	key.head.from = change_from(change);
	key.head.to = change_to(change);
	key.head.error = change_error(change);
	key.head.flags = change_flags(change) &
			 ~(TW_F_LOCKED | TW_F_GAP | TW_F_SECOND | TW_F_ONE_SEGMENT);
	if (change_to(change) == TW_LISTEN)
		spill_listener(&key, sk, change);
	else if ((note = spill_note(sk, lane, change, look)))
		spill_whose(&key, sk, note, change);
	else
		key.cookie = sk->__sk_common.skc_cookie.counter;
	/* counted when it is there: who reads the count and then the sums misses none */
	if (is_told(change_to(change)) && !spill_add(&key, ts_ns))
		__sync_fetch_and_add(&count->lost_sum, 1);
	else
		__sync_fetch_and_add(&count->spilled, 1);
	return 0;
}

#endif
