// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of an evidence tier, each to the minisock it is about. */
#include "model/witness.h"

#include <stdlib.h>

#include "model/ledger.h"

/* The ->CLOSE of a socket follows its minisock's birth within microseconds. */
#define EARLY_NS 1000000000ULL
#define MAX_EARLY 65536

void witness_tier(struct model *model, enum evidence tier, unsigned int source)
{
	/* a recording that goes on under another tier rests on the weaker one */
	if (!(model->fed >> source & 1) || tier < model->tier[source])
		ledger_set_tier(model, tier, source);
}

static bool has_ports(const struct conn *conn, const struct tw_minisock *record)
{
	return conn->local_port == record->local_port && conn->remote_port == record->remote_port;
}

static uint32_t find(struct model *model, const struct tw_minisock *record, unsigned int source)
{
	const uint64_t cookies[] = { record->cookie, record->cookie | DETACHED };
	struct conn like = { 0 };
	uint32_t netns;

	for (size_t i = 0; record->cookie && i < sizeof(cookies) / sizeof(cookies[0]); i++) {
		uint32_t id = tracker_find(model, cookies[i], source);

		if (id != POOL_NONE && has_ports(conn_at(model, id), record))
			return id;
	}
	if (record->head.size < sizeof(*record))
		return POOL_NONE;
	netns = tracker_netns(model, record->tuple.netns_cookie, record->tuple.netns_ino, source);
	if (netns == POOL_NONE)
		return POOL_NONE;
	like.netns = netns;
	tracker_set_tuple(&like, &record->tuple);
	return tracker_find_minisock(model, &like);
}

static void keep(struct model *model, const struct tw_minisock *record, unsigned int source)
{
	if (model->nr_early == MAX_EARLY) {
		model->loss[TW_LOSS_NO_MEMORY]++;
		return;
	}
	if (model->nr_early == model->room_early) {
		size_t room = model->room_early ? 2 * model->room_early : 16;
		struct early *grown = realloc(model->early, room * sizeof(*grown));

		if (!grown) {
			model->loss[TW_LOSS_NO_MEMORY]++;
			return;
		}
		model->early = grown;
		model->room_early = room;
	}
	model->early[model->nr_early++] = (struct early){
		.record = { .head = record->head,
			    .cookie = record->cookie,
			    .local_port = record->local_port,
			    .remote_port = record->remote_port },
		.source = source,
	};
}

static void born(struct model *model, uint32_t id, const struct tw_minisock *record)
{
	struct conn *conn = conn_at(model, id);

	if (conn->phase == PHASE_FULL)
		conn->announced = record->head.from |
				  (record->head.kind == TW_MINI_REFUSED ? REFUSED : 0);
	/* its timer was armed, and not for the first time */
	else if (conn->phase == PHASE_MINI && conn->state != record->head.from)
		ledger_substate(model, id, record->head.from, record->head.ts_ns,
				model->tier[conn->source]);
	else if (conn->phase == PHASE_MINI && conn->state == TW_TIME_WAIT)
		conn->expires_ns = record->head.ts_ns + TIME_WAIT_NS;
	ledger_watch(model, id);
}

static void turned(struct model *model, uint32_t id, const struct tw_minisock *record)
{
	struct conn *conn = conn_at(model, id);

	if (conn->phase == PHASE_MINI && conn->state != record->head.from)
		ledger_substate(model, id, record->head.from, record->head.ts_ns,
				model->tier[conn->source]);
}

static void ended(struct model *model, uint32_t id, const struct tw_minisock *record)
{
	struct conn *conn = conn_at(model, id);
	uint8_t reason = record->head.to < NR_END_REASONS ? record->head.to : END_UNKNOWN;

	if (conn->phase != PHASE_MINI)
		return;
	/* the substate may have changed without a word */
	if (conn->state != record->head.from)
		ledger_substate(model, id, record->head.from, record->head.ts_ns,
				EVIDENCE_SNAPSHOT);
	ledger_end(model, id, reason, record->head.ts_ns, true, model->tier[conn->source]);
}

void witness_minisock(struct model *model, const struct tw_minisock *record, unsigned int source)
{
	bool birth = record->head.kind == TW_MINI_BORN || record->head.kind == TW_MINI_REFUSED;
	uint32_t id = find(model, record, source);
	struct conn *conn;

	if (id == POOL_NONE)
		return;
	conn = conn_at(model, id);
	/* a dump taken before knows less */
	if (conn->phase != PHASE_FULL && conn->seen_ns < record->head.ts_ns)
		conn->seen_ns = record->head.ts_ns;
	if (birth) {
		born(model, id, record);
		return;
	}
	if (conn->phase == PHASE_FULL) {
		/* else it is about the minisock of an earlier life of this socket */
		if (conn->announced)
			keep(model, record, source);
		return;
	}
	if (conn->phase == PHASE_PENDING)
		ledger_confirm(model, id);
	if (record->head.kind == TW_MINI_TURNED)
		turned(model, id, record);
	else
		ended(model, id, record);
}

void witness_reset(struct model *model, const struct tw_minisock *record, unsigned int source)
{
	uint32_t id = find(model, record, source);
	struct conn *conn;

	/* the other tiers tell of the end itself */
	if (id == POOL_NONE || model->tier[source] != EVIDENCE_INFERRED)
		return;
	conn = conn_at(model, id);
	if (conn->phase != PHASE_MINI && conn->phase != PHASE_PENDING)
		return;
	conn->rst = true;
	if (conn->seen_ns < record->head.ts_ns)
		conn->seen_ns = record->head.ts_ns;
}

void witness_catch_up(struct model *model, uint32_t id)
{
	uint64_t cookie = conn_at(model, id)->cookie, born_ns = conn_at(model, id)->since_ns;
	unsigned int source = conn_at(model, id)->source;

	for (size_t i = 0; i < model->nr_early;) {
		struct early early = model->early[i];

		if (early.record.cookie != cookie || early.source != source) {
			i++;
			continue;
		}
		for (size_t at = i + 1; at < model->nr_early; at++)
			model->early[at - 1] = model->early[at];
		model->nr_early--;
		/* the birth counts from ->CLOSE, and nothing happens before it */
		if (early.record.head.ts_ns < born_ns)
			early.record.head.ts_ns = born_ns;
		witness_minisock(model, &early.record, source);
	}
}

void witness_forget(struct model *model, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < model->nr_early; i++)
		if (model->early[i].record.head.ts_ns + EARLY_NS > now_ns)
			model->early[kept++] = model->early[i];
	model->nr_early = kept;
}
