/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Budgets of ephemeral ports. What happens to a budget is counted as it happens; what is used
 * now, by whom, and what blocks ports, is found by going through the connections when a budget
 * is asked for. Internal to the model.
 */
#ifndef MODEL_BUDGETS_H
#define MODEL_BUDGETS_H

#include <stddef.h>

#include "base/index.h"
#include "base/pool.h"
#include "model/lately.h"
#include "model/port_settings.h"
#include "model/ports.h"
#include "model/tracker.h"

/* The last so many seconds are "of late", beside the one that is under way. */
#define RATE_SECONDS 10
#define RATE_SLOTS (RATE_SECONDS + 1)

/*
 * Every byte counts: to be zeroed before it is filled in. Sockets with a range of their own run
 * out by themselves, whatever the others have left.
 */
struct budget_key {
	uint64_t netns_cookie;
	uint8_t local_addr[16], remote_addr[16];
	uint16_t remote_port;
	uint16_t source;
	uint32_t own_range;	/* IP_LOCAL_PORT_RANGE, high << 16 | low; 0: none */
};

/* Without it the keys of one destination are the same, and so are their hashes. */
#define DESTINATION_LEN offsetof(struct budget_key, own_range)

/* Lives of ports that are over: how many, and how long in sum. */
struct lives {
	uint64_t count, ns;
};

/* By turns, as lately.h has it. */
struct budget_late {
	struct lately lately;
	uint32_t peak[2];
	uint64_t failures[2];
};

struct budget_row {
	struct budget_key key;
	uint32_t netns_ino;
	uint32_t conns;		/* that point here */
	uint32_t used, peak;	/* ports that are known */
	uint64_t changed_ns;	/* used, last */
	uint64_t opened, failures;
	struct budget_late late; /* peak and failures of late */
	uint32_t begun[RATE_SLOTS];	/* connections by the second, a ring */
	uint64_t begun_s;	/* the second that was counted last */
	uint64_t since_ns;	/* when the first one after a pause began */
	struct lives full;	/* of those that were opened while traced */
	uint64_t left_minisock;	/* of those */
	struct lives minisock;	/* that expired, where an exact tier told of it */
	uint64_t reused;	/* that a connect() took over */
	uint64_t ended_time_wait, ended_fin_wait2; /* however they did, by what they were last */
	struct histogram search;
	struct histogram search_of[2];	/* of the last two spans of RATE_SECONDS, by turns */
	uint64_t search_span;	/* the one under way, counted from the clock's begin */
	struct histogram search_late;	/* both, as they were shown last */
};

enum port_use_flag {
	USE_COUNTED = 1 << 0,	/* its port is known and counts in used */
	USE_BOUND = 1 << 1,	/* it was bound before it was connected */
	USE_MINISOCK = 1 << 2,	/* its full socket has been counted among the lives */
	USE_PLACED = 1 << 3,	/* whether its port is in the range has been looked at */
	USE_LEFT_OUT = 1 << 4,	/* there was no room for its budget */
};

/* What a connection has of its budget, beside what struct conn knows. */
struct port_use {
	uint64_t began_ns;	/* 0: before it was traced */
	uint32_t row;		/* number + 1; 0: it is in none */
	uint32_t flags;		/* enum port_use_flag */
	uint32_t own_range;	/* of its key */
};

/* The ports that a budget's connect() may choose from. */
struct port_span {
	uint16_t low, high;	/* as they are set */
	uint32_t count;		/* from low on: port_range_count() */
};

static inline bool span_has(const struct port_span *span, uint16_t port)
{
	return port >= span->low && (uint32_t)(port - span->low) < span->count;
}

/* So many namespaces that have ended are remembered. */
#define ENDED_REMEMBERED 1024

struct ended_netns {
	uint64_t cookie;	/* 0: none */
	unsigned int source;
};

struct budgets {
	struct pool rows;	/* struct budget_row */
	struct index index;
	struct port_use *uses;	/* owned, by connection */
	uint32_t room;
	uint32_t ranged;	/* rows of sockets with a range of their own */
	struct port_settings_list settings;
	struct ended_netns ended[ENDED_REMEMBERED];	/* a ring */
	uint32_t nr_ended;
	struct lives minisock;	/* of all rows */
	uint64_t left_out;
	uint64_t swept_ns;	/* when rows that are spent were looked for */
	struct budget *shown;	/* owned: as they were found last */
	size_t nr_shown, room_shown;
	struct tally *tallies;	/* owned: of the same time, by row */
	struct taken_ports **ports; /* owned, by namespace */
	uint32_t nr_ports;
};

struct budgets *budgets_new(void);
void budgets_free(struct budgets *budgets);
/* What says which budget it will be in, before it enters one: its own range. */
void budgets_ask(struct model *model, uint32_t id, const struct tw_transition *record);
/* After every change of a connection. */
void budgets_follow(struct model *model, uint32_t id, bool rekeyed);
/* What only the record of a connect() says: its begin, and what it took. */
void budgets_connect(struct model *model, uint32_t id, const struct tw_transition *record);
/* Its connect() found no port. */
void budgets_failed(struct model *model, const struct conn *conn, uint64_t took_ns);
/* @count connections like @like, told in sum: their source is not, where there are several. */
void budgets_sum(struct model *model, const struct conn *like, const struct tw_record *head,
		 uint64_t count);
/* Its port is not connect()'s own choice. */
void budgets_bound(struct model *model, uint32_t id);
void budgets_leave(struct model *model, uint32_t id);
/* The namespace has ended: what is known of it stays until many others have ended too. */
void budgets_netns_gone(struct model *model, uint64_t netns_cookie, unsigned int source);
/* What happened before is no history but stock. */
void budgets_restart(struct model *model);

static inline struct budget_row *budget_at(const struct budgets *budgets, uint32_t id)
{
	return pool_at_sized(&budgets->rows, id, sizeof(struct budget_row));
}

/* Where the ports of @conn are counted, unless its socket has a range of its own. */
struct budget_key budget_key_of(const struct model *model, const struct conn *conn);
/* connect() looked for a port so long, and found one or none. */
void budget_searched(struct budget_row *row, uint64_t now_ns, uint64_t took_ns);
/* How long it did of late. Lasts until it is asked again. */
const struct histogram *budget_search_late(struct budget_row *row, uint64_t now_ns);
void budget_forget_searches(struct budget_row *row);
/* In budget_late.c: so many ports are used at once. */
void budget_note_used(struct budget_row *row, uint64_t now_ns, uint32_t used);
/* So many connects found no port. */
void budget_note_failures(struct budget_row *row, uint64_t now_ns, uint64_t count);
/* The most that were used at once, and how many found none: of the last hour or two. */
uint32_t budget_peak_late(struct budget_row *row, uint64_t now_ns);
uint64_t budget_failures_late(struct budget_row *row, uint64_t now_ns);
/* So many connections began. */
void budget_begin(struct budget_row *row, uint64_t ts_ns, uint64_t count);
/* New connections a second, of late; NAN: not known yet. */
double budget_rate(const struct budget_row *row, uint64_t now_ns);
/* The settings' range, within it the sockets' own. False: unknown. */
bool budget_span(struct budgets *budgets, const struct budget_row *row, struct port_span *span);

#endif
