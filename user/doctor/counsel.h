/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opinions on advice that people read: each well-known tip, and each value of a sysctl, judged
 * by what this host shows. What the kernel does with them is read in its source (Linux 5.10 to
 * 7.2); docs/doctor.md has the list.
 */
#ifndef DOCTOR_COUNSEL_H
#define DOCTOR_COUNSEL_H

#include "doctor/chart.h"

enum opinion {
	OPINION_TRUE,		/* it helps here, or is as it should be */
	OPINION_FALSE,		/* it does not do what is said of it */
	OPINION_IRRELEVANT,	/* it does, and this host has no need of it */
	OPINION_DANGEROUS,	/* it does harm */
	OPINION_GONE,		/* this kernel has no such thing */
	OPINION_NONE,		/* not judged */
	NR_OPINIONS,
};

const char *opinion_name(enum opinion opinion);	/* "true"; NULL: OPINION_NONE */

#define REASON_LEN 640

struct advice {
	const char *setting;	/* "tcp_tw_reuse", "SO_LINGER" */
	const char *tip;	/* what is said of it */
	enum opinion verdict;
	char reason[REASON_LEN];
};

/* Every tip, in the order of the table. 0 or -ENOMEM; the caller frees *@advice. */
int counsel(const struct chart *chart, struct advice **advice, size_t *count);

#define MAX_VALUES 3

/*
 * A sysctl with these values, at the first of the host's namespaces. OPINION_NONE: nothing is
 * known of that name. What is out of its range is OPINION_FALSE.
 */
enum opinion counsel_setting(const struct chart *chart, const char *name, const char *value,
			     char reason[static REASON_LEN]);
/* The names it knows, in order; NULL: no more. */
const char *counsel_known(size_t index);
/* So many numbers it takes; 0: any text, or not known. */
unsigned int counsel_values(const char *name);

#endif
