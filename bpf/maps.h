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

/* Where the common way goes: what is not on it is kept out of its cache lines. */
#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

/*
 * Kept with the few sockets of which more must be known than the socket itself says;
 * freed with it, so that idle sockets cost no eviction.
 */
struct tw_note {
	__u64 born_ns;		/* child: LISTEN->SYN_RECV, not told yet */
	__u64 listener_cookie;	/* child: its listener's */
	char comm[TW_COMM_LEN];	/* who acted on it last; only where spilled */
	__u32 tgid;
	__u16 direction;	/* TW_F_OUTGOING or TW_F_INCOMING */
	__u8 spilled;		/* user space has not been told of it one change at a time */
	__u8 pad[3];
	__u16 last;		/* of the changes told in sum: from << 8 | to */
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} events SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tw_counters);
} counters SEC(".maps") __weak;

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tw_note);
} notes SEC(".maps") __weak;

static __always_inline struct tw_counters *counters_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

extern const volatile struct tw_config config;
extern const volatile struct tw_filter filter;

#endif
