/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded queue of parcels in front of something slow that may fail for a while, a server or
 * a file, and the thread that delivers them, one after the other, in their order. Whoever sends
 * never waits for it; where too much waits, the oldest goes, because the newest tells most.
 *
 * After a failure that another try may mend the next try is made later and later; it is the
 * first failure and the recovery that are logged, nothing in between.
 *
 * The thread takes no signals and has no capabilities. Every function here is the one
 * sender's, but for courier_delay_ms(), which is anybody's.
 */
#ifndef BASE_COURIER_H
#define BASE_COURIER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct courier;

enum courier_verdict {
	COURIER_DELIVERED,
	COURIER_AGAIN,		/* it may work later */
	COURIER_REFUSED,	/* it never will: the parcel goes */
};

/* Of a parcel that was not delivered. */
struct courier_failure {
	uint64_t retry_after_ms; /* not before that; 0: the courier decides */
	struct error err;	/* a sentence that says what failed, to be logged */
};

/* Called by the thread, but for interrupt(). */
struct courier_ops {
	/*
	 * The first call, while the thread has its capabilities: for what it is to become with
	 * them. 0, or -errno with @err, which courier_new() then returns. NULL: nothing to do.
	 */
	int (*begin)(void *ctx, struct error *err);
	/* May wait. *@failure is zeroed before. */
	enum courier_verdict (*deliver)(void *ctx, const void *bytes, size_t len,
					struct courier_failure *failure);
	/* From the sender's thread: deliver() is to come back soon. NULL: it cannot. */
	void (*interrupt)(void *ctx);
	/* The last call, by either thread; NULL: nothing to do. */
	void (*release)(void *ctx);
};

struct courier_config {
	const char *name;	/* the thread's, and before what is logged; 15 bytes of it are copied */
	size_t max_waiting;	/* parcels, without the one under way; at least 1 */
	unsigned int tries;	/* so often a parcel is tried; 0: COURIER_TRIES */
	unsigned int first_ms;	/* before the second try; 0: COURIER_FIRST_MS */
	unsigned int longest_ms; /* 0: COURIER_LONGEST_MS */
};

#define COURIER_TRIES 8
#define COURIER_FIRST_MS 1000
#define COURIER_LONGEST_MS 60000
/* What retry_after_ms may ask for. */
#define COURIER_PATIENCE_MS 3600000

struct courier_report {
	uint64_t delivered;
	uint64_t dropped;	/* no room, tried too often, or not delivered at the end */
	uint64_t refused;
	char last_error[512];	/* of the last failure, whether mended since or not; "": none */
};

/* The thread runs when this returns. NULL: see @err; @ctx is the caller's then. */
struct courier *courier_new(const struct courier_ops *ops, void *ctx,
			    const struct courier_config *config, struct error *err);
/* Takes over @bytes, of malloc(). */
void courier_send(struct courier *courier, void *bytes, size_t len);
/* As things are now. */
void courier_report(struct courier *courier, struct courier_report *report);
/*
 * Waits for what waits, at most @patience_ms, and frees the courier. A try that is put off is
 * made at once, unless retry_after_ms put it off. What is left then is dropped; where deliver()
 * does not come back even so, the thread is left alone with what it needs.
 */
void courier_finish(struct courier *courier, unsigned int patience_ms,
		    struct courier_report *report);

/*
 * How long to wait after the @failures'th failure in a row (from 1 on): twice as long each time,
 * up to longest_ms, of which @random takes up to a half; or what was asked for and up to an
 * eighth more, so that not all who were sent away come back together.
 */
uint64_t courier_delay_ms(const struct courier_config *config, unsigned int failures,
			  uint64_t retry_after_ms, uint32_t random);

#endif
