/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs are told before they are loaded. */
#ifndef SOURCE_CONFIGURE_H
#define SOURCE_CONFIGURE_H

#include <stdbool.h>

#include "source/features.h"
#include "source/live.h"

struct twtrace_bpf;

/* How a bind() that fails is seen: by the first of these ways that is to be had. */
enum bind_way {
	BIND_FEXIT,
	BIND_KPROBE,
	BIND_SYSCALL,
	BIND_NOT,
};

/* @with_fexit: the kernel takes such programs, and they are to be used. */
enum bind_way configure_bind_way(const struct live_opts *opts, const struct features *features,
				 bool with_fexit);
/* All but the programs of an evidence tier, which tiers.c selects. */
void configure(struct twtrace_bpf *skel, const struct live_opts *opts,
	       const struct features *features, enum tw_evidence evidence, bool with_fexit);
/* After configure(): without the programs that it can do without, if the kernel refuses any. */
void configure_least(struct twtrace_bpf *skel);

#endif
