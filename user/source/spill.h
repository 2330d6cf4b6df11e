/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State changes that found no room in the ring: added up in the kernel (bpf/spill.h),
 * fetched from there, told as records.
 */
#ifndef SOURCE_SPILL_H
#define SOURCE_SPILL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "source/source.h"

struct spill {
	int outer_fd;		/* of the map that names the one in use; not owned */
	int sums_fd;		/* that one */
	int taken_fd;		/* the other, while it is not read to its end; -1: it is, */
	int spare_fd;		/* and is to be the next one */
	int second_fd;		/* owned: the one that it did not begin with */
	bool left;		/* the last attempt failed: there is something to take */
};

struct spilled {
	struct tw_spilled *items;	/* owned, in the order of their last time */
	size_t count, room;
};

/*
 * @outer_fd, @first_fd: borrowed. The second map is made here, while there is the privilege to
 * make one. 0, or -errno with @err; spill_release() in any case.
 */
int spill_init(struct spill *spill, int outer_fd, int first_fd, struct error *err);
/*
 * Takes all that has been added up: nothing is taken twice, and nothing that is added
 * meanwhile is missed. 0, or -errno: @all is what could be taken, the next call has the rest.
 */
int spill_take(struct spill *spill, struct spilled *all);
/*
 * Tells it, and forgets it: changes of sockets that user space knows one by one, as
 * transitions that come late, the others in sum. What the lanes had when it was taken must
 * have been told before: it knows those sockets from there.
 */
void spill_tell(struct spilled *all, const struct receiver *to);
void spill_release(struct spill *spill);

#endif
