/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worst of what is found, for the header: looked for once an interval, as 20,000 budgets
 * take 8 ms to be put in order.
 */
#ifndef SCREEN_GIST_H
#define SCREEN_GIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/leak.h"
#include "model/ports.h"
#include "sink/leaks.h"
#include "sink/ports.h"

struct gist {
	bool built;
	uint64_t built_ns;
	size_t budgets;
	struct budget budget;	/* the worst one; its texts are gone */
	char place[DESTINATION_LEN];
	size_t verdicts;
	enum leak_level level;	/* of the worst one */
	char verdict[VERDICT_TEXT_LEN];
};

struct site;

/* Looks again where @period_ns have passed since it did. */
void gist_refresh(struct gist *gist, const struct site *site, const struct model *model,
		  uint64_t period_ns);

#endif
