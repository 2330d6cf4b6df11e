// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of the audit: made with the first dump of a namespace, gone with it. */
#include "model/audit.h"

#include <stdlib.h>

/* @healed: by how much this reconciliation has lowered our figure. */
static void judge_figure(struct audit_figure *figure, uint64_t ours, uint64_t kernel,
			 int64_t healed)
{
	*figure = (struct audit_figure){
		.known = kernel != TW_FIGURE_UNKNOWN,
		.ours = ours,
		.kernel = kernel,
		.drift = (int64_t)(ours - kernel) + healed,
		.error = (int64_t)(ours - kernel),
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
	return &model->audits[model->nr_audits++];
}

void audit_update(struct model *model, const struct netns *netns, const struct tw_snapshot *record,
		  const struct tally *tally)
{
	bool filtered = !filter_is_by_netns(&model->opts.filter) ||
			!filter_is_by_netns(&model->recorded[netns->source]);
	struct audit *audit = audit_of(model, netns);

	if (!audit)
		return;
	*audit = (struct audit){
		.netns_cookie = netns->cookie,
		.netns_ino = netns->ino,
		.source = netns->source,
		.name = netns->name,
		.ts_ns = record->head.ts_ns,
	};
	judge_figure(&audit->time_wait, tally->minisocks,
		     filtered ? TW_FIGURE_UNKNOWN : record->kernel.time_wait,
		     (int64_t)(netns->minisocks_before - netns->minisocks));
	judge_figure(&audit->established, tally->established,
		     filtered ? TW_FIGURE_UNKNOWN : netns->dump_established,
		     (int64_t)(netns->established_before - netns->established));
}

void audit_remove(struct model *model, uint64_t netns_cookie, unsigned int source)
{
	for (size_t i = 0; i < model->nr_audits; i++)
		if (model->audits[i].netns_cookie == netns_cookie &&
		    model->audits[i].source == source)
			model->audits[i] = model->audits[--model->nr_audits];
}
