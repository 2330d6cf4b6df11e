// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of the audit: made with the first dump of a namespace, gone with it. */
#include "model/audit.h"

#include <stdlib.h>

static uint64_t since(uint64_t now, uint64_t base)
{
	return now == TW_FIGURE_UNKNOWN || base == TW_FIGURE_UNKNOWN ? TW_FIGURE_UNKNOWN :
								       now - base;
}

/* TW counts minisocks of more than 4 s, TWKilled the others. */
static uint64_t timed(const struct tw_kernel_figures *now, const struct tw_kernel_figures *base)
{
	uint64_t longer = since(now->tw_created, base->tw_created);
	uint64_t brief = since(now->tw_killed, base->tw_killed);

	return longer == TW_FIGURE_UNKNOWN || brief == TW_FIGURE_UNKNOWN ? TW_FIGURE_UNKNOWN :
									   longer + brief;
}

/* The kernel's figures are of all sockets: under any other filter there is nothing to compare. */
static bool is_filtered(const struct model *model, const struct netns *netns)
{
	return !filter_is_by_netns(&model->opts.filter) ||
	       !filter_is_by_netns(&model->recorded[netns->source]);
}

/* The kernel's side: what the dump listed, sockstat, and the counters since the first dump. */
static struct figures kernel_figures(const struct model *model, const struct netns *netns,
				     const struct tw_snapshot *record)
{
	const struct tw_kernel_figures *now = &record->kernel, *base = &netns->kernel_base;
	struct figures kernel = netns->listed;

	kernel.of[AUDIT_TIME_WAIT] = now->time_wait;
	kernel.of[AUDIT_ENTERED] = record->flags & TW_S_MIB_AT_BIRTH ? timed(now, base) :
								       TW_FIGURE_UNKNOWN;
	kernel.of[AUDIT_EXPIRED] = record->flags & TW_S_MIB_AT_EXPIRY ? timed(now, base) :
									TW_FIGURE_UNKNOWN;
	kernel.of[AUDIT_REFUSED] = since(now->overflow, base->overflow);
	kernel.of[AUDIT_REUSED] = since(now->tw_recycled, base->tw_recycled);
	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS && is_filtered(model, netns); kind++)
		kernel.of[kind] = TW_FIGURE_UNKNOWN;
	return kernel;
}

/*
 * @healed: by how much this reconciliation has lowered our figure. @ours may be below zero
 * where a birth from before the first dump was taken back. A recording may hold any figure: they
 * are subtracted where nothing overflows.
 */
static struct audit_figure judge(int64_t ours, uint64_t kernel, int64_t healed)
{
	uint64_t error = (uint64_t)ours - kernel;

	return (struct audit_figure){
		.known = kernel != TW_FIGURE_UNKNOWN,
		.ours = ours > 0 ? ours : 0,
		.kernel = kernel,
		.drift = (int64_t)(error + (uint64_t)healed),
		.error = (int64_t)error,
	};
}

static struct audit *audit_of(struct model *model, const struct netns *netns)
{
	struct audit *grown;

	for (size_t i = 0; i < model->nr_audits; i++)
		if (model->audits[i].netns_cookie == netns->cookie &&
		    model->audits[i].source == netns->source)
			return &model->audits[i];
	if (model->nr_audits == model->room_audits) {
		size_t room = model->room_audits ? 2 * model->room_audits : 8;

		grown = realloc(model->audits, room * sizeof(*grown));
		if (!grown)
			return NULL;
		model->audits = grown;
		model->room_audits = room;
	}
	model->audits[model->nr_audits] = (struct audit){ 0 };
	return &model->audits[model->nr_audits++];
}

int64_t audit_lead(const struct model *model, const struct netns *netns,
		   const struct tw_snapshot *record, const struct figures *ours,
		   enum audit_kind kind)
{
	uint64_t kernel = kernel_figures(model, netns, record).of[kind];

	return kernel == TW_FIGURE_UNKNOWN ?
		       INT64_MIN :
		       (int64_t)(kernel + netns->base.of[kind] - ours->of[kind]);
}

/* What is as of now has no past; what has been counted since the first dump never forgets. */
static bool is_cumulative(enum audit_kind kind)
{
	return kind >= AUDIT_ENTERED;
}

/* The errors that the last dump has left are those that an hour begins with. */
static void turn_hour(struct netns *netns, const struct audit *last, uint64_t now_ns)
{
	enum lately_turn turned = lately_turn(&netns->lately, now_ns);
	unsigned int now = lately_now(&netns->lately);

	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS && turned != LATELY_SAME; kind++) {
		const struct audit_figure *figure = &last->figures[kind];
		int64_t error = figure->known ? figure->error : figure->settled;

		netns->errors[now][kind] = error;
		if (turned == LATELY_PAUSE)
			netns->errors[!now][kind] = error;
	}
}

void audit_update(struct model *model, struct netns *netns, const struct tw_snapshot *record,
		  const struct figures *ours)
{
	struct figures kernel = kernel_figures(model, netns, record);
	struct audit *audit = audit_of(model, netns);

	if (!audit)
		return;
	turn_hour(netns, audit, record->head.ts_ns);
	*audit = (struct audit){
		.netns_cookie = netns->cookie,
		.netns_ino = netns->ino,
		.source = netns->source,
		.name = netns->name,
		.ts_ns = record->head.ts_ns,
	};
	for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++) {
		audit->figures[kind] =
			judge((int64_t)(ours->of[kind] - netns->base.of[kind]), kernel.of[kind],
			      (int64_t)(netns->before.of[kind] - netns->now.of[kind]));
		if (is_cumulative(kind))
			audit->figures[kind].settled =
				netns->errors[!lately_now(&netns->lately)][kind];
	}
}

void audit_remove(struct model *model, uint64_t netns_cookie, unsigned int source)
{
	for (size_t i = 0; i < model->nr_audits; i++)
		if (model->audits[i].netns_cookie == netns_cookie &&
		    model->audits[i].source == source)
			model->audits[i] = model->audits[--model->nr_audits];
}
