/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State changes that found no room in the ring: added up in the kernel (bpf/spill.h),
 * fetched from there, told as records.
 */
#ifndef SOURCE_SPILL_H
#define SOURCE_SPILL_H

#include "source/source.h"

struct spill {
	int outer_fd;		/* of the map that names the one in use; not owned */
	int sums_fd;		/* that one */
	int first_fd;		/* the one that it began with; not owned */
};

/*
 * Tells all that has been added up: changes of sockets that user space knows one by one,
 * in the order of their time, as transitions that come late; the others in sum. Nothing
 * is told twice, and nothing that is added meanwhile is missed. 0, or -errno: it is all
 * still there, for the next time.
 */
int spill_drain(struct spill *spill, const struct receiver *to);
void spill_release(struct spill *spill);

#endif
