/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs could not tell, by cause: their own counters, and the kernel's of them. */
#ifndef SOURCE_LOSSES_H
#define SOURCE_LOSSES_H

#include <stdbool.h>
#include <stdint.h>

#include "source/probes.h"
#include "source/source.h"
#include "tw_config.h"

struct losses {
	struct tw_counters *counters;	/* owned: one a CPU, as read last */
	unsigned int cpus;
	uint64_t no_memory;		/* here, not in the kernel */
	uint64_t missed;		/* runs of first_look skipped, when last asked */
	struct {
		uint64_t looks, tier, ring, spilled, no_memory;
	} told;				/* so far, of each origin */
};

struct lost {
	uint64_t of[TW_NR_LOSS];
};

/* 0 or -errno: no memory, or /sys does not say how many processors there can be. */
int losses_init(struct losses *losses);
void losses_release(struct losses *losses);
/* What else has been lost since this was asked last; @last: it will not be asked again. */
struct lost losses_since(struct losses *losses, const struct probes *probes, bool last);
/* Changes that had no room in the ring since this was asked last. */
uint64_t losses_spilled(struct losses *losses, const struct probes *probes);
/* One LOSS record for each cause; true if there was any. */
bool losses_tell(const struct lost *lost, uint64_t now_ns, const struct receiver *to);
/* Adds what the programs counted of every (from, to) that no lane had, as read last. */
void losses_pairs(const struct losses *losses, __u64 count[TW_NR_STATES * TW_NR_STATES]);

#endif
