/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When ports run out, from what is used, what will come back, and the rate. Pure. */
#ifndef MODEL_FORECAST_H
#define MODEL_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

/* So many seconds from now, the last one: that or later. Minisocks live for 60 to 62 s. */
#define FORECAST_ENDS 64

struct forecast {
	double per_s;		/* new connections; NAN: not known */
	double used;
	double turning_over;	/* of the used ones, full sockets that will close as others did */
	double lifetime_s;	/* from SYN_SENT to the end of the full socket; NAN: none was seen */
	double stay;		/* the share of them that leaves a minisock: 0 to 1 */
	double minisock_s;	/* how long that holds the port */
	double slow;		/* the share of minisocks that hold it for slow_s instead: 0 to 1 */
	double slow_s;
	uint32_t ends[FORECAST_ENDS];	/* minisocks there are, by when they end */
};

/* Seconds until @limit ports are used; 0: they are; INFINITY: never; NAN: not known. */
double forecast_reach(const struct forecast *forecast, double limit);

#endif
