// SPDX-License-Identifier: GPL-2.0-or-later
/* The tab of what `doctor` finds, in its own words. */
#include "screen/page.h"

/* Judging reads all that is known: findings need not be newer than that. */
#define JUDGED_EVERY_NS 5000000000ULL

static void print_doctor(struct page *page, const struct site *site, const struct model *model,
			 FILE *out)
{
	struct sink_opts opts = site->opts;

	(void)page;
	if (!site->doctor) {
		fputs("There are no findings to be had here.\n", out);
		return;
	}
	opts.out = out;
	opts.extra = site->doctor;
	site->doctor->print(model, &opts);
}

const struct page_ops doctor_page = {
	.name = "doctor",
	.print = print_doctor,
	.period_ns = JUDGED_EVERY_NS,
};
