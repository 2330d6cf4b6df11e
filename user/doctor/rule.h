/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule is, and what it is judged with. A rule is a row of a table, one table a theme.
 * What it needs is named there: a rule whose needs are missing is not asked, and said to be
 * unjudged. Private to this room.
 */
#ifndef DOCTOR_RULE_H
#define DOCTOR_RULE_H

#include "doctor/finding.h"

enum rule_flag {
	RULE_OF_HOST = 1 << 0,	/* judged once a host: what it reads is of all namespaces */
	RULE_TRACED = 1 << 1,	/* rests on what the model saw */
	RULE_CONNTRACK = 1 << 2, /* without the module there is nothing to judge */
};

#define MAX_NEEDS 4

struct exam;

struct rule {
	const char *id;
	enum severity severity;
	void (*judge)(struct exam *exam);
	unsigned int flags;
	/* "net.ipv4.tcp_tw_reuse", "TcpExt:TW", "sockstat:TCP:tw" */
	const char *needs[MAX_NEEDS];
};

/* Each up to a row without an id. */
extern const struct rule rules_ports[], rules_time_wait[], rules_queues[], rules_limits[];
extern const struct rule rules_conntrack[], rules_traffic[], rules_leaks[];

/* One rule at one namespace. */
struct exam {
	const struct chart *chart;
	const struct site *site;
	const struct rule *rule;
	struct diagnosis *diagnosis;
	bool no_memory;
	struct finding spare;	/* what there was no memory for */
};

/* Of what the rule needs, and has therefore. */
int64_t exam_sysctl(const struct exam *exam, const char *name, unsigned int index);
struct tally exam_counter(const struct exam *exam, const char *name);
uint64_t exam_sockstat(const struct exam *exam, const char *name);

/*
 * A finding of the rule's severity, which lasts until the next one. The sentence has no full
 * stop of its own.
 */
struct finding *exam_find(struct exam *exam, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "in 10.0s" or "since boot": for the sentence. @text is returned. */
#define SINCE_LEN 48
const char *exam_since(const struct exam *exam, const struct tally *tally,
		       char text[static SINCE_LEN]);
void finding_count(struct finding *finding, const char *what, double number);
void finding_word(struct finding *finding, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Both counts of it: lately and since boot. */
void finding_tally(struct finding *finding, const char *what, const struct tally *tally);
void finding_advise(struct finding *finding, const char *todo, const char *cost);
/* The sysctl that does it, and its command for this namespace. */
void finding_set(struct finding *finding, const struct exam *exam, const char *name,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
