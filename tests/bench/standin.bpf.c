// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stand-in for libbpf-tools' tcpstates, of the same build and not of its code: a classic
 * tracepoint, the time of each socket's last change in a hash map by its address, and one
 * perf event for each change, which wakes the reader each time.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "standin.h"
#include "tw_record.h"

#define MAP_TYPE_PERF_EVENT_ARRAY 4
#define CURRENT_CPU 0xffffffffULL
#define FAMILY_INET 2
#define PROTOCOL_TCP 6

/* the tracepoint's fields, as its format file has them */
struct trace_event_raw_inet_sock_set_state {
	__u64 entry;
	const void *skaddr;
	int oldstate;
	int newstate;
	__u16 sport;
	__u16 dport;
	__u16 family;
	__u16 protocol;
	__u8 saddr[4];
	__u8 daddr[4];
	__u8 saddr_v6[16];
	__u8 daddr_v6[16];
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__type(key, __u64);
	__type(value, __u64);
} timestamps SEC(".maps");

struct {
	__uint(type, MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} changes SEC(".maps");

SEC("tracepoint/sock/inet_sock_set_state")
int standin(struct trace_event_raw_inet_sock_set_state *ctx)
{
	__u64 key = (__u64)ctx->skaddr, now = bpf_ktime_get_ns(), *since;
	struct standin_event event = {};

	if (ctx->protocol != PROTOCOL_TCP)
		return 0;
	since = bpf_map_lookup_elem(&timestamps, &key);
	event.skaddr = key;
	event.ts_us = now / 1000;
	event.delta_us = since ? (now - *since) / 1000 : 0;
	event.pid = bpf_get_current_pid_tgid() >> 32;
	event.family = ctx->family;
	event.from = ctx->oldstate;
	event.to = ctx->newstate;
	event.sport = ctx->sport;
	event.dport = ctx->dport;
	bpf_get_current_comm(&event.task, sizeof(event.task));
	if (ctx->family == FAMILY_INET) {
		bpf_probe_read_kernel(&event.saddr, sizeof(ctx->saddr), &ctx->saddr);
		bpf_probe_read_kernel(&event.daddr, sizeof(ctx->daddr), &ctx->daddr);
	} else {
		bpf_probe_read_kernel(&event.saddr, sizeof(ctx->saddr_v6), &ctx->saddr_v6);
		bpf_probe_read_kernel(&event.daddr, sizeof(ctx->daddr_v6), &ctx->daddr_v6);
	}
	bpf_perf_event_output(ctx, &changes, CURRENT_CPU, &event, sizeof(event));
	if (event.to == TW_CLOSE)
		bpf_map_delete_elem(&timestamps, &key);
	else
		bpf_map_update_elem(&timestamps, &key, &now, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
