// SPDX-License-Identifier: GPL-2.0-or-later
/* A budget that fills up with time, and the places that were looked at last. */
#include "source/looks.h"

#include <stddef.h>

void looks_init(struct looks *looks, uint64_t now_ns)
{
	*looks = (struct looks){ .credit_ns = LOOKS_SAVED_NS, .credited_ns = now_ns };
}

static void credit(struct looks *looks, uint64_t now_ns)
{
	looks->credit_ns += (now_ns - looks->credited_ns) * LOOKS_BUDGET / 1000;
	looks->credited_ns = now_ns;
	if (looks->credit_ns > (int64_t)LOOKS_SAVED_NS)
		looks->credit_ns = LOOKS_SAVED_NS;
}

static bool is_fresh(const struct looks *looks, uint64_t netns_cookie, uint16_t port,
		     uint64_t now_ns)
{
	for (size_t i = 0; i < LOOKS_PLACES; i++)
		if (looks->places[i].port == port &&
		    looks->places[i].netns_cookie == netns_cookie &&
		    now_ns - looks->places[i].ts_ns < LOOKS_FRESH_NS)
			return true;
	return false;
}

bool looks_allow(struct looks *looks, uint64_t netns_cookie, uint16_t port, uint64_t now_ns)
{
	credit(looks, now_ns);
	if (looks->credit_ns <= 0 || is_fresh(looks, netns_cookie, port, now_ns))
		return false;
	looks->places[looks->next].netns_cookie = netns_cookie;
	looks->places[looks->next].port = port;
	looks->places[looks->next].ts_ns = now_ns;
	looks->next = (looks->next + 1) % LOOKS_PLACES;
	return true;
}

void looks_charge(struct looks *looks, uint64_t cost_ns)
{
	looks->credit_ns -= cost_ns > LOOKS_LEAST_NS ? cost_ns : LOOKS_LEAST_NS;
}
