// SPDX-License-Identifier: GPL-2.0-or-later
/* Budgets as they are now: one walk over the connections, then each budget by itself. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "model/budget_tally.h"
#include "model/budgets.h"
#include "model/forecast.h"

#define SECOND_NS 1000000000ULL
/* A warning that leaves time for something. */
#define NEARING_NS (60 * SECOND_NS)
/* TCP_TIMEWAIT_LEN, and what the timer wheel adds at HZ=250: 0 to 2.05 s (kernel/time/timer.c) */
#define USUAL_MINISOCK_S 61.25

/* How long lives were on the mean; NAN: none was seen. */
static double mean_s(const struct lives *lives)
{
	return lives->count ? lives->ns / 1e9 / lives->count : NAN;
}

static double minisock_s(const struct budgets *budgets, const struct budget_row *row)
{
	double measured = mean_s(row->minisock.count ? &row->minisock : &budgets->minisock);

	return isnan(measured) ? USUAL_MINISOCK_S : measured;
}

/* The share of connections whose port stays taken after their end; all, as far as is known. */
static double stay_of(const struct budget_row *row)
{
	return row->full.count ? (double)row->left_minisock / row->full.count : 1;
}

/*
 * Of the minisocks, those that stay in FIN_WAIT2, the peer never closing: connect() takes over
 * none of them (tcp_twsk_unique()). What has ended counts too: of those that are there now, the
 * ones in TIME_WAIT get fewer where they are taken over.
 */
static double fin_wait2_of(const struct budget_row *row, const struct tally *tally)
{
	uint64_t fin_wait2 = row->ended_fin_wait2 + tally->fin_wait2;
	uint64_t all = fin_wait2 + row->ended_time_wait + tally->time_wait;

	return all ? (double)fin_wait2 / all : 0;
}

/* What of the span connect() may choose, for whatever destination. */
static void fill_capacity(const struct port_settings *settings, const struct tally *tally,
			  struct budget *budget)
{
	const struct port_set *reserved = settings ? settings->reserved : NULL;
	const struct port_span *span = &tally->span;
	uint16_t last = span->low + span->count - 1;
	uint32_t bound = 0;

	budget->low = span->low;
	budget->high = span->high;
	budget->reserved_known = settings && settings->reserved_known;
	budget->reserved = port_set_count(reserved, NULL, span->low, last);
	if (tally->ports) {
		budget->blocked = port_set_count(&tally->ports->blocked, reserved, span->low, last);
		bound = port_set_count(&tally->ports->bound, reserved, span->low, last);
	}
	/* what is bound and connected to this very destination is used by it */
	budget->blocked -= tally->bound < budget->blocked ? tally->bound : budget->blocked;
	budget->blocked_by_bind = bound > tally->bound;
	budget->capacity = span->count - budget->reserved - budget->blocked;
}

static uint32_t sum_of_states(const struct budget *budget)
{
	return budget->established + budget->time_wait + budget->fin_wait2 + budget->other;
}

static void fill_ports(struct budgets *budgets, const struct budget_row *row,
		       const struct tally *tally, struct budget *budget)
{
	budget->own_range = row->key.own_range != 0;
	budget->established = tally->established;
	budget->time_wait = tally->time_wait;
	budget->fin_wait2 = tally->fin_wait2;
	budget->other = tally->other + tally->connecting;
	budget->bound = tally->bound;
	if (tally->ranged) {
		fill_capacity(port_settings_of(&budgets->settings, row->key.netns_cookie,
					       row->key.source),
			      tally, budget);
		/* a connect() that still looks for its port has none */
		if (sum_of_states(budget) > budget->capacity)
			budget->other -= tally->connecting;
	}
	budget->used = sum_of_states(budget);
}

static void set_level(const struct model *model, struct budget_row *row, const struct tally *tally,
		      struct budget *budget)
{
	uint32_t peak = budget_peak_late(row, model->now_ns);
	uint32_t hard = tally->reusable ? budget->used - budget->time_wait : peak;

	budget->peak = row->peak;
	budget->reusable = tally->reusable;
	budget->level = budget->half_ns <= NEARING_NS ? BUDGET_NEARING : BUDGET_FINE;
	if (budget->low && 2 * (uint64_t)peak >= budget->capacity)
		budget->level = BUDGET_HALF;
	/* what may be taken over is not the end; all else that is used now is */
	if (budget_failures_late(row, model->now_ns) || (budget->low && hard >= budget->capacity))
		budget->level = BUDGET_EXHAUSTED;
}

static uint64_t until(double seconds)
{
	if (!isfinite(seconds) || seconds > 1e9)
		return TIME_UNKNOWN;
	return seconds * SECOND_NS;
}

static void look_ahead(const struct model *model, const struct budget_row *row,
		       const struct tally *tally, struct budget *budget)
{
	double stay = stay_of(row), life = mean_s(&row->full);
	double stays_s = minisock_s(model->budgets, row), holds_s;
	struct forecast forecast = {
		.per_s = budget->per_s,
		.used = budget->used,
		.lifetime_s = life,
		.stay = stay,
		.minisock_s = tally->reusable ? tally->reuse_s : stays_s,
		.slow = tally->reusable ? fin_wait2_of(row, tally) : 0,
		.slow_s = stays_s,
	};
	double full = budget->used - budget->time_wait - budget->fin_wait2;

	holds_s = (isnan(life) ? 0 : life) +
		  stay * ((1 - forecast.slow) * forecast.minisock_s + forecast.slow * stays_s);
	budget->hold_ns = ((isnan(life) ? 0 : life) + stay * stays_s) * SECOND_NS;
	budget->hold_measured = row->full.count && (!row->left_minisock || row->minisock.count ||
						    model->budgets->minisock.count);
	budget->sustainable_per_s = NAN;
	budget->half_ns = budget->end_ns = TIME_UNKNOWN;
	if (!budget->low)
		return;
	if (holds_s > 0)
		budget->sustainable_per_s = budget->capacity / holds_s;
	if (!isnan(life) && !isnan(budget->per_s))
		forecast.turning_over = fmin(full, budget->per_s * life);
	memcpy(forecast.ends, tally->ends, sizeof(forecast.ends));
	budget->half_ns = until(forecast_reach(&forecast, budget->capacity / 2.0));
	budget->end_ns = until(forecast_reach(&forecast, budget->capacity));
}

static void fill_in(const struct model *model, struct budget_row *row, const struct tally *tally,
		    struct budget *budget)
{
	*budget = (struct budget){
		.netns_cookie = row->key.netns_cookie,
		.netns_ino = row->netns_ino,
		.source = row->key.source,
		.netns_name = tracker_netns_name(model, row->key.netns_cookie, row->key.source),
		.remote_port = row->key.remote_port,
		.opened = row->opened,
		.failures = row->failures,
		.per_s = budget_rate(row, model->now_ns),
		.search = row->search,
		.search_late = *budget_search_late(row, model->now_ns),
	};
	memcpy(budget->local_addr, row->key.local_addr, 16);
	memcpy(budget->remote_addr, row->key.remote_addr, 16);
	fill_ports(model->budgets, row, tally, budget);
	budget_note_used(row, model->now_ns, budget->used);
	look_ahead(model, row, tally, budget);
	set_level(model, row, tally, budget);
	if (!tally->most)
		return;
	budget->service = services_name(model->services, tally->service);
	budget->service_used = tally->most;
	budget->pid = owners_at(&model->owners, tally->owner)->pid;
	budget->comm = tally->comm;
}

static double share_of(const struct budget *budget)
{
	return budget->capacity ? (double)budget->used / budget->capacity : 0;
}

static int compare(const void *left, const void *right)
{
	const struct budget *one = left, *other = right;
	double share = share_of(other) - share_of(one);

	if (one->level != other->level)
		return (int)other->level - (int)one->level;
	if (share != 0)
		return share < 0 ? -1 : 1;
	if (one->failures != other->failures)
		return one->failures < other->failures ? 1 : -1;
	if (one->used != other->used)
		return one->used < other->used ? 1 : -1;
	if (one->opened != other->opened)
		return one->opened < other->opened ? 1 : -1;
	/* any order, but always the same */
	if (memcmp(one->remote_addr, other->remote_addr, 16))
		return memcmp(one->remote_addr, other->remote_addr, 16);
	if (one->remote_port != other->remote_port)
		return one->remote_port - other->remote_port;
	return memcmp(one->local_addr, other->local_addr, 16);
}

static int make_room(struct budgets *budgets)
{
	size_t room = budgets->rows.count;
	struct budget *grown;

	if (room <= budgets->room_shown)
		return 0;
	grown = realloc(budgets->shown, room * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	budgets->shown = grown;
	budgets->room_shown = room;
	return 0;
}

size_t model_budgets(const struct model *model, const struct budget **result)
{
	struct budgets *budgets = model->budgets;
	const struct tally *tallies;
	uint32_t id;

	*result = NULL;
	/* nothing here sets it but what runs out of memory */
	errno = 0;
	if (!budgets || !budgets->rows.count)
		return 0;
	tallies = make_room(budgets) ? NULL : budgets_tally(model);
	if (!tallies)
		return 0;
	budgets->nr_shown = 0;
	for (id = pool_next(&budgets->rows, 0); id != POOL_NONE;
	     id = pool_next(&budgets->rows, id + 1)) {
		struct budget_row *row = budget_at(budgets, id);

		if (row->conns || row->opened)
			fill_in(model, row, &tallies[id], &budgets->shown[budgets->nr_shown++]);
	}
	qsort(budgets->shown, budgets->nr_shown, sizeof(*budgets->shown), compare);
	*result = budgets->nr_shown ? budgets->shown : NULL;
	return budgets->nr_shown;
}

uint64_t model_budgets_left_out(const struct model *model)
{
	return model->budgets ? model->budgets->left_out : 0;
}
