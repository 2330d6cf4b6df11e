// SPDX-License-Identifier: GPL-2.0-or-later
/* Records in: each is checked, then handed to the room that knows its kind. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/attempts.h"
#include "model/attribution.h"
#include "model/budgets.h"
#include "model/failures.h"
#include "model/farewells.h"
#include "model/flames.h"
#include "model/leaks.h"
#include "model/ledger.h"
#include "model/lifecycle.h"
#include "model/names_in_use.h"
#include "model/netns_facts.h"
#include "model/port_look.h"
#include "model/reconcile.h"
#include "model/sums.h"
#include "model/tracker.h"
#include "model/witness.h"

#define EXPIRE_EVERY_NS 1000000000ULL

static void feed_transition(struct model *model, const struct tw_record *record,
			    unsigned int source)
{
	lifecycle_transition(model, (const struct tw_transition *)record, source);
}

static void feed_spilled(struct model *model, const struct tw_record *record, unsigned int source)
{
	sums_add(model, (const struct tw_spilled *)record, source);
}

static void feed_reset_sent(struct model *model, const struct tw_record *record,
			    unsigned int source)
{
	lifecycle_reset_sent(model, (const struct tw_reset *)record, source);
}

static void feed_holder(struct model *model, const struct tw_record *record, unsigned int source)
{
	attribution_holder(model, (const struct tw_holder *)record, source);
}

static void feed_holders_end(struct model *model, const struct tw_record *record,
			     unsigned int source)
{
	uint32_t id;

	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		struct conn *conn = conn_at(model, id);

		if (conn->source == source && conn->owner_rank < OWNER_HOLDER &&
		    conn->since_ns < record->ts_ns && conn->looks < HOLDER_LOOKS)
			conn->looks++;
	}
}

static void feed_process(struct model *model, const struct tw_record *record, unsigned int source)
{
	processes_learn(model, (const struct tw_process *)record, source);
}

static void feed_closed_held(struct model *model, const struct tw_record *record,
			     unsigned int source)
{
	closed_held(model, (const struct tw_closed_held *)record, source);
}

static void feed_closed_end(struct model *model, const struct tw_record *record,
			    unsigned int source)
{
	closed_walked(model, record->ts_ns, source);
}

static void feed_stack(struct model *model, const struct tw_record *record, unsigned int source)
{
	stacks_acted(model, (const struct tw_stack *)record, source);
}

static void feed_stack_text(struct model *model, const struct tw_record *record,
			    unsigned int source)
{
	stacks_learn(model, (const struct tw_stack_text *)record, source);
}

static void feed_scope(struct model *model, const struct tw_record *record, unsigned int source)
{
	farewell_scope(model, (const struct tw_scope *)record, source);
}

static void feed_fork(struct model *model, const struct tw_record *record, unsigned int source)
{
	farewell_fork(model, (const struct tw_fork *)record, source);
}

static void feed_exit(struct model *model, const struct tw_record *record, unsigned int source)
{
	farewell_exit(model, (const struct tw_exit *)record, source);
}

static void feed_socket(struct model *model, const struct tw_record *record, unsigned int source)
{
	reconcile_socket(model, (const struct tw_socket *)record, source);
}

static void feed_begin(struct model *model, const struct tw_record *record, unsigned int source)
{
	reconcile_begin(model, (const struct tw_snapshot *)record, source);
}

static void feed_end(struct model *model, const struct tw_record *record, unsigned int source)
{
	const struct tw_snapshot *dump = (const struct tw_snapshot *)record;

	if (model->budgets && dump->port_low &&
	    port_settings_range(&model->budgets->settings, dump->netns_cookie, source,
				dump->port_low, dump->port_high))
		model->loss[TW_LOSS_NO_MEMORY]++;
	reconcile_end(model, dump, source);
}

/* A text that a record carries behind its first @from bytes ends within it. */
static bool text_ends(const struct tw_record *record, size_t from)
{
	return memchr((const char *)record + from, '\0', record->size - from) != NULL;
}

/* Takes @name over (NULL: none); the audit of the namespace goes by it too. */
static void rename_netns(struct model *model, struct netns *netns, char *name)
{
	free(netns->name);
	netns->name = name;
	for (size_t i = 0; i < model->nr_audits; i++)
		if (model->audits[i].netns_cookie == netns->cookie &&
		    model->audits[i].source == netns->source)
			model->audits[i].name = name;
}

static void feed_netns(struct model *model, const struct tw_record *record, unsigned int source)
{
	const struct tw_name *name = (const struct tw_name *)record;
	uint32_t id = tracker_netns(model, name->id, name->ino, source);
	char clean[256];

	if (id == POOL_NONE || !name->text[0])
		return;
	text_clean(name->text, strlen(name->text), clean, sizeof(clean));
	rename_netns(model, netns_at(model, id), strdup(clean));
}

static void feed_netns_gone(struct model *model, const struct tw_record *record,
			    unsigned int source)
{
	const struct tw_name *name = (const struct tw_name *)record;

	facts_netns_gone(model, name, source);
	if (model->budgets)
		budgets_netns_gone(model, name->id, source);
	reconcile_netns_gone(model, name->id, source);
}

static void feed_cgroup(struct model *model, const struct tw_record *record, unsigned int source)
{
	const struct tw_name *name = (const struct tw_name *)record;

	if (services_learn_cgroup(model->services, cgroup_key(name->id, source), source,
				  name->text))
		model->loss[TW_LOSS_NO_MEMORY]++;
}

static void feed_loss(struct model *model, const struct tw_record *record, unsigned int source)
{
	const struct tw_loss *loss = (const struct tw_loss *)record;
	struct model_event event = {
		.kind = EVENT_LOSS,
		.ts_ns = record->ts_ns,
		.cause = record->from,
		.count = loss->count,
	};

	(void)source;
	/* a newer recording may know more causes: lost is lost */
	if (event.cause >= TW_NR_LOSS)
		event.cause = TW_LOSS_MALFORMED;
	model->loss[event.cause] += loss->count;
	model->losses++;
	tracker_tell_event(model, &event);
}

static void feed_tick(struct model *model, const struct tw_record *record, unsigned int source)
{
	(void)source;
	leaks_tick(model);
	ledger_settle(model, record->ts_ns);
	witness_forget(model, record->ts_ns);
	names_in_use_tick(model);
	if (record->ts_ns - model->expired_ns >= EXPIRE_EVERY_NS) {
		model->expired_ns = record->ts_ns;
		ledger_expire(model, record->ts_ns);
	}
}

static void feed_ready(struct model *model, const struct tw_record *record, unsigned int source)
{
	(void)source;
	/* the second of several recordings goes on where the first one stopped */
	if (model->ready)
		return;
	/* what closed before ready has left its minisock behind by now: stock, no birth */
	ledger_settle(model, UINT64_MAX);
	tracker_restart_counts(model);
	if (model->budgets)
		budgets_restart(model);
	model->ready = true;
	model->ready_ns = model->interval_ns = record->ts_ns;
	if (model->flames)
		model_flame_restart(model);
	if (model->attempts)
		attempts_restart(model);
}

static void feed_tier(struct model *model, const struct tw_record *record, unsigned int source)
{
	witness_tier(model, record->from, source);
	failures_sight(model, record->to, source);
	model->wheel[source] = wheel_told(record);
}

static void feed_minisock(struct model *model, const struct tw_record *record, unsigned int source)
{
	witness_minisock(model, (const struct tw_minisock *)record, source);
}

static void feed_facts(struct model *model, const struct tw_record *record, unsigned int source)
{
	const struct tw_name *name = (const struct tw_name *)record;

	facts_learn(model, name, source);
	if (model->budgets &&
	    port_settings_learn(&model->budgets->settings, name->id, source, name->text))
		model->loss[TW_LOSS_NO_MEMORY]++;
}

static void feed_bind_failed(struct model *model, const struct tw_record *record,
			     unsigned int source)
{
	failures_bind(model, (const struct tw_bind_failed *)record, source);
}

static void feed_bound(struct model *model, const struct tw_record *record, unsigned int source)
{
	look_bound(model, (const struct tw_bound *)record, source);
}

static void feed_mini_reset(struct model *model, const struct tw_record *record,
			    unsigned int source)
{
	witness_reset(model, (const struct tw_minisock *)record, source);
}

static const struct {
	size_t size;	/* the least that the kind needs */
	void (*feed)(struct model *model, const struct tw_record *record, unsigned int source);
	bool text;	/* one follows */
} kinds[] = {
	[TW_TRANSITION] = { TW_TRANSITION_SHORT, feed_transition },
	[TW_RESET_SENT] = { sizeof(struct tw_reset), feed_reset_sent },
	[TW_HOLDER] = { sizeof(struct tw_holder), feed_holder },
	[TW_SOCKET] = { TW_SOCKET_SHORT, feed_socket },
	[TW_SNAPSHOT_BEGIN] = { sizeof(struct tw_snapshot), feed_begin },
	[TW_SNAPSHOT_END] = { sizeof(struct tw_snapshot), feed_end },
	[TW_NETNS] = { sizeof(struct tw_name), feed_netns, true },
	[TW_NETNS_GONE] = { sizeof(struct tw_name), feed_netns_gone },
	[TW_CGROUP] = { sizeof(struct tw_name), feed_cgroup, true },
	[TW_LOSS] = { sizeof(struct tw_loss), feed_loss },
	[TW_TICK] = { sizeof(struct tw_record), feed_tick },
	[TW_READY] = { sizeof(struct tw_record), feed_ready },
	[TW_PAIRS] = { sizeof(struct tw_pairs), NULL },
	[TW_END] = { sizeof(struct tw_end), NULL },
	[TW_HOLDERS_END] = { sizeof(struct tw_record), feed_holders_end },
	[TW_TIER] = { sizeof(struct tw_record), feed_tier },
	[TW_MINI_BORN] = { TW_MINISOCK_SHORT, feed_minisock },
	[TW_MINI_REFUSED] = { TW_MINISOCK_SHORT, feed_minisock },
	[TW_MINI_TURNED] = { TW_MINISOCK_SHORT, feed_minisock },
	[TW_MINI_ENDED] = { TW_MINISOCK_SHORT, feed_minisock },
	[TW_MINI_RESET] = { sizeof(struct tw_minisock), feed_mini_reset },
	[TW_SPILLED] = { sizeof(struct tw_spilled), feed_spilled },
	[TW_PROCESS] = { sizeof(struct tw_process), feed_process, true },
	[TW_CLOSED_HELD] = { sizeof(struct tw_closed_held), feed_closed_held },
	[TW_CLOSED_END] = { sizeof(struct tw_record), feed_closed_end },
	[TW_STACK] = { sizeof(struct tw_stack), feed_stack },
	[TW_STACK_TEXT] = { sizeof(struct tw_stack_text), feed_stack_text, true },
	[TW_SCOPE] = { sizeof(struct tw_scope), feed_scope, true },
	[TW_FORK] = { sizeof(struct tw_fork), feed_fork },
	[TW_EXIT] = { sizeof(struct tw_exit), feed_exit },
	[TW_FACTS] = { sizeof(struct tw_name), feed_facts, true },
	[TW_BIND_FAILED] = { sizeof(struct tw_bind_failed), feed_bind_failed },
	[TW_BOUND] = { sizeof(struct tw_bound), feed_bound },
};

/* A state that a full socket can be in. */
static bool is_full_state(uint8_t state)
{
	return state && state <= TW_CLOSING && state != TW_TIME_WAIT;
}

static bool states_make_sense(const struct tw_record *record)
{
	switch (record->kind) {
	case TW_TRANSITION:
	case TW_SPILLED:
		return is_full_state(record->from) && is_full_state(record->to);
	case TW_SOCKET:
	case TW_BOUND:
		if (record->to == TW_TIMER_MINISOCK)
			return record->from == TW_TIME_WAIT || record->from == TW_FIN_WAIT2;
		/* no dump lists a socket in CLOSE */
		return is_full_state(record->from) &&
		       (record->from != TW_CLOSE || record->kind == TW_BOUND);
	case TW_MINI_BORN:
	case TW_MINI_REFUSED:
	case TW_MINI_TURNED:
	case TW_MINI_ENDED:
		return record->from == TW_TIME_WAIT || record->from == TW_FIN_WAIT2;
	case TW_TIER:
		return record->from < NR_EVIDENCE && record->to < TW_NR_BINDS;
	default:
		return true;
	}
}

/* A kind of a newer version is counted, and not refused: what else is there is right. */
static bool is_known(const struct tw_record *record)
{
	return record->kind < sizeof(kinds) / sizeof(kinds[0]);
}

static bool makes_sense(const struct tw_record *record, size_t len)
{
	if (len < sizeof(*record) || record->size > len || record->size % 8)
		return false;
	if (!is_known(record))
		return true;
	if (!kinds[record->kind].size || record->size < kinds[record->kind].size)
		return false;
	if (kinds[record->kind].text && !text_ends(record, kinds[record->kind].size))
		return false;
	return states_make_sense(record);
}

void model_feed(struct model *model, const struct tw_record *record, size_t len,
		unsigned int source)
{
	uint64_t lost = model->loss[TW_LOSS_NO_MEMORY];

	if (!makes_sense(record, len) || source >= MODEL_MAX_SOURCES) {
		model->loss[TW_LOSS_MALFORMED]++;
		return;
	}
	if (record->ts_ns > model->now_ns)
		model->now_ns = record->ts_ns;
	errno = 0;
	if (!is_known(record))
		model->unknown++;
	else if (kinds[record->kind].feed)
		kinds[record->kind].feed(model, record, source);
	model->fed |= 1ULL << source;
	/* nothing else in this room sets it: some of the record could not be kept */
	if (errno == ENOMEM && model->loss[TW_LOSS_NO_MEMORY] == lost)
		model->loss[TW_LOSS_NO_MEMORY]++;
}

void model_expect(struct model *model, const struct tw_record *record, size_t len)
{
	/* TRANSITION, RESET_SENT, HOLDER, SOCKET, MINI_*: the cookie follows the head */
	if (len >= TW_TRANSITION_SHORT)
		tracker_expect(model, ((const struct tw_transition *)record)->cookie);
}
