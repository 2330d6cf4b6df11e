/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What opinions rest on: a host's ports and counters, in a few words. Private to this room. */
#ifndef DOCTOR_SUPPLY_H
#define DOCTOR_SUPPLY_H

#include "doctor/counsel.h"

enum supply {
	SUPPLY_ENOUGH,
	SUPPLY_SHORT,		/* half of the ports of some budget are used, or none was found */
	SUPPLY_UNSURE,		/* not traced, and so many sockets that it may be */
	SUPPLY_UNKNOWN,		/* not traced, and how many there are can't be read */
};

/* What one opinion is asked with. */
struct question {
	const struct chart *chart;
	const struct site *site; /* may be NULL: nothing is known */
	char *reason;		/* REASON_LEN */
};

enum supply supply_of(const struct question *question);
/* The worst budget of the namespace that is asked about; NULL: none is short. */
const struct budget *supply_worst(const struct question *question);
/* Where ports are short, if they are anywhere; else the host's own namespace. NULL: none is known. */
const struct site *supply_site(const struct chart *chart);
/* Not traced: whether of the sockets that there are most are in TIME_WAIT. */
bool supply_is_of_time_wait(const struct question *question);
/* "ports are short: ..." or why they are not, as a sentence with its full stop. */
#define SUPPLY_LEN 240
const char *supply_budget(const struct budget *budget, char text[static SUPPLY_LEN]);
const char *supply_text(const struct question *question, char text[static SUPPLY_LEN]);

/* Ends an opinion: the reason, then the opinion itself. */
enum opinion because(const struct question *question, enum opinion opinion, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* -1: unknown. */
int64_t now_is(const struct question *question, const char *name);
/* "tcp_tw_reuse is 2 here." or, unknown, "". */
#define NOW_LEN 240
const char *now_text(const struct question *question, const char *name, char text[static NOW_LEN]);
/* The opinion on a tip of the table. */
enum opinion counsel_tip(const struct question *question, const char *setting);
/* All 0 where nothing is known. */
struct tally tally_of(const struct question *question, const char *name);
/* "3 in the last 10.0s, 9 since boot", as far as is known of either. */
#define TALLY_LEN 112
const char *tally_text(const struct question *question, const struct tally *tally,
		       char text[static TALLY_LEN]);
/* Whether this host's counters say anything of it. */
bool is_counted(const struct question *question, const char *name);
/* Lately, or since boot where nothing else is known; 0 where nothing is. */
uint64_t count_of(const struct question *question, const char *name);

#endif
