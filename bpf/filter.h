/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The filters the kernel can decide. A fact that is not there yet (the local port
 * before connect() chose one) decides nothing: the record passes, and user space
 * or a later event has the last word.
 */
#ifndef TW_FILTER_H
#define TW_FILTER_H

#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "tw_record.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_UNKNOWN,
	VERDICT_DROP,
};

static __always_inline bool ports_have(const volatile struct tw_port_range *ranges, __u32 count,
				       __u16 port)
{
	for (__u32 i = 0; i < TW_MAX_PORT_RANGES; i++) {
		if (i >= count)
			break;
		if (port >= ranges[i].low && port <= ranges[i].high)
			return true;
	}
	return false;
}

static __always_inline bool addr_in(const __u8 addr[16], const volatile struct tw_cidr *cidr)
{
	const __u32 *word = (const __u32 *)addr;
	const volatile __u32 *want = (const volatile __u32 *)cidr->addr;

	for (__u32 i = 0; i < 4; i++) {
		__u32 bits = cidr->bits > 32 * i ? cidr->bits - 32 * i : 0;
		__u32 mask = bits >= 32 ? ~0U : bits ? bpf_htonl(~0U << (32 - bits)) : 0;

		if ((word[i] ^ want[i]) & mask)
			return false;
	}
	return true;
}

static __always_inline bool addr_is_v4(const __u8 addr[16])
{
	const __u32 *word = (const __u32 *)addr;

	return !word[0] && !word[1] && word[2] == bpf_htonl(0xffff);
}

static __always_inline bool remote_wanted(const struct tw_tuple *tuple)
{
	if (!filter.nr_remotes)
		return true;
	for (__u32 i = 0; i < TW_MAX_CIDRS; i++) {
		if (i >= filter.nr_remotes)
			break;
		if (addr_in(tuple->remote_addr, &filter.remotes[i]))
			return true;
	}
	return false;
}

/*
 * A function of its own, which the verifier looks at once: in line it would go through it for
 * every state that a caller may be in. @listening: the tuple has no remote end and never
 * will. Listeners always pass: their children inherit.
 */
__weak __noinline enum verdict filter_verdict(const struct tw_tuple *tuple, bool listening)
{
	bool local, remote;

	if (!tuple || (filter.netns_ino && tuple->netns_ino != filter.netns_ino))
		return VERDICT_DROP;
	if (listening)
		return VERDICT_PASS;
	if (filter.family && (filter.family == 4) != addr_is_v4(tuple->remote_addr))
		return VERDICT_DROP;
	if (!remote_wanted(tuple))
		return VERDICT_DROP;
	if (filter.nr_local_ports) {
		if (!tuple->local_port)
			return VERDICT_UNKNOWN;
		if (!ports_have(filter.local_ports, filter.nr_local_ports, tuple->local_port))
			return VERDICT_DROP;
	}
	if (!filter.nr_ports)
		return VERDICT_PASS;
	local = ports_have(filter.ports, filter.nr_ports, tuple->local_port);
	remote = ports_have(filter.ports, filter.nr_ports, tuple->remote_port);
	if (local || remote)
		return VERDICT_PASS;
	return tuple->local_port ? VERDICT_DROP : VERDICT_UNKNOWN;
}

#endif
