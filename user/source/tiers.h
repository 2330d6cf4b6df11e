/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The evidence tiers of minisocks: which ones this kernel lets through, and their
 * programs in the skeleton. A tier is whole or not there.
 */
#ifndef SOURCE_TIERS_H
#define SOURCE_TIERS_H

#include "base/error.h"
#include "source/features.h"
#include "source/timers.h"
#include "tw_record.h"

struct twtrace_bpf;	/* the skeleton */
struct bpf_link;

#define MAX_TIER_LINKS 16

struct tier {
	enum tw_evidence evidence;
	struct bpf_link *links[MAX_TIER_LINKS];	/* owned */
	size_t nr_links;
	struct timers timers;			/* TW_BY_TIMER: filled in */
};

/* "fentry": what --evidence takes, and what the names of the tier's programs begin with. */
const char *tier_name(enum tw_evidence evidence);
/*
 * Whether a probe of the tier's kind was taken by this kernel: -ENOTSUP and a sentence
 * where not. A cheap question that spares a load; the load has the last word.
 */
int tier_possible(enum tw_evidence evidence, const struct features *features, struct error *err);
/* Before the load: only this tier's programs are loaded. */
void tier_select(struct twtrace_bpf *skel, enum tw_evidence evidence);
/* After the load: attaches them all, or none: 0, or -errno with a sentence. */
int tier_attach(struct tier *tier, struct twtrace_bpf *skel, struct error *err);
/* Runs of the tier's programs that the kernel skipped, and so their events. */
uint64_t tier_skipped(const struct tier *tier, struct twtrace_bpf *skel);
void tier_detach(struct tier *tier);

#endif
