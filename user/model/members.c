// SPDX-License-Identifier: GPL-2.0-or-later
/* One walk over all sockets for the classes that give cause, another for their other ends. */
#include "model/members.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

#define SECOND_NS 1000000000ULL
#define WAITED_NS (3 * SECOND_NS)
/* What is exchanged so soon after the beginning belongs to it. */
#define BEGINNING_NS (3 * SECOND_NS)

/* Where the members of a class are: one of each kind at most. */
struct member_table {
	struct members *(*of)[NR_SAMPLED]; /* owned, by class */
	uint32_t classes;
};

static int table_init(struct member_table *table, const struct leaks *leaks,
		      struct members *members, size_t count)
{
	table->classes = leaks->classes.used;
	table->of = calloc(table->classes + 1, sizeof(*table->of));
	if (!table->of)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		table->of[members[i].class][members[i].what] = &members[i];
	return 0;
}

static enum sampled sampled_of(const struct conn *conn)
{
	if (conn->phase == PHASE_MINI)
		return conn->state == TW_FIN_WAIT2 ? SAMPLED_ORPHANS : SAMPLED_TIME_WAIT;
	if (conn->phase != PHASE_FULL)
		return NR_SAMPLED;
	switch (conn->state) {
	case TW_CLOSE_WAIT:
		return SAMPLED_CLOSE_WAIT;
	case TW_ESTABLISHED:
		return SAMPLED_ESTABLISHED;
	case TW_FIN_WAIT2:
		return SAMPLED_FIN_WAIT2;
	case TW_SYN_SENT:
		return SAMPLED_SYN_SENT;
	default:
		return NR_SAMPLED;
	}
}

/* False: there is no room for one more. */
static bool add_to(struct member_count *counts, uint32_t *nr, uint32_t room, uint32_t of)
{
	for (uint32_t i = 0; i < *nr; i++)
		if (counts[i].of == of) {
			counts[i].count++;
			return true;
		}
	if (*nr == room)
		return false;
	counts[(*nr)++] = (struct member_count){ of, 1 };
	return true;
}

/* What is known of a member, whatever it is. */
struct member {
	uint64_t since_ns;
	uint64_t came_ns;	/* when it was first counted */
	uint32_t owner, stack;
	uint32_t end;		/* the stack that closed it or shut it down; 0: none */
	bool bound;
};

static void add(struct members *members, const struct member *member, uint64_t now_ns)
{
	uint64_t age_ns = now_ns > member->since_ns ? now_ns - member->since_ns : 0;

	members->count++;
	members->old += age_ns >= MEMBER_OLD_NS;
	members->waited += age_ns >= WAITED_NS;
	members->bound += member->bound;
	histogram_add(&members->ages, age_ns);
	if (!members->oldest_ns || member->since_ns < members->oldest_ns)
		members->oldest_ns = member->since_ns;
	for (unsigned int i = 0; i < NR_SPANS; i++) {
		struct member_span *span = &members->spans[i];

		if (member->came_ns < span->start_ns)
			span->before++;
		else
			span->stayed += member->came_ns <= span->ref_ns;
	}
	if (!add_to(members->owners, &members->nr_owners, MEMBER_OWNERS, member->owner))
		members->unlisted++;
	if (!member->stack)
		members->unstacked++;
	else if (++members->stacked)
		add_to(members->stacks, &members->nr_stacks, MEMBER_STACKS, member->stack);
	if (member->end)
		add_to(members->stacks, &members->nr_stacks, MEMBER_STACKS, member->end);
}

/* Whether it has stayed, and has had no data since its beginning. */
static void note_quiet(const struct model *model, struct member_span *span, const struct conn *conn)
{
	uint64_t active_ns = conn->active_ds * (SECOND_NS / 10), quiet_ns;

	/* what was asked before they had the time to say anything is no answer */
	if (model->leaks->ages_ns < span->ref_ns)
		return;
	if (conn->since_bound || conn->since_ns < span->start_ns || conn->since_ns > span->ref_ns ||
	    !conn->active_ds)
		return;
	quiet_ns = (model->now_ns - conn->since_ns) / 4;
	if (quiet_ns < BEGINNING_NS)
		quiet_ns = BEGINNING_NS;
	span->known++;
	span->quiet += active_ns <= conn->since_ns + quiet_ns;
}

static void add_conn(struct model *model, struct members *members, uint32_t id)
{
	const struct conn *conn = conn_at(model, id);
	struct member member = {
		.since_ns = conn->since_ns,
		/* one whose beginning was not seen was there before */
		.came_ns = conn->since_bound ? 0 : conn->since_ns,
		.owner = conn->owner,
		.stack = stacks_of_conn(model, id, STACK_OPENED),
		.end = stacks_of_conn(model, id, STACK_CLOSED),
		.bound = conn->since_bound,
	};

	add(members, &member, model->now_ns);
	for (unsigned int i = 0; members->what == SAMPLED_ESTABLISHED && i < NR_SPANS; i++)
		note_quiet(model, &members->spans[i], conn);
	/* spread over all of them */
	if (members->nr_samples < MEMBER_SAMPLES)
		members->sample[members->nr_samples++] = id;
	else if (!(members->count & (members->count - 1)))
		members->sample[members->count % MEMBER_SAMPLES] = id;
	if (members->what == SAMPLED_SYN_SENT && !members->queue)
		members->queue = queues_full_at(model, conn);
}

static void walk(struct model *model, const struct member_table *table)
{
	const struct leaks *leaks = model->leaks;
	uint32_t id;

	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);
		enum sampled what = sampled_of(conn);
		const struct row_place *place;

		if (what == NR_SAMPLED || !conn->wanted || !conn->rowed ||
		    conn->row[DIM_PAIR] >= leaks->nr_places)
			continue;
		place = &leaks->places[conn->row[DIM_PAIR]];
		if (place->pair < table->classes && table->of[place->pair][what])
			add_conn(model, table->of[place->pair][what], id);
		if (place->site < table->classes && table->of[place->site][what])
			add_conn(model, table->of[place->site][what], id);
	}
}

static void add_closed(const struct model *model, struct members *members,
		       const struct member *member, const struct closed_socket *closed)
{
	add(members, member, model->now_ns);
	if (closed->idle_ns != TIME_UNKNOWN)
		histogram_add(&members->idle, closed->idle_ns + (model->now_ns - closed->walk_ns));
}

static void walk_closed(struct model *model, const struct member_table *table)
{
	const struct leaks *leaks = model->leaks;
	uint32_t id;

	for (id = pool_next(&leaks->closed, 0); id != POOL_NONE;
	     id = pool_next(&leaks->closed, id + 1)) {
		const struct closed_socket *closed = pool_at(&leaks->closed, id);
		struct member member = {
			.since_ns = closed->since_ns,
			.came_ns = closed->found_ns,
			.owner = closed->owner,
			.stack = closed->stack,
			.bound = closed->at_least,
		};
		uint32_t pair = closed->class, site = leaks_class_at(leaks, pair)->site;

		/* no walk has confirmed that somebody holds it */
		if (!closed->walk_ns)
			continue;
		if (pair < table->classes && table->of[pair][SAMPLED_CLOSED])
			add_closed(model, table->of[pair][SAMPLED_CLOSED], &member, closed);
		if (site < table->classes && table->of[site][SAMPLED_CLOSED])
			add_closed(model, table->of[site][SAMPLED_CLOSED], &member, closed);
	}
}

/* A socket that is looked for: the other end of a sample. */
struct sought {
	struct members *members;
	const struct conn *conn;
};

struct search {
	struct sought *sought;	/* owned */
	size_t count;
	struct index index;
};

static uint32_t hash_ends(const uint8_t *local, uint16_t local_port, const uint8_t *remote,
			  uint16_t remote_port)
{
	uint8_t bytes[36];

	memcpy(bytes, local, 16);
	memcpy(bytes + 16, remote, 16);
	memcpy(bytes + 32, &local_port, 2);
	memcpy(bytes + 34, &remote_port, 2);
	return hash_bytes(bytes, sizeof(bytes));
}

static int search_init(struct search *search, struct model *model, struct members *members,
		       size_t count)
{
	search->sought = calloc(count * MEMBER_SAMPLES + 1, sizeof(*search->sought));
	if (!search->sought)
		return -ENOMEM;
	if (index_init(&search->index)) {
		free(search->sought);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		for (uint32_t j = 0; j < members[i].nr_samples; j++) {
			const struct conn *conn = conn_at(model, members[i].sample[j]);

			search->sought[search->count] = (struct sought){ &members[i], conn };
			index_insert(&search->index,
				     hash_ends(conn->remote_addr, conn->remote_port,
					       conn->local_addr, conn->local_port),
				     search->count++);
		}
	return 0;
}

static bool is_other_end(const struct conn *one, const struct conn *other)
{
	return one->source == other->source && one->local_port == other->remote_port &&
	       one->remote_port == other->local_port &&
	       !memcmp(one->local_addr, other->remote_addr, 16) &&
	       !memcmp(one->remote_addr, other->local_addr, 16) &&
	       (one->netns == other->netns || !addr_is_loopback(one->local_addr));
}

static void find_others(struct model *model, struct search *search)
{
	uint32_t id;

	for (id = pool_next(&model->conns, 0); search->count && id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);
		uint32_t hash;

		if (conn->phase != PHASE_FULL && conn->phase != PHASE_MINI)
			continue;
		hash = hash_ends(conn->local_addr, conn->local_port, conn->remote_addr,
				 conn->remote_port);
		for (const struct index_slot *slot = index_search(&search->index, hash);
		     slot->hash == hash && slot->id != INDEX_NONE; slot++)
			if (is_other_end(search->sought[slot->id].conn, conn))
				search->sought[slot->id].members->other = id;
	}
	index_release(&search->index);
	free(search->sought);
}

int members_look(struct model *model, struct members *members, size_t count)
{
	struct member_table table;
	struct search search = { 0 };

	if (!count)
		return 0;
	if (table_init(&table, model->leaks, members, count))
		return -ENOMEM;
	walk(model, &table);
	walk_closed(model, &table);
	free(table.of);
	if (search_init(&search, model, members, count))
		return -ENOMEM;
	find_others(model, &search);
	return 0;
}

void members_release(struct members *members, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		histogram_release(&members[i].ages);
		histogram_release(&members[i].idle);
	}
	free(members);
}
