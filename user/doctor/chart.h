/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of a host before anything is concluded from it: the facts of each network
 * namespace, and what the model saw. The chart owns its arrays; text and what is the model's
 * is borrowed, and lasts until the next record is fed.
 */
#ifndef DOCTOR_CHART_H
#define DOCTOR_CHART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/leak.h"
#include "model/model.h"
#include "model/ports.h"

/* A network namespace, as its facts (base/facts.h) say. */
struct site {
	const char *name;	/* "host", a name under /run/netns, or NULL */
	uint32_t ino;		/* 0: unknown, as of a tree of files */
	uint64_t cookie;
	uint8_t source;		/* of the recording */
	const char *before;	/* NULL: told once, so that counters count since boot */
	const char *now;
	double window_s;	/* between the two; 0: unknown */
	bool is_host;		/* what stands below /etc/sysctl.d reaches it */
	bool first;		/* of its host: what is of all namespaces is judged there */
	bool aside;		/* nobody asked for it: nothing else is judged there */
};

struct listening {
	uint64_t netns_cookie;
	uint16_t port;
};

struct chart {
	struct site *sites;
	size_t nr_sites;
	bool traced;		/* the rest is known */
	enum tw_binds binds;	/* whether failures have those of bind() */
	enum evidence evidence;
	uint64_t lost;		/* events, by all causes but the output's */
	const struct row *totals;
	const struct budget *budgets;
	size_t nr_budgets;
	const struct failure *failures;
	size_t nr_failures;
	const struct verdict *verdicts;
	size_t nr_verdicts;
	struct listening *listeners; /* in no order; several may be of one port */
	size_t nr_listeners;
	bool listened;		/* not traced, and listeners are known all the same */
};

/* What a counter says: since the facts before, if there are any, and since boot. */
struct tally {
	uint64_t lately;	/* windowed: in the window; else since boot */
	uint64_t since_boot;
	bool windowed;
};

/* @site is copied. -ENOMEM. */
int chart_add_site(struct chart *chart, const struct site *site);
/* Everything that the model has, its facts too. -ENOMEM. */
int chart_add_model(struct chart *chart, const struct model *model);
void chart_release(struct chart *chart);

/* False: not among its facts, or no number. */
bool site_sysctl(const struct site *site, const char *name, unsigned int index, int64_t *value);
/*
 * A sysctl as it stands, clean, its tabs as blanks. False and an empty text: unknown, or it
 * does not fit.
 */
bool site_text(const struct site *site, const char *name, char *text, size_t size);
/*
 * @name: "TcpExt:TCPTimeWaitOverflow". A counter that went back (the two are of different
 * boots) counts since boot.
 */
bool site_counter(const struct site *site, const char *name, struct tally *tally);
/* @name: "TCP:orphan" */
bool site_sockstat(const struct site *site, const char *name, uint64_t *value);
bool site_range(const struct site *site, unsigned int *low, unsigned int *high);
/* Whether ip_local_reserved_ports holds the port; false where it is not known. */
bool site_reserves(const struct site *site, unsigned int port);
/* So many of the ports from @low to @high. */
unsigned int site_reserved(const struct site *site, unsigned int low, unsigned int high);
/* The release ("6.1.0-18-amd64"), cut to @size; empty: unknown. Returns @text. */
const char *site_kernel(const struct site *site, char *text, size_t size);
/* The first of all hosts' own namespaces, or whatever is there; NULL: there is none. */
const struct site *chart_main_site(const struct chart *chart);
/*
 * Namespaces that nobody asked for go, unless all do; 0: all were asked for. The host's own
 * stays aside.
 */
void chart_keep(struct chart *chart, uint32_t netns_ino);
/* Whether the budget is of this namespace. */
bool site_has_budget(const struct site *site, const struct budget *budget);
bool site_has_failure(const struct site *site, const struct failure *failure);
/* -ENOMEM. */
int chart_add_listener(struct chart *chart, uint64_t netns_cookie, uint16_t port);
/* Whether there is none but those. */
bool chart_knows_listeners(const struct chart *chart);
/*
 * The lowest port from @port on that somebody in this namespace listens on and that is not
 * reserved; 0: none.
 */
unsigned int chart_listener(const struct chart *chart, const struct site *site, unsigned int port);
/* So many ports from @low to @high are listened on and not reserved. */
unsigned int chart_listeners(const struct chart *chart, const struct site *site, unsigned int low,
			     unsigned int high);

#endif
