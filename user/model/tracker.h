/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracker: every living connection by cookie, its namespace, its holders, and
 * the rows it counts in. Storage and bookkeeping only; what an event means stands
 * in lifecycle.c, whose a connection is in attribution.c, what a minisock means in
 * ledger.c, what a snapshot means in reconcile.c. Internal to the model.
 */
#ifndef MODEL_TRACKER_H
#define MODEL_TRACKER_H

#include "base/index.h"
#include "base/pool.h"
#include "model/conn.h"
#include "model/lately.h"
#include "model/model.h"
#include "model/owners.h"
#include "model/stacks.h"
#include "model/wheel.h"

#define MAX_HOLDERS 64
/* So many records after its slot, the connection itself is fetched. */
#define EXPECTED 4
/* As much as conn->dump holds. */
#define MAX_DUMP 0x7fff

/* What the model counts and the kernel counts too, by enum audit_kind. */
struct figures {
	uint64_t of[NR_AUDIT_KINDS];
};

struct netns {
	uint64_t cookie;
	uint32_t ino;
	uint32_t first;		/* its connections; POOL_NONE */
	uint16_t dump;		/* number of the dump under way or done last, up to MAX_DUMP */
	uint8_t source;
	bool dumping;
	bool dumped;		/* at least once: kernel figures have a base */
	bool gone;
	uint64_t healed;	/* model->losses at the last dump: those are made good */
	bool summed;		/* since then changes were told in sum, */
	uint64_t summed_ns;	/* the newest one of this moment */
	bool was_summed;	/* before the last dump, which may have missed what ended */
	uint64_t dump_began_ns, last_dump_ns;
	uint64_t gone_ns;	/* when it was told to have ended */
	uint64_t refusals_left;		/* of the last dump, that nothing was found for */
	uint64_t refusals_told;		/* since the last dump, by the evidence tier */
	uint64_t dump_minisocks;	/* listed by the dump under way */
	/* ours: now; when the dump under way was merged; of what happened, at the first one */
	struct figures now, before, base;
	uint64_t ended;			/* minisocks, of those that figures count */
	uint64_t unpaired;		/* births without an end that missed.c knows of */
	struct sum_births *births;	/* owned: told in sum since the last dump that could match */
	size_t nr_births, room_births;
	struct figures listed;		/* by the dump under way */
	struct lately lately;		/* by turns: errors of the audit when an hour began */
	int64_t errors[2][NR_AUDIT_KINDS];
	struct tw_kernel_figures kernel, kernel_base;	/* of the last dump, of the first */
	char *name;		/* owned, clean; NULL */
};

/* The number may have gone to another connection meanwhile: the cookie tells. */
struct grave {
	uint32_t id;
	uint64_t cookie;
};

/* A minisock may change on one CPU before the other one has told of its socket's end. */
struct early {
	struct tw_minisock record;
	unsigned int source;
};

struct held_by {
	uint32_t pid, fds;
	char comm[TW_COMM_LEN];	/* as it came; clean in views */
};

struct holder_list {
	const struct conn *conn;	/* whose; it never moves */
	uint32_t count;
	uint32_t owner_before;	/* before the look-up under way */
	uint64_t started_ns;	/* of the first one's process */
	struct held_by *items;	/* owned, room for the next power of two */
};

struct model {
	struct model_opts opts;
	struct filter recorded[MODEL_MAX_SOURCES];	/* by source */
	struct services *services;	/* owned */
	struct owners owners;
	struct pool conns, netns, holders;
	struct index by_cookie, by_tuple;	/* by_tuple: minisocks only */
	struct index by_netns;
	struct index by_holders;	/* lists of holders, by connection */
	uint32_t *due_s;	/* owned: when ledger_expire() must look at a connection */
	uint32_t room_due;
	struct rows rows[NR_DIMENSIONS];
	struct rows places;		/* of pairs that were folded: model_places() */
	struct row totals;
	struct audit *audits;		/* owned, one a living namespace */
	size_t nr_audits, room_audits;
	struct grave *over;		/* owned: tombstones and pending, in order of their end */
	size_t nr_over, room_over;
	uint64_t loss[TW_NR_LOSS];
	uint64_t unknown;		/* records of no kind of kinds[] */
	uint64_t now_ns, ready_ns, interval_ns, expired_ns;
	uint64_t asked_ns;		/* when model_wants_holders() last looked */
	uint32_t netns_hit;		/* the namespace found last */
	bool ready;
	bool filtered;			/* by a filter of its own, or of a recording */
	uint64_t losses;		/* how often something was lost: dumps compare */
	uint8_t tier[MODEL_MAX_SOURCES];	/* enum evidence: what a source's minisocks rest on */
	uint8_t binds[MODEL_MAX_SOURCES]; /* enum tw_binds */
	struct wheel wheel[MODEL_MAX_SOURCES];	/* by which a source's timers fire */
	uint64_t fed;			/* by which sources, a bit each */
	struct early *early;		/* owned: what was told of minisocks before their birth */
	size_t nr_early, room_early;
	struct holder *view_holders;	/* owned: of the view given out last, MAX_HOLDERS */
	uint32_t expected[EXPECTED];	/* hashes of cookies that will be looked for soon: a ring */
	uint32_t nr_expected;
	struct stacks stacks;
	struct leaks *leaks;		/* owned; NULL: not asked for */
	struct farewell *farewell;	/* owned; NULL: no command is traced */
	struct flames *flames;	/* owned; NULL: not asked for */
	struct facts_store *facts;	/* owned; NULL: none were told */
	struct budgets *budgets;	/* owned; NULL: not asked for */
	struct failures *failures;	/* owned; NULL: nothing has failed */
	uint64_t failures_left_out;	/* there was no room in their table */
	struct port_looks *looks;	/* owned; NULL: none were needed */
	struct attempts *attempts; /* owned; NULL: not asked for */
	struct history *history;	/* owned; NULL: not asked for */
	char *hosts[MODEL_MAX_SOURCES];	/* owned, clean, by source; NULL: not told */
	model_event_fn event_fn;
	void *event_ctx;
};

/*
 * In the cookie of a minisock whose socket has been connected again: both have the same one.
 * The kernel counts up from 1 (net/core/sock_diag.c).
 */
#define DETACHED (1ULL << 63)

static inline struct conn *conn_at(const struct model *model, uint32_t id)
{
	return pool_at_sized(&model->conns, id, sizeof(struct conn));
}

static inline struct netns *netns_at(const struct model *model, uint32_t id)
{
	return pool_at_sized(&model->netns, id, sizeof(struct netns));
}

static inline const struct owner *conn_owner(const struct model *model, const struct conn *conn)
{
	return owners_at(&model->owners, conn->owner);
}

/* POOL_NONE: not there. */
uint32_t tracker_find(const struct model *model, uint64_t cookie, unsigned int source);
/* Lets the memory come near that tracker_find() will need, some records from now. */
void tracker_expect(struct model *model, uint64_t cookie);
/* A minisock with this tuple in this namespace; POOL_NONE. */
uint32_t tracker_find_minisock(const struct model *model, const struct conn *like);
/* A new connection in the namespace of @tuple, not counted yet; POOL_NONE (counted as loss). */
uint32_t tracker_add(struct model *model, uint64_t cookie, const struct tw_tuple *tuple,
		     unsigned int source);
void tracker_remove(struct model *model, uint32_t id);
/*
 * The kernel knows it by another cookie from now on: a minisock made before its socket
 * had one gets one of its own. 0 or -ENOMEM (counted as loss), and nothing has changed.
 */
int tracker_recookie(struct model *model, uint32_t id, uint64_t cookie);
/* Its cookie is another connection's now: found by its tuple, or by its cookie | DETACHED. */
int tracker_detach(struct model *model, uint32_t id);
/* Makes a minisock findable by its tuple, which must not change any more. */
void tracker_index_tuple(struct model *model, uint32_t id);
/* POOL_NONE: nothing is known of it. */
uint32_t tracker_find_netns(const struct model *model, uint64_t cookie, unsigned int source);
/* The same, made if need be. POOL_NONE: no memory. */
uint32_t tracker_netns(struct model *model, uint64_t cookie, uint32_t ino, unsigned int source);
/* "host", a name under /run/netns, or NULL: unknown, or no longer there. */
const char *tracker_netns_name(const struct model *model, uint64_t cookie, unsigned int source);
void tracker_netns_remove(struct model *model, uint32_t id);

/*
 * In counts.c: brings the rows up to date with what is known of the connection now. Call
 * after every change of its facts; @rekeyed when tuple, direction, owner or service changed.
 */
void tracker_update(struct model *model, uint32_t id, bool rekeyed);
/* The rows that a sum was counted in, with a reference to each. */
struct sum_rows {
	uint32_t row[NR_DIMENSIONS];
};

/*
 * @count connections like @like, of which nothing else is known, did what @mask says; @error: of
 * those that failed.
 */
struct sum_rows counts_add_sum(struct model *model, const struct conn *like, uint32_t mask,
			       uint8_t error, uint64_t count);
/* As if they had not, while the references last. */
void counts_take_back(struct model *model, struct netns *netns, const struct sum_rows *rows,
		      uint32_t mask, uint64_t count);
/* Gives the references back. */
void counts_leave(struct model *model, const struct sum_rows *rows);
/* @count minisocks of which only the namespace is known did what @mask says: rows of "other". */
void counts_add_other(struct model *model, struct netns *netns, uint32_t mask, uint64_t count);
/* Counts everything anew from here: what happened before ready is not history but stock. */
void tracker_restart_counts(struct model *model);

/* The tuple, where it says more than what is known. True if anything changed. */
bool tracker_set_tuple(struct conn *conn, const struct tw_tuple *tuple);
/* Puts the connection among those that end (or begin) at the next tick. */
void tracker_bury(struct model *model, uint32_t id);

void tracker_view(const struct model *model, const struct conn *conn, struct conn_view *view,
		  char comm[static TW_COMM_LEN * 4 + 1]);
/* Whether anybody listens: nothing is told before ready, nor of what the filter turns down. */
static inline bool tracker_is_heard(const struct model *model, const struct conn *conn)
{
	return model->event_fn && model->ready && conn->wanted;
}

/* Tells the subscriber, if there is one. What he runs out of is not the model's loss. */
void tracker_tell_event(struct model *model, const struct model_event *event);
/* The same of a connection; fills in the view. */
void tracker_tell(struct model *model, const struct conn *conn, struct model_event *event);

#endif
