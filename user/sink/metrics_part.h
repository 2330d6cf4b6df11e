/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of an exposition, and what they remember from one to the next. */
#ifndef SINK_METRICS_PART_H
#define SINK_METRICS_PART_H

#include "sink/metrics_shelf.h"
#include "sink/metrics_text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct metrics {
	struct metrics_opts opts;
	struct shelf places, remotes, failures;
	uint64_t places_folded, remotes_folded; /* as they were last */
	uint64_t overflows, last_overflows;	/* as shown, as they were last */
	uint64_t held_ns;			/* likewise: what was shown */
};

/* The tables: by service, port and role, and by remote host. */
void metrics_rows(struct metrics *metrics, const struct model *model, const struct exposition *to);
void metrics_failures(struct metrics *metrics, const struct model *model,
		      const struct exposition *to);
void metrics_leaks(const struct model *model, const struct exposition *to);
void metrics_budgets(const struct model *model, const struct exposition *to);
/* What the kernel counts otherwise, and what is not known. */
void metrics_trust(const struct model *model, const struct exposition *to);

#endif
