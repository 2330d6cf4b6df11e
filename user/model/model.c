// SPDX-License-Identifier: GPL-2.0-or-later
/* The model as a whole: its begin and end, and what it answers; records come in by feed.c. */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/attempts.h"
#include "model/budgets.h"
#include "model/failures.h"
#include "model/farewells.h"
#include "model/flames.h"
#include "model/leaks.h"
#include "model/netns_facts.h"
#include "model/port_look.h"
#include "model/tracker.h"

#define DEFAULT_MAX_ROWS 20000
/* Services times their ports: few, but where a client goes through the ports of others. */
#define MAX_PLACES 1000
/* Asking costs 35 ns a connection: a thousandth of the time. */
#define ASK_NS_A_CONN 20000

struct model *model_new(const struct model_opts *opts)
{
	struct model *model = calloc(1, sizeof(*model));
	uint32_t cap = opts->max_rows ? opts->max_rows : DEFAULT_MAX_ROWS;
	bool failed;

	if (!model)
		return NULL;
	model->opts = *opts;
	model->filtered = !filter_is_empty(&opts->filter);
	pool_init(&model->conns, sizeof(struct conn));
	pool_init(&model->netns, sizeof(struct netns));
	pool_init(&model->holders, sizeof(struct holder_list));
	model->services = services_new();
	model->view_holders = calloc(MAX_HOLDERS, sizeof(*model->view_holders));
	failed = owners_init(&model->owners) || index_init(&model->by_holders) ||
		 index_init(&model->by_netns);
	failed = failed || !model->services || !model->view_holders ||
		 index_init(&model->by_cookie) || index_init(&model->by_tuple);
	failed = stacks_init(&model->stacks) || failed;
	if (opts->leaks)
		model->leaks = leaks_new();
	failed |= opts->leaks && !model->leaks;
	if (opts->ports)
		model->budgets = budgets_new();
	failed |= opts->ports && !model->budgets;
	if (opts->flame)
		model->flames = flames_new(opts->flame);
	failed |= opts->flame && !model->flames;
	if (opts->what_if)
		model->attempts = attempts_new();
	failed |= opts->what_if && !model->attempts;
	if (opts->history)
		model->history = history_new(opts->history);
	failed |= opts->history && !model->history;
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		failed |= rows_init(&model->rows[dim], dim, cap) != 0;
	failed |= rows_init(&model->places, DIM_PAIR, MAX_PLACES) != 0;
	model->rows[DIM_PAIR].places = &model->places;
	if (failed) {
		model_free(model);
		return NULL;
	}
	return model;
}

void model_free(struct model *model)
{
	uint32_t id;

	if (!model)
		return;
	for (id = pool_next(&model->netns, 0); id != POOL_NONE;
	     id = pool_next(&model->netns, id + 1))
		tracker_netns_remove(model, id);
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		rows_release(&model->rows[dim]);
	rows_release(&model->places);
	row_release(&model->totals);
	index_release(&model->by_cookie);
	index_release(&model->by_tuple);
	pool_release(&model->conns);
	pool_release(&model->netns);
	index_release(&model->by_netns);
	services_free(model->services);
	for (id = pool_next(&model->holders, 0); id != POOL_NONE;
	     id = pool_next(&model->holders, id + 1))
		free(((struct holder_list *)pool_at(&model->holders, id))->items);
	pool_release(&model->holders);
	index_release(&model->by_holders);
	leaks_free(model->leaks);
	farewell_free(model->farewell);
	flames_free(model->flames);
	facts_free(model->facts);
	budgets_free(model->budgets);
	failures_free(model->failures);
	looks_free(model->looks);
	attempts_free(model->attempts);
	history_free(model->history);
	for (unsigned int source = 0; source < MODEL_MAX_SOURCES; source++)
		free(model->hosts[source]);
	stacks_release(&model->stacks);
	owners_release(&model->owners);
	free(model->due_s);
	free(model->view_holders);
	free(model->audits);
	free(model->over);
	free(model->early);
	free(model);
}

void model_set_recorded_filter(struct model *model, unsigned int source,
			       const struct filter *filter)
{
	if (source >= MODEL_MAX_SOURCES)
		return;
	model->recorded[source] = *filter;
	model->filtered |= !filter_is_empty(filter);
}

void model_set_host(struct model *model, unsigned int source, const char *host)
{
	char clean[256];

	if (source >= MODEL_MAX_SOURCES || !host[0])
		return;
	text_clean(host, strlen(host), clean, sizeof(clean));
	free(model->hosts[source]);
	model->hosts[source] = strdup(clean);
	if (!model->hosts[source])
		model->loss[TW_LOSS_NO_MEMORY]++;
}

const char *model_host(const struct model *model, unsigned int source)
{
	bool known = source < MODEL_MAX_SOURCES && model->hosts[source];

	return known ? model->hosts[source] : "(unknown host)";
}

bool model_was_fed(const struct model *model, unsigned int source)
{
	return model->fed >> source & 1;
}

void model_subscribe(struct model *model, model_event_fn fn, void *ctx)
{
	model->event_fn = fn;
	model->event_ctx = ctx;
}

void model_mark_interval(struct model *model, uint64_t now_ns)
{
	for (unsigned int dim = 0; dim < NR_DIMENSIONS; dim++)
		rows_mark_interval(&model->rows[dim]);
	memcpy(model->totals.before, model->totals.count, sizeof(model->totals.before));
	model->interval_ns = now_ns;
	if (model->history)
		history_add(model->history, now_ns, model->totals.count);
}

uint64_t model_now_ns(const struct model *model)
{
	return model->now_ns;
}

uint64_t model_ready_ns(const struct model *model)
{
	return model->ready_ns;
}

uint64_t model_interval_start_ns(const struct model *model)
{
	return model->interval_ns;
}

const struct row *model_totals(const struct model *model)
{
	return &model->totals;
}

const struct rows *model_rows(const struct model *model, enum dimension dimension)
{
	return &model->rows[dimension];
}

const struct rows *model_places(const struct model *model)
{
	return &model->places;
}

const char *model_service_name(const struct model *model, uint32_t service)
{
	return services_name(model->services, service);
}

void model_each_conn(const struct model *model, model_conn_fn fn, void *ctx)
{
	char comm[TW_COMM_LEN * 4 + 1];
	struct conn_view view;
	uint32_t id;

	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);

		if (!conn->wanted || (conn->phase != PHASE_FULL && conn->phase != PHASE_MINI))
			continue;
		tracker_view(model, conn, &view, comm);
		fn(ctx, &view);
	}
}

uint64_t model_loss(const struct model *model, enum tw_loss_cause cause)
{
	return model->loss[cause];
}

uint64_t model_unknown(const struct model *model)
{
	return model->unknown;
}

enum evidence model_evidence(const struct model *model)
{
	enum evidence weakest = NR_EVIDENCE;

	for (unsigned int source = 0; source < MODEL_MAX_SOURCES; source++)
		if ((model->fed >> source & 1) && model->tier[source] < weakest)
			weakest = model->tier[source];
	return weakest == NR_EVIDENCE ? EVIDENCE_INFERRED : weakest;
}

size_t model_audits(const struct model *model, const struct audit **audits)
{
	*audits = model->audits;
	return model->nr_audits;
}

bool model_wants_holders(struct model *model, uint64_t patience_ns)
{
	uint32_t id;

	if (model->now_ns - model->asked_ns < (uint64_t)model->conns.count * ASK_NS_A_CONN)
		return false;
	model->asked_ns = model->now_ns;
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		const struct conn *conn = conn_at(model, id);

		if (conn->phase == PHASE_FULL && conn->owner_rank < OWNER_HOLDER &&
		    conn->looks < HOLDER_LOOKS &&
		    model->now_ns - conn->since_ns >= patience_ns << (2 * conn->looks))
			return true;
	}
	return false;
}

bool model_wants_holder(const struct model *model, uint64_t cookie, unsigned int source)
{
	uint32_t id = tracker_find(model, cookie, source);
	const struct conn *conn = id == POOL_NONE ? NULL : conn_at(model, id);

	return conn && conn->phase == PHASE_FULL &&
	       (conn->owner_rank < OWNER_ACTED || conn->ours || !(conn->held || conn->held_more));
}
