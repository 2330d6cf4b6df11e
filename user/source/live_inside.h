/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What live.c, live_open.c and passage.c share: the live source itself. */
#ifndef SOURCE_LIVE_INSIDE_H
#define SOURCE_LIVE_INSIDE_H

#include "source/bound.h"
#include "source/cgroups.h"
#include "source/keeper.h"
#include "source/lanes.h"
#include "source/live.h"
#include "source/losses.h"
#include "source/probes.h"
#include "source/ring_whole.h"
#include "source/spill.h"
#include "source/stacks.h"
#include "source/survey.h"

struct live {
	/* owned: processes that look into others, and (NULL: no stacks) open files of theirs */
	struct keeper *keeper, *opener;
	uint32_t kept; /* capabilities that bpf() asks for at any time on this kernel */
	struct probes probes;
	struct tw_tier tier; /* what they tell rests on this */
	struct ring_buffer *ring; /* owned: what all processors share */
	struct ring_whole whole;
	struct lanes lanes;
	struct spill spill;
	struct losses losses;
	struct cgroups *cgroups; /* owned */
	struct survey survey;
	struct bound bound;
	struct stacks *stacks; /* owned; NULL: not asked for */
	uint64_t last_ts_ns; /* of the newest record */
	uint64_t records;
	uint64_t spilled; /* changes told in sum, a loss not told yet */
	/* no walk over open files before: for holders, for sockets in CLOSE unless forced */
	uint64_t holders_next_ns, closed_next_ns;
	bool leaks, no_audit; /* as asked for */
	bool restless; /* the last drain had something: look once more */
};

#endif
