// SPDX-License-Identifier: GPL-2.0-or-later
/* Short-lived connections that a pool would save. */
#include <stdlib.h>

#include "model/drafts.h"
#include "model/port_space.h"
#include "model/signs.h"

#define SECOND_NS 1000000000ULL

/*
 * Short-lived connections to one destination, each for one exchange, again and again. @share:
 * of the ephemeral ports, if each of them waits for a minute.
 */
static enum leak_level level_churn(const struct trend *opened, double per_s, double one_segment,
				   double share)
{
	if (opened->span_ns < 10 * SECOND_NS || !opened->growing || per_s < 5)
		return LEVEL_NONE;
	if (one_segment < 0.8 || share < 0.05)
		return LEVEL_WATCH;
	return share >= 0.1 && opened->span_ns >= 20 * SECOND_NS ? LEVEL_LEAK : LEVEL_SUSPECT;
}

static bool judge_churn(struct model *model, const struct leak_class *class,
			struct verdict *verdict)
{
	const struct leaks *leaks = model->leaks;
	const struct series *series = &class->of[SPAN_RECENT][SAMPLED_OPENED];
	struct trend opened;
	uint32_t ports = leaks->port_low ?
				 port_range_count(leaks->port_low, leaks->port_high, PORT_STEP) :
				 0;
	const struct histogram *lifetime;
	double per_s, one_segment;
	uint32_t row;

	if (class->key.role != ROLE_CLIENT || class->site == POOL_NONE || class->ended < 50 ||
	    !series_grows(series) || class->now[SAMPLED_OPENED] < series->point[0])
		return false;
	row = rows_find(&model->rows[DIM_PAIR], &class->key);
	if (row == POOL_NONE)
		return false;
	lifetime = &rows_at(&model->rows[DIM_PAIR], row)->lifetime;
	opened = series_trend(series);
	if (!lifetime->count || histogram_quantile(lifetime, 500) > SECOND_NS || !opened.span_ns)
		return false;
	per_s = (double)(class->now[SAMPLED_OPENED] - series->point[0]) * 1e9 /
		(double)opened.span_ns;
	one_segment = (double)class->one_segment / (double)class->ended;
	*verdict = (struct verdict){
		.level = level_churn(&opened, per_s, one_segment, ports ? per_s * 60 / ports : 0),
		.kind = LEAK_TIME_WAIT_CHURN,
		.count = class->now[SAMPLED_OPENED],
		.per_minute = per_s * 60,
		.confidence = opened.confidence * one_segment,
		.watched_ns = opened.span_ns,
		.quiet_percent = -1,
		.one_segment_percent = (int)(one_segment * 100),
		.lifetime_p50_ns = histogram_quantile(lifetime, 500),
		.limit = ports,
		.time_wait = rows_at(&model->rows[DIM_PAIR], row)->count[FIELD_TIME_WAIT],
	};
	verdict_place(model, verdict, &class->key, 1);
	return verdict->level != LEVEL_NONE;
}

/* Who opened them, and where in its code: of those that are in TIME_WAIT here now. */
static void find_churners(struct model *model, struct draft *churns, size_t count)
{
	struct members *members = calloc(count + 1, sizeof(*members));

	if (!members)
		return;
	for (size_t i = 0; i < count; i++)
		members[i] = (struct members){ .class = churns[i].class,
					       .what = SAMPLED_TIME_WAIT,
					       .other = POOL_NONE };
	if (!members_look(model, members, count))
		for (size_t i = 0; i < count; i++)
			verdict_opened_by(model, &churns[i].verdict, &members[i]);
	members_release(members, count);
}

void churn_judge(struct model *model, struct drafts *drafts)
{
	const struct leaks *leaks = model->leaks;
	size_t before = drafts->count;
	struct verdict verdict;
	uint32_t id;

	for (id = pool_next(&leaks->classes, 0); id != POOL_NONE;
	     id = pool_next(&leaks->classes, id + 1))
		if (judge_churn(model, leaks_class_at(leaks, id), &verdict))
			drafts_put(drafts, &verdict, id, leaks_class_at(leaks, id)->site);
	if (drafts->count > before)
		find_churners(model, drafts->items + before, drafts->count - before);
}
