/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The birth of a listener's child: noted when it happens, told with the change that follows. */
#ifndef TW_BIRTH_H
#define TW_BIRTH_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "change.h"
#include "lane.h"
#include "maps.h"

/*
 * The listener whose child this is, by its cookie; 0: unknown. At LISTEN->SYN_RECV the
 * child still is the copy that sk_clone() made of its listener, so the head of its empty
 * send queue points to the listener's own (tcp_init_sock(); tcp_create_openreq_child()
 * sets it anew a moment later).
 */
static __always_inline __u64 listener_of(const struct tcp_sock *child, struct tw_lane *lane,
					 __u32 look)
{
	__u64 queue = lane_address(lane, look, child->tsorted_sent_queue.next);
	const struct sock_common *listener =
		(const void *)(queue - bpf_core_field_offset(struct tcp_sock, tsorted_sent_queue));

	if (BPF_CORE_READ(listener, skc_state) != TW_LISTEN)
		return 0;
	return BPF_CORE_READ(listener, skc_cookie.counter);
}

/*
 * The child has neither tuple nor cookie yet: inet_csk_clone_lock() sets both after this
 * event, and would overwrite a cookie made here. Its next event tells of this one: it comes
 * with the same segment, so at the same time by the kernel's clock, unless the listener
 * takes TCP Fast Open.
 */
static __noinline int child_born(struct sock *sk, const struct tcp_sock *tp, struct tw_lane *lane,
				 __u32 look)
{
	__u64 address = lane_address(lane, look, sk);
	struct tw_birth *birth = lane_birth(lane, address);
	__u64 listener_cookie = listener_of(tp, lane, look);
	struct tw_note *note;

	if (tp->inet_conn.icsk_accept_queue.fastopenq.max_qlen) {
		note = bpf_sk_storage_get(&notes, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
		if (note) {
			note->born_ns = bpf_ktime_get_ns();
			note->listener_cookie = listener_cookie;
			if (!lane->noted)
				lanes_noted();
		}
		return 0;
	}
	birth->child = 0;
	birth->listener_cookie = listener_cookie;
	/* another look may have interrupted: what it began it has also ended */
	*(volatile __u64 *)&birth->child = address;
	return 0;
}

/*
 * What is known of a socket that leaves SYN_RECV: TW_F_INCOMING if it is a listener's child,
 * with the time of its birth and the listener's cookie where all looks have not missed them.
 * No process has a child before accept() (sk_clone_lock(), net/core/sock.c), and connect()
 * from both ends meets in SYN_RECV with a process at each: so the child needs no birth seen.
 */
static __always_inline __u64 recall_birth(struct sock *sk, struct tw_lane *lane, __u32 look,
					  __u64 *born_ns, __u64 *listener_cookie)
{
	__u64 address = lane_address(lane, look, sk);
	struct tw_birth *birth = lane_birth(lane, address);
	struct tw_note *note;

	/* a note may outlive its child where what followed was not seen: this may be another socket,
	 * which has connected from both ends */
	if (likely(birth->child == address && !sk->sk_socket)) {
		*listener_cookie = birth->listener_cookie;
		return CHANGE_FLAG(TW_F_INCOMING);
	}
	note = note_of(sk);
	if (unlikely(!note || !note->born_ns)) {
		*born_ns = 0;
		return sk->sk_socket ? 0 : CHANGE_FLAG(TW_F_INCOMING);
	}
	*born_ns = note->born_ns;
	*listener_cookie = note->listener_cookie;
	return CHANGE_FLAG(TW_F_INCOMING);
}

/* It has been told: the memory may soon be another socket's. */
static __always_inline void forget_birth(struct sock *sk, struct tw_lane *lane, __u32 look)
{
	__u64 address = lane_address(lane, look, sk);
	struct tw_birth *birth = lane_birth(lane, address);

	if (birth->child == address)
		birth->child = 0;
}

#endif
