/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the doctor concludes: findings with their evidence, and what could not be judged. */
#ifndef DOCTOR_FINDING_H
#define DOCTOR_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "doctor/chart.h"

enum severity {
	SEVERITY_PROBLEM,	/* connections fail, or are about to */
	SEVERITY_WARNING,	/* they will under more load, or suffer already */
	SEVERITY_NOTE,		/* worth knowing */
	NR_SEVERITIES,
};

const char *severity_name(enum severity severity);	/* "problem" */

#define MAX_PROOFS 16
#define MAX_SETTINGS 2
#define MAX_PLACES 16
#define SENTENCE_LEN 320

/* One piece of evidence: a number, or a text where there is one. */
struct proof {
	char what[80];
	double number;
	char text[96];		/* empty: the number counts */
};

/* A sysctl that would help, and what it is now. */
struct setting {
	char name[64];
	char value[200];
	char was[200];
};

#define COMMAND_LEN 512

struct finding_place {
	const char *netns_name;	/* borrowed from the chart */
	uint32_t netns_ino;	/* 0: unknown */
	bool is_host;
	char command[COMMAND_LEN]; /* would do it there, and is never run; empty: none does */
};

struct finding {
	const char *id;
	enum severity severity;
	char sentence[SENTENCE_LEN];
	struct proof proofs[MAX_PROOFS];
	unsigned int nr_proofs;
	const char *todo;	/* never NULL */
	const char *cost;	/* what that costs and risks; NULL: nothing is to be done */
	struct setting settings[MAX_SETTINGS];
	unsigned int nr_settings;
	bool of_host;		/* of all namespaces at once: the places mean nothing */
	struct finding_place places[MAX_PLACES];
	unsigned int nr_places;	/* 1 or more; may be more than are listed */
};

struct unjudged {
	const char *id;		/* of the rule */
	char reason[120];
};

struct diagnosis {
	struct finding *findings; /* owned; worst first, then by the order of the rules */
	size_t nr_findings;
	struct unjudged *unjudged; /* owned */
	size_t nr_unjudged;
};

/* Applies every rule. -ENOMEM: some findings are missing. */
int diagnose(const struct chart *chart, struct diagnosis *diagnosis);
void diagnosis_release(struct diagnosis *diagnosis);
/* Whether a finding is a problem. */
bool diagnosis_has_problem(const struct diagnosis *diagnosis);

#endif
