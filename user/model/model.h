/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: wire records in, connections, tables and events out. Pure: it knows
 * no kernel, no file, no clock; time comes in the records. The same records give
 * the same tables and the same events, live or replayed.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "model/filter.h"
#include "model/history.h"
#include "model/rows.h"
#include "tw_record.h"

struct model;
struct flame_by;

#define MODEL_MAX_SOURCES 64

struct model_opts {
	struct filter filter;	/* its service glob is borrowed */
	uint32_t max_rows;	/* a dimension, 0: 20,000 */
	uint32_t max_conns;	/* 0: 4,000,000 */
	bool leaks;		/* look for leaks (model/leak.h) */
	bool ports;		/* keep budgets of ephemeral ports (model/ports.h) */
	bool stacks;		/* who opened connections will be told, and late */
	bool what_if;		/* keep every connect() (model/whatif.h) */
	enum history_of history; /* the course of the totals (model/history.h) */
	const struct flame_by *flame; /* what stacks are made of (model/flame.h); NULL: none are */
};

typedef void (*model_event_fn)(void *ctx, const struct model_event *event);
typedef void (*model_conn_fn)(void *ctx, const struct conn_view *view);

/* NULL when there is no memory. */
struct model *model_new(const struct model_opts *opts);
void model_free(struct model *model);
/*
 * What the records of @source were filtered by when they were recorded: with the
 * model's own filter, not instead of it. Copied, but for its service glob.
 */
void model_set_recorded_filter(struct model *model, unsigned int source,
			       const struct filter *filter);
/* The host that the records of @source are from: bytes of any kind. */
void model_set_host(struct model *model, unsigned int source, const char *host);
/* Clean; "(unknown host)" where it was not told. */
const char *model_host(const struct model *model, unsigned int source);
/* Whether any record was of @source. */
bool model_was_fed(const struct model *model, unsigned int source);
/* Every event from now on goes to @fn. One subscriber. */
void model_subscribe(struct model *model, model_event_fn fn, void *ctx);

/*
 * Takes one record. @len is what is really there: a record that claims more, or
 * makes no sense, is counted as loss (malformed) and changes nothing.
 * @source tells recordings of different boots apart (their cookies mean different
 * sockets); 0 live.
 */
void model_feed(struct model *model, const struct tw_record *record, size_t len,
		unsigned int source);
/*
 * Says that this record will be fed soon, some eight records from now: where there are
 * many connections, most of a record's cost is waiting for memory. Changes nothing else.
 */
void model_expect(struct model *model, const struct tw_record *record, size_t len);
/* Ends an interval: rates count from here. */
void model_mark_interval(struct model *model, uint64_t now_ns);

/* The time of the newest record, of READY (0 before it), of the last marked interval. */
uint64_t model_now_ns(const struct model *model);
uint64_t model_ready_ns(const struct model *model);
uint64_t model_interval_start_ns(const struct model *model);

/* Counts over every connection; the key is meaningless. */
const struct row *model_totals(const struct model *model);
const struct rows *model_rows(const struct model *model, enum dimension dimension);
/*
 * Counters of pairs that were folded, by their service, port and role; they are in the "other"
 * of DIM_PAIR too. Row 0 is what there was no room for.
 */
const struct rows *model_places(const struct model *model);
/* The name of a service number; NULL: unknown. */
const char *model_service_name(const struct model *model, uint32_t service);
/* Every living socket, listeners and minisocks too, in no order. */
void model_each_conn(const struct model *model, model_conn_fn fn, void *ctx);

uint64_t model_loss(const struct model *model, enum tw_loss_cause cause);
/* Records of kinds that a newer version may know: they have changed nothing. */
uint64_t model_unknown(const struct model *model);
/* What the ledger of minisocks rests on: the weakest tier of all sources that were fed. */
enum evidence model_evidence(const struct model *model);

/* What the kernel counts against what the model counts, one a namespace. */
struct audit_figure {
	bool known;		/* false: the kernel's figure could not be read (or a filter hides it) */
	uint64_t ours;		/* after this interval's reconciliation */
	uint64_t kernel;
	int64_t drift;		/* ours - kernel before it */
	int64_t error;		/* ours - kernel after it */
	int64_t settled;	/* of error what was there before the last hour or two, and stays for ever */
};

/* By how much they differ of late (model/lately.h). */
static inline int64_t audit_late(const struct audit_figure *figure)
{
	return figure->known ? (int64_t)((uint64_t)figure->error - (uint64_t)figure->settled) : 0;
}

enum audit_kind {
	AUDIT_TIME_WAIT,	/* minisocks of both substates, sockstat's tw */
	AUDIT_ESTABLISHED,	/* by sock_diag, as the next two */
	AUDIT_TRUE_TIME_WAIT,	/* minisocks by substate */
	AUDIT_FIN_WAIT2,
	/* since the first dump, against the namespace's MIB */
	AUDIT_ENTERED,		/* TW and TWKilled, which count births from 5.18 on */
	AUDIT_EXPIRED,		/* TW and TWKilled before */
	AUDIT_REFUSED,		/* TCPTimeWaitOverflow */
	AUDIT_REUSED,		/* TWRecycled */
	NR_AUDIT_KINDS,
};

struct audit {
	uint64_t netns_cookie;
	uint32_t netns_ino;
	uint8_t source;		/* which recording's boot */
	const char *name;	/* "host", a name under /run/netns, or NULL */
	uint64_t ts_ns;
	struct audit_figure figures[NR_AUDIT_KINDS];
};

/* The name in JSON ("time_wait"). */
const char *audit_name(enum audit_kind kind);

size_t model_audits(const struct model *model, const struct audit **audits);

/*
 * Whether connections that stay open wait for a look-up of their holders: the
 * owner is unknown or only the listener's. One that a look-up did not name is
 * asked for again after 1, 4, 16 and 64 times @patience_ns, then no more. Where there
 * are many connections it is not found out each time: then no.
 */
bool model_wants_holders(struct model *model, uint64_t patience_ns);
/* Whether a look-up's word on this socket is news. */
bool model_wants_holder(const struct model *model, uint64_t cookie, unsigned int source);

#endif
