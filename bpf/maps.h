/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the programs share: the ring to user space, the note kept with a socket,
 * the counters, the configuration. Every object names them here; the linker makes
 * them one.
 */
#ifndef TW_MAPS_H
#define TW_MAPS_H

#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "tw_config.h"

/* The note's flags, beside TW_F_OUTGOING and TW_F_INCOMING. */
#define TW_NOTE_DELIVERED (1 << 0)	/* user space has the tuple: a short record will do */
#define TW_NOTE_FORGOTTEN (1 << 1)	/* a filter turned the socket down for good */

/*
 * Kept with the socket (freed with it, so idle sockets cost no eviction), and
 * inherited by a listener's children: that is how a child knows its listener.
 */
struct tw_note {
	__u64 born_ns;		/* child: LISTEN->SYN_RECV, not told yet */
	__u64 listener_cookie;	/* listener: its own; child: its listener's */
	__u32 tgid;		/* owner delivered last, the kernel's own number; 0: none */
	__u16 direction;	/* TW_F_OUTGOING or TW_F_INCOMING */
	__u8 flags;
	__u8 seen;		/* the change looked at last: from << 4 | to */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} events SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct tw_note);
} notes SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tw_counters);
} counters SEC(".maps") __weak;

extern const volatile struct tw_config config;
extern const volatile struct tw_filter filter;

#endif
