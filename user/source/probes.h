/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF programs: which of them this kernel takes, loaded, attached in the order in
 * which they must run, and detached again.
 */
#ifndef SOURCE_PROBES_H
#define SOURCE_PROBES_H

#include "base/error.h"
#include "source/features.h"
#include "source/live.h"
#include "source/tiers.h"

struct probes {
	struct twtrace_bpf *skel;	/* owned */
	struct bpf_link *links[16];	/* owned */
	struct bpf_link *scope[3];	/* owned: of the processes of a command */
	struct bpf_link *third;		/* owned: of third_look(), NULL until it is needed */
	struct features features;
	struct tier tier;
	uint32_t lane_bytes;		/* what a lane holds */
	enum tw_binds binds;
};

/*
 * Loads everything, with the best evidence tier that this kernel takes (or the one that
 * is asked for) attached already: what it tells of sockets nobody knows yet is nothing.
 * 0, or -errno with a sentence on what this host lacks. probes_close() in any case.
 */
int probes_load(struct probes *probes, const struct live_opts *opts, struct error *err);
/* From here on transitions go into the ring, which has its reader already. 0 or -errno. */
int probes_attach(struct probes *probes, const struct live_opts *opts, struct error *err);
/* A third look, for kernels that skip two: its cost is for those who need it. */
void probes_attach_third(struct probes *probes);
/* Runs of the first look that the kernel has skipped. */
uint64_t probes_skipped(const struct probes *probes);
/* With --verbose, and where the kernel keeps statistics (kernel.bpf_stats_enabled): the cost. */
void probes_tell_cost(const struct probes *probes);
void probes_close(struct probes *probes);

#endif
