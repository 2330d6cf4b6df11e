// SPDX-License-Identifier: GPL-2.0-or-later
/* From classes that give cause, by their members, to verdicts. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "model/drafts.h"
#include "model/signs.h"

/* Sockets of this kind are there, and more than pass by. */
static bool gives_cause(const struct leak_class *class, const struct kind_rule *rule)
{
	if (!rule->level || class->now[rule->what] < rule->least)
		return false;
	/* a site of one pair is that pair */
	if (class->site == POOL_NONE && class->rows == 1 && rule->what != SAMPLED_CLOSED)
		return false;
	return !rule->rising || series_grows(&class->of[SPAN_ALL][rule->what]) ||
	       series_grows(&class->of[SPAN_RECENT][rule->what]);
}

/* The point that all who came before it have had time to go since. */
static uint32_t ref_of(const struct series *series)
{
	return series->count * 2 / 3;
}

static struct members members_of(const struct leak_class *class, uint32_t id, enum sampled what)
{
	struct members members = { .class = id, .what = what, .other = POOL_NONE };

	for (unsigned int span = 0; span < NR_SPANS; span++) {
		const struct series *series = &class->of[span][what];

		if (!series->count)
			continue;
		members.spans[span].start_ns = series_time(series, 0);
		members.spans[span].ref_ns = series_time(series, ref_of(series));
	}
	return members;
}

static struct members *choose(struct model *model, size_t *count)
{
	const struct leaks *leaks = model->leaks;
	struct members *chosen = NULL, *grown;
	size_t room = 0;

	*count = 0;
	for (uint32_t id = pool_next(&leaks->classes, 0); id != POOL_NONE;
	     id = pool_next(&leaks->classes, id + 1)) {
		const struct leak_class *class = leaks_class_at(leaks, id);

		for (unsigned int kind = 0; kind < NR_LEAK_KINDS; kind++) {
			if (!gives_cause(class, &kind_rules[kind]))
				continue;
			if (*count == room) {
				room = room ? 2 * room : 16;
				grown = realloc(chosen, room * sizeof(*grown));
				if (!grown)
					return chosen;
				chosen = grown;
			}
			chosen[(*count)++] = members_of(class, id, kind_rules[kind].what);
		}
	}
	return chosen;
}

static uint32_t most_of(const struct members *members)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < members->nr_owners; i++)
		if (members->owners[i].count > most)
			most = members->owners[i].count;
	return most;
}

static struct signs weigh(const struct leaks *leaks, const struct members *members, enum span over)
{
	const struct leak_class *class = leaks_class_at(leaks, members->class);
	const struct series *series = &class->of[over][members->what];
	const struct member_span *span = &members->spans[over];
	uint32_t then = series->count ? series->point[ref_of(series)] : 0;
	struct signs signs = {
		.class = class,
		.members = members,
		.span = span,
		.trend = series_trend(series),
		.first = series->count ? series->point[0] : 0,
		.quiet = span->known ? (double)span->quiet / span->known : -1,
		.p50_ns = histogram_quantile(&members->ages, 500),
		.most = most_of(members),
		.pairs = class->site == POOL_NONE ? class->pairs[members->what] : 1,
	};

	signs.grown = then > signs.first ? then - signs.first : 0;
	return signs;
}

/* Over all of its time, or over the last minute, whichever looks worse. */
static struct signs judge_kind(const struct leaks *leaks, const struct members *members,
			       struct verdict *verdict)
{
	const struct kind_rule *rule = &kind_rules[verdict->kind];
	struct signs all = weigh(leaks, members, SPAN_ALL);
	struct signs recent = weigh(leaks, members, SPAN_RECENT);
	enum leak_level level = rule->level(&recent);

	verdict->level = rule->level(&all);
	if (level <= verdict->level)
		return all;
	verdict->level = level;
	return recent;
}

static void judge_members(struct model *model, struct drafts *drafts)
{
	const struct leaks *leaks = model->leaks;
	struct members *members;
	size_t count;

	members = choose(model, &count);
	if (members_look(model, members, count))
		count = 0;
	for (size_t i = 0; i < count; i++) {
		struct verdict verdict = { 0 };
		struct signs signs;

		for (unsigned int kind = 0; kind < NR_LEAK_KINDS; kind++)
			if (kind_rules[kind].level && kind_rules[kind].what == members[i].what)
				verdict.kind = kind;
		signs = judge_kind(leaks, &members[i], &verdict);
		if (members[i].what == SAMPLED_ESTABLISHED)
			model->leaks->wants_ages = true;
		if (verdict.level == LEVEL_NONE)
			continue;
		verdict_fill(model, &verdict, &signs, &members[i]);
		/* the other end is judged itself, and of this one nobody knows anything */
		if (verdict.kind == LEAK_FIN_WAIT2_ORPHAN && !verdict.service && verdict.other_here)
			continue;
		drafts_put(drafts, &verdict, members[i].class, signs.class->site);
	}
	members_release(members, count);
}

void model_judge(struct model *model)
{
	struct leaks *leaks = model->leaks;
	struct drafts drafts = { 0 };

	if (!leaks)
		return;
	errno = 0;
	leaks->looked_ns = model->now_ns;
	leaks->nr_wanted = 0;
	leaks->wants_ages = false;
	judge_members(model, &drafts);
	queues_judge(model, &drafts);
	churn_judge(model, &drafts);
	drafts_publish(&drafts, leaks);
	drafts_release(&drafts);
	/* nothing here sets it but what runs out of memory: a verdict may be missing */
	if (errno == ENOMEM)
		model->loss[TW_LOSS_NO_MEMORY]++;
}

struct leaks_unkept model_leaks_unkept(const struct model *model)
{
	const struct leaks *leaks = model->leaks;

	return (struct leaks_unkept){
		.classes = leaks ? leaks->unclassed : 0,
		.closed = leaks ? leaks->closed_unknown : 0,
		.stacks = model->stacks.unkept,
	};
}

size_t model_verdicts(const struct model *model, const struct verdict **verdicts)
{
	*verdicts = model->leaks ? model->leaks->verdicts : NULL;
	return model->leaks ? model->leaks->nr_verdicts : 0;
}
