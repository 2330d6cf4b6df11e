// SPDX-License-Identifier: GPL-2.0-or-later
/* One walk over all connections: what each has of its budget, and what it blocks for others. */
#include "model/budget_tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"

#define SECOND_NS 1000000000ULL
/* The timer wheel fires late, by 0 to 2.05 s at HZ=250 (kernel/time/timer.c): on the mean. */
#define WHEEL_NS 1250000000ULL
#define FIN_WAIT2_NS (60 * SECOND_NS)

/* How many ports of a budget one service has. */
struct share {
	uint32_t row, service;
	uint32_t count;
	uint32_t owner;		/* of the youngest connection */
	uint64_t began_ns;
};

struct walk {
	const struct model *model;
	struct budgets *budgets;
	struct pool shares;
	struct index index;
	uint32_t hit;		/* the share found last */
};

static void drop_ports(struct budgets *budgets)
{
	for (uint32_t i = 0; i < budgets->nr_ports; i++)
		free(budgets->ports[i]);
	free(budgets->ports);
	budgets->ports = NULL;
	budgets->nr_ports = 0;
}

void budgets_tally_free(struct budgets *budgets)
{
	drop_ports(budgets);
	free(budgets->tallies);
	budgets->tallies = NULL;
}

/*
 * Whether connect() takes over a TIME_WAIT towards this destination, as far as is known
 * (tcp_twsk_unique()): it has done so, or it is set to.
 */
static void set_reuse(const struct budget_row *row, const struct port_settings *settings,
		      struct tally *tally)
{
	bool local = addr_is_loopback(row->key.remote_addr) ||
		     addr_is_loopback(row->key.local_addr);
	int64_t reuse = settings ? settings->tw_reuse : SETTING_UNKNOWN;

	tally->reusable = row->reused ||
			  ((reuse == 1 || (reuse == 2 && local)) && settings->timestamps != 0);
	tally->reuse_s = settings && settings->tw_reuse_delay_ms >= 0 ?
				 settings->tw_reuse_delay_ms / 1000.0 :
				 1;
}

static int begin(struct walk *walk)
{
	struct budgets *budgets = walk->budgets;
	uint32_t id;

	budgets_tally_free(budgets);
	budgets->tallies = calloc(budgets->rows.used, sizeof(*budgets->tallies));
	budgets->ports = calloc(walk->model->netns.used ? walk->model->netns.used : 1,
				sizeof(struct taken_ports *));
	if (!budgets->tallies || !budgets->ports)
		return -ENOMEM;
	budgets->nr_ports = walk->model->netns.used;
	for (id = pool_next(&budgets->rows, 0); id != POOL_NONE;
	     id = pool_next(&budgets->rows, id + 1)) {
		struct budget_row *row = budget_at(budgets, id);
		struct tally *tally = &budgets->tallies[id];

		tally->ranged = budget_span(budgets, row, &tally->span);
		set_reuse(row,
			  port_settings_of(&budgets->settings, row->key.netns_cookie,
					   row->key.source),
			  tally);
		row->used = 0;
	}
	return 0;
}

static bool is_minisock(const struct conn *conn)
{
	return conn->phase == PHASE_MINI || conn->phase == PHASE_PENDING;
}

/* When its port comes back: the minisock's end, or when it may be taken over. */
static uint64_t end_of(const struct tally *tally, const struct port_settings *settings,
		       const struct conn *conn)
{
	uint64_t fin_ns = settings && settings->fin_timeout_s >= 0 ?
				  settings->fin_timeout_s * SECOND_NS :
				  FIN_WAIT2_NS;

	if (tally->reusable && conn->state == TW_TIME_WAIT)
		return conn->since_ns + tally->reuse_s * SECOND_NS;
	if (conn->expires_ns)
		return conn->expires_ns + WHEEL_NS;
	return conn->since_ns + fin_ns + WHEEL_NS;
}

static void add_end(const struct walk *walk, const struct budget_row *row, struct tally *tally,
		    const struct conn *conn)
{
	const struct port_settings *settings =
		port_settings_of(&walk->budgets->settings, row->key.netns_cookie, row->key.source);
	uint64_t end_ns = end_of(tally, settings, conn), left_s = 0;

	if (end_ns > walk->model->now_ns)
		left_s = (end_ns - walk->model->now_ns) / SECOND_NS;
	tally->ends[left_s < FORECAST_ENDS ? left_s : FORECAST_ENDS - 1]++;
}

static bool share_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct share *share = pool_at(ctx, id), *want = key;

	return share->row == want->row && share->service == want->service;
}

/* NULL: no memory, and it counts for nobody. */
static struct share *share_of(struct walk *walk, uint32_t row, uint32_t service)
{
	struct share want = { .row = row, .service = service }, *share;
	uint32_t hash = hash_u64((uint64_t)row << 32 | service), id;

	if (walk->shares.count && share_equal(&walk->shares, walk->hit, &want))
		return pool_at(&walk->shares, walk->hit);
	id = index_find(&walk->index, hash, share_equal, &walk->shares, &want);
	if (id == INDEX_NONE) {
		id = pool_take(&walk->shares);
		if (id == POOL_NONE || index_insert(&walk->index, hash, id))
			return NULL;
		share = pool_at(&walk->shares, id);
		*share = want;
	}
	walk->hit = id;
	return pool_at(&walk->shares, id);
}

static void add_share(struct walk *walk, uint32_t row, const struct conn *conn, uint64_t began_ns)
{
	struct share *share = share_of(walk, row, conn_owner(walk->model, conn)->service);

	if (!share)
		return;
	if (!share->count++ || began_ns >= share->began_ns) {
		share->owner = conn->owner;
		share->began_ns = began_ns;
	}
}

static void add_state(struct tally *tally, const struct conn *conn)
{
	if (is_minisock(conn) && conn->state == TW_TIME_WAIT)
		tally->time_wait++;
	else if (is_minisock(conn))
		tally->fin_wait2++;
	else if (conn->state == TW_ESTABLISHED)
		tally->established++;
	else
		tally->other++;
}

static bool is_inside(const struct tally *tally, const struct conn *conn)
{
	return conn->local_port && (!tally->ranged || span_has(&tally->span, conn->local_port));
}

/* It has a port of the budget @row. */
static void add_port(struct walk *walk, uint32_t row, const struct port_use *use,
		     const struct conn *conn)
{
	struct tally *tally = &walk->budgets->tallies[row];

	add_state(tally, conn);
	tally->bound += (use->flags & USE_BOUND) != 0;
	if (is_minisock(conn))
		add_end(walk, budget_at(walk->budgets, row), tally, conn);
	add_share(walk, row, conn, use->began_ns);
}

/* A connection, on a visit to the budgets of its destination. */
struct visit {
	struct walk *walk;
	const struct port_use *use;
	const struct conn *conn;
};

/* Never the one that is looked for: so the index shows all that have the hash. */
static bool visit_sibling(const void *ctx, uint32_t id, const void *key)
{
	const struct visit *visit = ctx;
	struct walk *walk = visit->walk;

	if (id != visit->use->row - 1 &&
	    !memcmp(&budget_at(walk->budgets, id)->key, key, DESTINATION_LEN) &&
	    is_inside(&walk->budgets->tallies[id], visit->conn))
		add_port(walk, id, visit->use, visit->conn);
	return false;
}

/* Towards one destination a port is used for all, whatever range each may choose from. */
static void add_to_siblings(struct walk *walk, const struct port_use *use, const struct conn *conn)
{
	const struct budget_key *key = &budget_at(walk->budgets, use->row - 1)->key;
	const struct visit visit = { .walk = walk, .use = use, .conn = conn };

	index_find(&walk->budgets->index, hash_bytes(key, DESTINATION_LEN), visit_sibling, &visit,
		   key);
}

static void add_use(struct walk *walk, struct port_use *use, const struct conn *conn)
{
	uint32_t row = use->row - 1;
	struct tally *tally = &walk->budgets->tallies[row];

	use->flags &= ~(uint32_t)USE_COUNTED;
	if (!conn->local_port)
		tally->connecting++;
	else
		use->flags |= USE_PLACED;
	if (conn->local_port && walk->budgets->ranged)
		add_to_siblings(walk, use, conn);
	if (!is_inside(tally, conn))
		return;
	use->flags |= USE_COUNTED;
	budget_at(walk->budgets, row)->used++;
	add_port(walk, row, use, conn);
}

/*
 * A bind bucket that others than connect() made is no choice of connect()'s, whatever the
 * destination: a listener's, with its children, and that of an explicit bind
 * (__inet_hash_connect()).
 */
static bool blocks(const struct conn *conn, const struct port_use *use)
{
	bool there = is_minisock(conn) || (conn->phase == PHASE_FULL && conn->state != TW_CLOSE);

	return there && conn->local_port &&
	       (conn->state == TW_LISTEN || conn->direction == DIRECTION_INCOMING ||
		(use && use->flags & USE_BOUND));
}

static void block(struct walk *walk, const struct conn *conn, bool bound)
{
	struct taken_ports **ports = &walk->budgets->ports[conn->netns];

	if (!*ports)
		*ports = calloc(1, sizeof(**ports));
	if (!*ports)
		return;
	port_set_add(&(*ports)->blocked, conn->local_port);
	if (bound)
		port_set_add(&(*ports)->bound, conn->local_port);
}

static void walk_conns(struct walk *walk)
{
	const struct model *model = walk->model;
	uint32_t id;

	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);
		struct port_use *use = id < walk->budgets->room ? &walk->budgets->uses[id] : NULL;

		if (blocks(conn, use))
			block(walk, conn, use && use->flags & USE_BOUND);
		if (use && use->row)
			add_use(walk, use, conn);
	}
}

static void choose_services(struct walk *walk)
{
	for (uint32_t id = pool_next(&walk->shares, 0); id != POOL_NONE;
	     id = pool_next(&walk->shares, id + 1)) {
		const struct share *share = pool_at(&walk->shares, id);
		const struct owner *owner = owners_at(&walk->model->owners, share->owner);
		struct tally *tally = &walk->budgets->tallies[share->row];

		if (share->count <= tally->most)
			continue;
		tally->most = share->count;
		tally->service = share->service;
		tally->owner = share->owner;
		tally->comm = NULL;
		if (owner->comm[0])
			tally->comm = text_clean(owner->comm, strnlen(owner->comm, TW_COMM_LEN),
						 tally->name, sizeof(tally->name));
	}
}

/* Blocks may have been found after the first connection of a budget. */
static void find_ports(struct walk *walk)
{
	const struct model *model = walk->model;

	for (uint32_t id = pool_next(&model->netns, 0); id != POOL_NONE;
	     id = pool_next(&model->netns, id + 1)) {
		const struct netns *netns = netns_at(model, id);

		if (!walk->budgets->ports[id])
			continue;
		for (uint32_t row = pool_next(&walk->budgets->rows, 0); row != POOL_NONE;
		     row = pool_next(&walk->budgets->rows, row + 1)) {
			const struct budget_key *key = &budget_at(walk->budgets, row)->key;

			if (key->netns_cookie == netns->cookie && key->source == netns->source)
				walk->budgets->tallies[row].ports = walk->budgets->ports[id];
		}
	}
}

const struct tally *budgets_tally(const struct model *model)
{
	struct walk walk = { .model = model, .budgets = model->budgets };
	bool failed;

	pool_init(&walk.shares, sizeof(struct share));
	failed = index_init(&walk.index) || begin(&walk);
	if (!failed) {
		walk_conns(&walk);
		find_ports(&walk);
		choose_services(&walk);
	}
	index_release(&walk.index);
	pool_release(&walk.shares);
	return failed ? NULL : model->budgets->tallies;
}
