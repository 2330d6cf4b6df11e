/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `doctor` prints, in text and in JSON. The room of outputs knows nothing of the doctor's,
 * nor the doctor's of printing: here the two meet.
 */
#ifndef CMD_DOCTOR_VIEW_H
#define CMD_DOCTOR_VIEW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "doctor/check.h"
#include "doctor/counsel.h"
#include "doctor/finding.h"

/* Everything is borrowed. */
struct doctor_view {
	FILE *out;
	const char *host;	/* NULL: unknown, as of a tree of files */
	uint64_t from_ns, to_ns; /* CLOCK_REALTIME; 0: unknown */
	unsigned int width;	/* of the terminal; 0: not known */
	bool colour;
	const char *missing;	/* why nothing was traced, as a sentence; NULL: it was */
	const struct chart *chart;
	const struct diagnosis *diagnosis;
	const struct advice *advice;
	size_t nr_advice;
};

void doctor_print_text(const struct doctor_view *view);
void doctor_print_json(const struct doctor_view *view);
/* A fragment for /etc/sysctl.d. */
void doctor_print_conf(const struct doctor_view *view);
/* What --check says. */
void doctor_print_check_text(const struct doctor_view *view, const struct check *check);
void doctor_print_check_json(const struct doctor_view *view, const struct check *check);

struct json;
/* The document as far as it is of the findings: also a part of others. */
void doctor_add_findings(struct json *json, const struct diagnosis *diagnosis);

/* The counters' beginning: true where all that is known of them is since boot. */
bool doctor_counts_since_boot(const struct doctor_view *view);

#endif
