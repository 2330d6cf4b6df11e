/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables: counts per port, per remote host, per service, per (service, port,
 * remote), and the totals. Bounded: past the cap, a row without live connections
 * is folded into "other".
 */
#ifndef MODEL_ROWS_H
#define MODEL_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/index.h"
#include "base/pool.h"
#include "model/field.h"
#include "model/histogram.h"

enum dimension {
	DIM_PORT,
	DIM_REMOTE,
	DIM_SERVICE,
	DIM_PAIR,
	NR_DIMENSIONS,
};

enum role {
	ROLE_UNKNOWN = 0,
	ROLE_CLIENT = 1,
	ROLE_SERVER = 2,
};

/* Only what the dimension uses is set, the rest is zero, so keys compare as bytes. */
struct row_key {
	uint8_t remote_addr[16];
	uint32_t service;	/* a number of struct services */
	uint16_t port;		/* server: the local one; client: the remote one */
	uint8_t role;		/* enum role */
	uint8_t gone;		/* folded: no key is equal to it */
};

/* Whole cache lines: the first four are all that a state change needs. */
struct row {
	struct row_key key;
	uint64_t count[NR_FIELDS];
	uint64_t held_ns;		/* row_held_ns() without what the living ones add */
	uint32_t conns;			/* connections that point here */
	uint32_t beside[DIM_PAIR];	/* a pair's rows of the other dimensions, as found last */
	struct histogram lifetime;	/* of connections whose birth was seen */
	struct histogram residence;	/* of minisocks whose birth and end were seen */
	uint64_t before[NR_FIELDS];	/* count at the last interval, for rates */
};

_Static_assert(sizeof(struct row) % 64 == 0 && offsetof(struct row, conns) == 256,
	       "a row begins with a cache line");

/* Row 0 is "other": it takes what the cap turned away, and what was folded. */
#define ROW_OTHER 0
#define ROW_BUSY UINT32_MAX

struct rows {
	enum dimension dimension;
	struct pool pool;	/* struct row */
	struct index index;
	/*
	 * Owned: what a row that nobody is in has had in all, ROW_BUSY for others: who is
	 * to be folded is looked for here, not in the rows.
	 */
	uint32_t *idle;
	uint32_t cap;
	uint32_t hand;		/* where the search for a row to fold goes on */
	uint64_t folded;	/* rows folded into other, and connections turned away */
	struct rows *places;	/* borrowed: takes what folded pairs have had; NULL: nothing does */
};

int rows_init(struct rows *rows, enum dimension dimension, uint32_t cap);
void rows_release(struct rows *rows);
/* What happened is forgotten, who is in it stays. */
void row_reset(struct row *row);
/* Only what the row owns: its histograms. */
void row_release(struct row *row);
/* A key by its words: read so soon after it was written, one field of them would be waited for. */
struct row_words {
	uint64_t of[3];
};

_Static_assert(sizeof(struct row_words) == sizeof(struct row_key), "a key is three words");

static inline struct row_words row_words(const struct row_key *key)
{
	struct row_words words;

	memcpy(&words, key, sizeof(words));
	return words;
}

/* What @dimension uses of a pair's key. */
static inline struct row_key row_key_in(const struct row_key *pair, enum dimension dimension)
{
	static const struct row_key used[NR_DIMENSIONS] = {
		[DIM_PORT] = { .port = UINT16_MAX, .role = UINT8_MAX },
		[DIM_REMOTE] = { .remote_addr = { [0 ... 15] = UINT8_MAX } },
		[DIM_SERVICE] = { .service = UINT32_MAX },
		[DIM_PAIR] = { .remote_addr = { [0 ... 15] = UINT8_MAX },
			       .service = UINT32_MAX,
			       .port = UINT16_MAX,
			       .role = UINT8_MAX },
	};
	struct row_words words = row_words(pair), mask = row_words(&used[dimension]);
	struct row_key key;

	for (unsigned int i = 0; i < 3; i++)
		words.of[i] &= mask.of[i];
	memcpy(&key, &words, sizeof(key));
	return key;
}

static inline bool row_key_equal(const struct row_key *key, const struct row_key *other)
{
	struct row_words a = row_words(key), b = row_words(other);

	return !((a.of[0] ^ b.of[0]) | (a.of[1] ^ b.of[1]) | (a.of[2] ^ b.of[2]));
}

/* The number of the row with this key, made if need be; ROW_OTHER when there is no room. Takes a reference. */
uint32_t rows_enter(struct rows *rows, const struct row_key *key);
/* As rows_enter(), but without a reference: POOL_NONE where there is no such row. */
uint32_t rows_find(const struct rows *rows, const struct row_key *key);
/* As rows_enter(). @guess: where the key was found before, which may hold another by now. */
uint32_t rows_enter_again(struct rows *rows, const struct row_key *key, uint32_t guess);
/* row_reset(), of a row in the table. */
void rows_reset(struct rows *rows, uint32_t id);
/* A connection left: the row stays, but may be folded once nobody is in it. */
void rows_leave(struct rows *rows, uint32_t id);
/* How long minisocks have held their ports while traced, all together: TIME_WAIT-seconds. */
static inline uint64_t row_held_ns(const struct row *row, uint64_t now_ns)
{
	/* each living one has subtracted the moment from which it counts */
	return row->held_ns +
	       (row->count[FIELD_TIME_WAIT] + row->count[FIELD_FW2_ORPHANS]) * now_ns;
}

static inline struct row *rows_at(const struct rows *rows, uint32_t id)
{
	return pool_at_sized(&rows->pool, id, sizeof(struct row));
}

/* Ends an interval: rates are counted from here. */
void rows_mark_interval(struct rows *rows);

#endif
