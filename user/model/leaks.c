// SPDX-License-Identifier: GPL-2.0-or-later
/* Samples the rows of pairs: the course of every class, at a cost that follows their number. */
#include "model/leaks.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE_NS 1000000000ULL
/* Classes and sockets in CLOSE that are kept track of, at most. */
#define MAX_CLASSES 2048
/* Pairs leave room for sites, in which everything is. */
#define MAX_PAIRS (MAX_CLASSES / 4 * 3)
/* A class that has had nothing for so long is forgotten. */
#define FORGET_NS (600 * SAMPLE_NS)
/* Single sockets are looked at so often at most, and so many of them a second. */
#define LOOK_NS (5 * SAMPLE_NS)
#define LOOK_SOCKETS_PER_S 50000

struct leaks *leaks_new(void)
{
	struct leaks *leaks = calloc(1, sizeof(*leaks));

	if (!leaks)
		return NULL;
	pool_init(&leaks->classes, sizeof(struct leak_class));
	pool_init(&leaks->closed, sizeof(struct closed_socket));
	pool_init(&leaks->queues, sizeof(struct queue));
	if (index_init(&leaks->by_key) || index_init(&leaks->by_cookie)) {
		leaks_free(leaks);
		return NULL;
	}
	return leaks;
}

void leaks_free(struct leaks *leaks)
{
	if (!leaks)
		return;
	for (uint32_t i = 0; i < leaks->nr_processes; i++)
		free(leaks->processes[i].script);
	pool_release(&leaks->classes);
	pool_release(&leaks->closed);
	pool_release(&leaks->queues);
	index_release(&leaks->by_key);
	index_release(&leaks->by_cookie);
	free(leaks->places);
	free(leaks->verdicts);
	free(leaks);
}

static bool class_equal(const void *ctx, uint32_t id, const void *key)
{
	return row_key_equal(&leaks_class_at(ctx, id)->key, key);
}

static uint32_t class_hash(const struct row_key *key)
{
	return hash_bytes(key, sizeof(*key));
}

static struct row_key site_key(const struct row_key *pair)
{
	struct row_key key = *pair;

	memset(key.remote_addr, 0, sizeof(key.remote_addr));
	return key;
}

static bool is_site(const struct row_key *key)
{
	static const uint8_t none[16];

	return !memcmp(key->remote_addr, none, sizeof(none));
}

uint32_t leaks_class(struct leaks *leaks, const struct row_key *key)
{
	uint32_t hash = class_hash(key);
	uint32_t id = index_find(&leaks->by_key, hash, class_equal, leaks, key);
	uint32_t site = POOL_NONE;
	struct leak_class *class;

	if (id != INDEX_NONE)
		return id;
	if (!is_site(key)) {
		struct row_key all = site_key(key);

		site = leaks_class(leaks, &all);
		if (site == POOL_NONE)
			return POOL_NONE;
	}
	id = leaks->classes.count < (is_site(key) ? MAX_CLASSES : MAX_PAIRS) ?
		     pool_take(&leaks->classes) :
		     POOL_NONE;
	if (id == POOL_NONE)
		return id;
	if (index_insert(&leaks->by_key, hash, id)) {
		pool_give(&leaks->classes, id);
		return POOL_NONE;
	}
	class = leaks_class_at(leaks, id);
	class->key = *key;
	class->site = site;
	return id;
}

/* A row whose sockets may become a class: soon, so that its course is known from its beginning. */
static bool gives_cause(const struct row *row)
{
	static const struct {
		enum field field;
		uint32_t least;
	} causes[] = {
		{ FIELD_CLOSE_WAIT, 1 }, { FIELD_ESTABLISHED, 2 }, { FIELD_FIN_WAIT2, 2 },
		{ FIELD_SYN_SENT, 2 },	 { FIELD_OPENED, 50 },
	};

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (row->count[causes[i].field] >= causes[i].least)
			return true;
	return false;
}

/* Whether the place is that of the row's key: rows are folded and their numbers given anew. */
static bool is_place_of(const struct leaks *leaks, const struct row_place *place,
			const struct row_key *key)
{
	struct row_key site = site_key(key);

	return place->site != POOL_NONE && pool_alive(&leaks->classes, place->site) &&
	       row_key_equal(&leaks_class_at(leaks, place->site)->key, &site) &&
	       (place->pair == POOL_NONE ||
		(pool_alive(&leaks->classes, place->pair) &&
		 row_key_equal(&leaks_class_at(leaks, place->pair)->key, key)));
}

static bool make_places(struct leaks *leaks, uint32_t rows)
{
	struct row_place *grown;

	if (rows <= leaks->nr_places)
		return true;
	grown = realloc(leaks->places, rows * sizeof(*grown));
	if (!grown)
		return false;
	for (uint32_t i = leaks->nr_places; i < rows; i++)
		grown[i] = (struct row_place){ POOL_NONE, POOL_NONE };
	leaks->places = grown;
	leaks->nr_places = rows;
	return true;
}

static struct row_place *find_place(struct leaks *leaks, uint32_t id, const struct row *row)
{
	struct row_place *place = &leaks->places[id];
	struct row_key site = site_key(&row->key);

	if (!is_place_of(leaks, place, &row->key))
		*place = (struct row_place){ POOL_NONE, leaks_class(leaks, &site) };
	if (place->pair == POOL_NONE && place->site != POOL_NONE && !is_site(&row->key) &&
	    gives_cause(row))
		place->pair = leaks_class(leaks, &row->key);
	return place;
}

static void add_row(struct leak_class *class, const struct row *row)
{
	uint64_t orphans = row->count[FIELD_FW2_ORPHANS];

	class->now[SAMPLED_CLOSE_WAIT] += row->count[FIELD_CLOSE_WAIT];
	class->now[SAMPLED_ESTABLISHED] += row->count[FIELD_ESTABLISHED];
	class->now[SAMPLED_FIN_WAIT2] += row->count[FIELD_FIN_WAIT2] - orphans;
	class->now[SAMPLED_ORPHANS] += orphans;
	class->now[SAMPLED_SYN_SENT] += row->count[FIELD_SYN_SENT];
	class->now[SAMPLED_TIME_WAIT] += row->count[FIELD_TIME_WAIT];
	class->now[SAMPLED_OPENED] += row->count[FIELD_OPENED];
	class->orphans_expired += row->count[FIELD_FW2_EXPIRED];
}

static void begin_sample(struct leaks *leaks)
{
	for (uint32_t id = pool_next(&leaks->classes, 0); id != POOL_NONE;
	     id = pool_next(&leaks->classes, id + 1)) {
		struct leak_class *class = leaks_class_at(leaks, id);

		memset(class->now, 0, sizeof(class->now));
		memset(class->pairs, 0, sizeof(class->pairs));
		class->rows = 0;
		class->orphans_expired = 0;
	}
	leaks->unclassed = 0;
}

/* The row is part of the site. */
static void add_pair(struct leak_class *site, const struct row *row)
{
	uint32_t before[NR_SAMPLED];

	memcpy(before, site->now, sizeof(before));
	add_row(site, row);
	site->rows++;
	for (unsigned int what = 0; what < NR_SAMPLED; what++)
		site->pairs[what] += site->now[what] != before[what];
}

static void sample_rows(struct model *model, struct leaks *leaks)
{
	const struct rows *rows = &model->rows[DIM_PAIR];

	for (uint32_t id = pool_next(&rows->pool, ROW_OTHER + 1); id != POOL_NONE;
	     id = pool_next(&rows->pool, id + 1)) {
		const struct row *row = rows_at(rows, id);
		const struct row_place *place = find_place(leaks, id, row);

		if (place->pair != POOL_NONE)
			add_row(leaks_class_at(leaks, place->pair), row);
		if (place->site != POOL_NONE)
			add_pair(leaks_class_at(leaks, place->site), row);
		else
			leaks->unclassed++;
	}
}

static void forget(struct leaks *leaks, uint32_t id)
{
	index_remove(&leaks->by_key, class_hash(&leaks_class_at(leaks, id)->key), id);
	pool_give(&leaks->classes, id);
}

/* False: there has been nothing of it for a long time. */
static bool end_sample_of(struct leak_class *class, uint64_t now_ns)
{
	bool any = class->rows > 0;

	class->now[SAMPLED_CLOSED] = class->closed;
	for (unsigned int i = 0; i < NR_SAMPLED; i++) {
		any |= class->now[i] && i != SAMPLED_OPENED;
		if (!class->of[SPAN_ALL][i].step_ns && !class->now[i])
			continue;
		series_add(&class->of[SPAN_ALL][i], now_ns, SAMPLE_NS, class->now[i]);
		series_add_recent(&class->of[SPAN_RECENT][i], now_ns, SAMPLE_NS, class->now[i]);
	}
	if (any || !class->seen_ns)
		class->seen_ns = now_ns;
	return now_ns - class->seen_ns < FORGET_NS;
}

static void end_sample(struct leaks *leaks, uint64_t now_ns)
{
	for (uint32_t id = pool_next(&leaks->classes, 0); id != POOL_NONE;
	     id = pool_next(&leaks->classes, id + 1))
		if (!end_sample_of(leaks_class_at(leaks, id), now_ns))
			forget(leaks, id);
}

static void sample(struct model *model, struct leaks *leaks, uint64_t now_ns)
{
	if (!make_places(leaks, model->rows[DIM_PAIR].pool.used))
		return;
	begin_sample(leaks);
	sample_rows(model, leaks);
	end_sample(leaks, now_ns);
}

void leaks_tick(struct model *model)
{
	struct leaks *leaks = model->leaks;
	uint64_t now_ns = model->now_ns, patience_ns;

	if (!leaks || !model->ready || now_ns - leaks->sampled_ns < SAMPLE_NS)
		return;
	/* on the beat of the seconds, so that points are a step apart */
	leaks->sampled_ns = leaks->sampled_ns && now_ns - leaks->sampled_ns < 2 * SAMPLE_NS ?
				    leaks->sampled_ns + SAMPLE_NS :
				    now_ns;
	sample(model, leaks, now_ns);
	patience_ns = model->conns.count * SAMPLE_NS / LOOK_SOCKETS_PER_S;
	if (now_ns - leaks->looked_ns >= (patience_ns > LOOK_NS ? patience_ns : LOOK_NS))
		model_judge(model);
}

void leaks_ended(struct model *model, const struct conn *conn, bool one_segment)
{
	struct leaks *leaks = model->leaks;
	const struct row_place *place;

	if (!leaks || !conn->rowed || conn->row[DIM_PAIR] >= leaks->nr_places)
		return;
	place = &leaks->places[conn->row[DIM_PAIR]];
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t id = i ? place->site : place->pair;
		struct leak_class *class;

		if (id == POOL_NONE || !pool_alive(&leaks->classes, id))
			continue;
		class = leaks_class_at(leaks, id);
		class->ended++;
		class->one_segment += one_segment;
	}
}
