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

#include "base/json.h"
#include "cmd/options.h"
#include "doctor/check.h"
#include "doctor/counsel.h"
#include "doctor/finding.h"
#include "sink/part.h"

/* Everything is borrowed. */
struct doctor_view {
	FILE *out;
	const char *host;	/* NULL: unknown, as of a tree of files */
	uint64_t from_ns, to_ns; /* CLOCK_REALTIME; 0: unknown */
	unsigned int width;	/* of the terminal; 0: not known */
	bool colour;
	const char *missing;	/* what can't be known, as a sentence; NULL: nothing */
	const struct chart *chart;
	const struct diagnosis *diagnosis;
	const struct advice *advice;
	size_t nr_advice;
};

/*
 * Fills @chart from @model, with all of its namespaces, and @view but for diagnosis and advice.
 * -ENOMEM. @chart is to be released in any case.
 */
int doctor_view_model(struct doctor_view *view, struct chart *chart, const struct model *model,
		      const struct sink_opts *opts);

/* As a part of `report`: the findings without the advice. @options is borrowed. */
struct part doctor_part(const struct options *options);

void doctor_print_text(const struct doctor_view *view);
void doctor_print_json(const struct doctor_view *view);
/* A fragment for /etc/sysctl.d. */
void doctor_print_conf(const struct doctor_view *view);
/* What --check says. */
void doctor_print_check_text(const struct doctor_view *view, const struct check *check);
void doctor_print_check_json(const struct doctor_view *view, const struct check *check);

/* As far as they are of the findings: also parts of others. To be freed. */
void doctor_print_findings(const struct doctor_view *view);
struct json *doctor_findings_json(const struct doctor_view *view);

enum counters_since {
	COUNTERS_UNKNOWN,	/* no facts: no counters */
	COUNTERS_SINCE_BOOT,	/* all that is known of them */
	COUNTERS_OF_WINDOW,
};

enum counters_since doctor_counters_since(const struct doctor_view *view);

#endif
