// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From what a class and its members show to a verdict: a table of kinds, and for each what
 * makes it a leak, a suspect or worth watching. docs/leaks.md says it in words.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/signs.h"

#define SECOND_NS 1000000000ULL
#define MINUTE_NS (60 * SECOND_NS)
/* A trend is one from this confidence on. */
#define SURE 0.95
/* Of what came, so many have stayed. */
#define STAYED 0.9
/* A pool may take so long to fill. */
#define FILLING_NS (50 * SECOND_NS)

bool signs_grow(const struct signs *signs, uint64_t span_ns)
{
	const struct trend *trend = &signs->trend;

	return trend->span_ns >= span_ns && trend->growing && trend->confidence >= SURE &&
	       signs->members->stayed >= 3 && signs->stayed >= STAYED;
}

bool signs_stand_still(const struct signs *signs)
{
	return signs->first && signs->members->before >= STAYED * signs->first;
}

/* CLOSE_WAIT, FIN_WAIT2, CLOSE: the program has nothing left to wait for, or nearly so. */
static enum leak_level level_held(const struct signs *signs)
{
	const struct members *members = signs->members;

	if (members->old >= 5 && signs_grow(signs, 15 * SECOND_NS))
		return LEVEL_LEAK;
	if (members->old >= 10 && signs->p50_ns >= MINUTE_NS && signs_stand_still(signs))
		return LEVEL_LEAK;
	if (members->old >= 10 && (signs->p50_ns >= MINUTE_NS / 2 || signs->trend.growing))
		return LEVEL_SUSPECT;
	return members->old >= 3 ? LEVEL_WATCH : LEVEL_NONE;
}

/*
 * The same, and where nothing was seen of their end: nobody knows when that was, but sockets in
 * CLOSE that have been idle for a minute, and stay, are of no use to anybody.
 */
static enum leak_level level_closed(const struct signs *signs)
{
	const struct members *members = signs->members;
	enum leak_level level = level_held(signs);

	if (level != LEVEL_NONE || members->before < 5 || !signs_stand_still(signs) ||
	    signs->trend.span_ns < 2 * SECOND_NS)
		return level;
	return histogram_quantile(&members->idle, 100) >= MINUTE_NS ? LEVEL_SUSPECT : LEVEL_WATCH;
}

/* The minisock of our close(): its remote is to blame, unless that is here and judged itself. */
static enum leak_level level_orphan(const struct signs *signs)
{
	const struct members *members = signs->members;

	if (members->old < 3)
		return LEVEL_NONE;
	if (members->other != POOL_NONE)
		return LEVEL_WATCH;
	if (members->old >= 5 &&
	    (signs_grow(signs, 15 * SECOND_NS) || signs->class->orphans_expired >= 5))
		return LEVEL_LEAK;
	return members->old >= 5 ? LEVEL_SUSPECT : LEVEL_WATCH;
}

static enum leak_level level_established(const struct signs *signs)
{
	bool client = signs->class->key.role == ROLE_CLIENT;

	if (!signs_grow(signs, 30 * SECOND_NS) || signs->quiet < 0 || signs->quiet < STAYED)
		return LEVEL_NONE;
	/* a process for each connection: these pile up, not descriptors. And who accepts can't
	 * be blamed for who connects, least of all where that is here and judged itself */
	if (signs->most < 5 || (!client && signs->members->other != POOL_NONE))
		return LEVEL_WATCH;
	/* a pool that fills slowly looks like it until it is full */
	if (!client || signs->trend.span_ns < FILLING_NS || signs->members->count < 10)
		return LEVEL_SUSPECT;
	return LEVEL_LEAK;
}

static enum leak_level level_syn_sent(const struct signs *signs)
{
	const struct members *members = signs->members;
	const struct series *opened = &signs->class->of[SAMPLED_OPENED];
	bool answered = opened->count && signs->class->now[SAMPLED_OPENED] > opened->point[0];

	if (members->waited < 3)
		return LEVEL_NONE;
	/* whoever doesn't accept is at fault, and judged itself */
	if (members->queue || answered)
		return LEVEL_WATCH;
	if (members->old >= 5 && signs_grow(signs, 15 * SECOND_NS))
		return LEVEL_LEAK;
	return members->old >= 5 ? LEVEL_SUSPECT : LEVEL_WATCH;
}

static const struct kind_rule {
	enum sampled what;
	uint32_t least;		/* sockets that give cause to look at them */
	bool rising;		/* and only where their number rises */
	enum leak_level (*level)(const struct signs *signs);
} rules[NR_LEAK_KINDS] = {
	[LEAK_CLOSE_WAIT] = { SAMPLED_CLOSE_WAIT, 3, false, level_held },
	[LEAK_ESTABLISHED_GROWTH] = { SAMPLED_ESTABLISHED, 5, true, level_established },
	[LEAK_FIN_WAIT2_HELD] = { SAMPLED_FIN_WAIT2, 3, false, level_held },
	[LEAK_FIN_WAIT2_ORPHAN] = { SAMPLED_ORPHANS, 3, false, level_orphan },
	[LEAK_CLOSED_HELD] = { SAMPLED_CLOSED, 3, false, level_closed },
	[LEAK_SYN_SENT] = { SAMPLED_SYN_SENT, 3, false, level_syn_sent },
};

/* Sockets of this kind are there, and more than pass by. */
static bool gives_cause(const struct leak_class *class, const struct kind_rule *rule)
{
	if (!rule->level || class->now[rule->what] < rule->least)
		return false;
	/* a site of one pair is that pair */
	if (class->site == POOL_NONE && class->pairs == 1 && rule->what != SAMPLED_CLOSED)
		return false;
	return !rule->rising || series_grows(&class->of[rule->what]);
}

/* The point that all who came before it have had time to go since. */
static uint32_t ref_of(const struct series *series)
{
	return series->count * 2 / 3;
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
			const struct series *series = &class->of[rules[kind].what];

			if (!gives_cause(class, &rules[kind]))
				continue;
			if (*count == room) {
				room = room ? 2 * room : 16;
				grown = realloc(chosen, room * sizeof(*grown));
				if (!grown)
					return chosen;
				chosen = grown;
			}
			chosen[(*count)++] = (struct members){
				.class = id,
				.what = rules[kind].what,
				.start_ns = series_time(series, 0),
				.ref_ns = series_time(series, ref_of(series)),
				.other = POOL_NONE,
			};
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

static struct signs weigh(const struct leaks *leaks, const struct members *members)
{
	const struct leak_class *class = leaks_class_at(leaks, members->class);
	const struct series *series = &class->of[members->what];
	uint32_t then = series->count ? series->point[ref_of(series)] : 0;
	struct signs signs = {
		.class = class,
		.members = members,
		.trend = series_trend(series),
		.first = series->count ? series->point[0] : 0,
		.quiet = members->known ? (double)members->quiet / members->known : -1,
		.p50_ns = histogram_quantile(&members->ages, 500),
		.most = most_of(members),
	};

	signs.grown = then > signs.first ? then - signs.first : 0;
	if (signs.grown)
		signs.stayed = fmin(1, (double)members->stayed / signs.grown);
	return signs;
}

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
	const struct series *series = &class->of[SAMPLED_OPENED];
	struct trend opened;
	uint32_t ports = leaks->port_high - leaks->port_low;
	const struct histogram *lifetime;
	double per_s, one_segment;
	uint32_t row;

	if (class->key.role != ROLE_CLIENT || class->site == POOL_NONE || class->ended < 50 ||
	    !series_grows(series))
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

/* At every dump since then there was no room in it. */
static bool judge_queue(struct model *model, const struct queue *queue, struct verdict *verdict)
{
	uint64_t full_ns = queue->ts_ns - queue->full_ns;

	*verdict = (struct verdict){
		.level = queue->looks >= 3 && full_ns >= 10 * SECOND_NS ? LEVEL_LEAK :
			 queue->looks >= 2 && full_ns >= 3 * SECOND_NS	? LEVEL_SUSPECT :
									  LEVEL_NONE,
		.kind = LEAK_ACCEPT_QUEUE,
		.count = queue->waiting,
		.limit = queue->backlog,
		.confidence = 1 - exp(-(double)queue->looks / 3),
		.watched_ns = full_ns,
		.since_ns = queue->full_ns,
		.at_least = true,
		.quiet_percent = -1,
		.one_segment_percent = -1,
	};
	if (verdict->level == LEVEL_NONE)
		return false;
	verdict_place(model, verdict, &queue->key, 0);
	verdict_holder(model, verdict, queue->owner, 1);
	return true;
}

/* A verdict that is being made, and the class it is on. */
struct draft {
	struct verdict verdict;
	uint32_t class, site;
};

struct drafts {
	struct draft *items;	/* owned */
	size_t count, room;
};

static void put(struct drafts *drafts, const struct verdict *verdict, uint32_t class, uint32_t site)
{
	struct draft *grown;

	if (verdict->level == LEVEL_NONE)
		return;
	if (drafts->count == drafts->room) {
		size_t room = drafts->room ? 2 * drafts->room : 16;

		grown = realloc(drafts->items, room * sizeof(*grown));
		if (!grown)
			return;
		drafts->items = grown;
		drafts->room = room;
	}
	drafts->items[drafts->count++] = (struct draft){ *verdict, class, site };
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
		struct signs signs = weigh(leaks, &members[i]);
		struct verdict verdict = { 0 };

		for (unsigned int kind = 0; kind < NR_LEAK_KINDS; kind++)
			if (rules[kind].level && rules[kind].what == members[i].what) {
				verdict.kind = kind;
				verdict.level = rules[kind].level(&signs);
			}
		if (members[i].what == SAMPLED_ESTABLISHED)
			model->leaks->wants_ages = true;
		if (verdict.level == LEVEL_NONE)
			continue;
		verdict_fill(model, &verdict, &signs, &members[i]);
		put(drafts, &verdict, members[i].class, signs.class->site);
	}
	members_release(members, count);
}

static void judge_queues(struct model *model, struct drafts *drafts)
{
	struct leaks *leaks = model->leaks;
	struct verdict verdict;
	uint32_t id;

	queues_forget(model);
	for (id = pool_next(&leaks->queues, 0); id != POOL_NONE;
	     id = pool_next(&leaks->queues, id + 1))
		if (judge_queue(model, pool_at(&leaks->queues, id), &verdict))
			put(drafts, &verdict, POOL_NONE, POOL_NONE);
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

static void judge_churns(struct model *model, struct drafts *drafts)
{
	const struct leaks *leaks = model->leaks;
	size_t before = drafts->count;
	struct verdict verdict;
	uint32_t id;

	for (id = pool_next(&leaks->classes, 0); id != POOL_NONE;
	     id = pool_next(&leaks->classes, id + 1))
		if (judge_churn(model, leaks_class_at(leaks, id), &verdict))
			put(drafts, &verdict, id, leaks_class_at(leaks, id)->site);
	if (drafts->count > before)
		find_churners(model, drafts->items + before, drafts->count - before);
}

/* Past so many remote hosts it is one thing, and its remotes are many. */
#define APART 3

/* Either its pairs are told one by one, or the site that they are part of. */
static void merge(struct drafts *drafts, size_t at)
{
	const struct draft *site = &drafts->items[at];
	enum leak_level level = site->verdict.level;
	size_t pairs = 0;

	for (size_t i = 0; i < drafts->count; i++)
		pairs += drafts->items[i].site == site->class &&
			 drafts->items[i].verdict.kind == site->verdict.kind &&
			 drafts->items[i].verdict.level >= level;
	for (size_t i = 0; (pairs == 0 || pairs > APART) && i < drafts->count; i++)
		if (drafts->items[i].site == site->class &&
		    drafts->items[i].verdict.kind == site->verdict.kind)
			drafts->items[i].verdict.level = LEVEL_NONE;
	if (pairs && pairs <= APART)
		drafts->items[at].verdict.level = LEVEL_NONE;
}

static int worst_first(const void *left, const void *right)
{
	const struct verdict *a = left, *b = right;

	if (a->level != b->level)
		return a->level < b->level ? 1 : -1;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->local_port != b->local_port)
		return a->local_port < b->local_port ? -1 : 1;
	return memcmp(a->remote_addr, b->remote_addr, sizeof(a->remote_addr));
}

static void publish(struct leaks *leaks, struct drafts *drafts)
{
	struct verdict *verdicts = calloc(drafts->count + 1, sizeof(*verdicts));

	if (!verdicts)
		return;
	free(leaks->verdicts);
	leaks->verdicts = verdicts;
	leaks->nr_verdicts = 0;
	for (size_t i = 0; i < drafts->count; i++) {
		struct verdict *verdict = &verdicts[leaks->nr_verdicts];

		if (drafts->items[i].verdict.level == LEVEL_NONE)
			continue;
		*verdict = drafts->items[i].verdict;
		verdict->advice = verdict_advice(verdict);
		leaks->nr_verdicts++;
	}
	qsort(verdicts, leaks->nr_verdicts, sizeof(*verdicts), worst_first);
}

void model_judge(struct model *model)
{
	struct leaks *leaks = model->leaks;
	struct drafts drafts = { 0 };

	if (!leaks)
		return;
	leaks->looked_ns = model->now_ns;
	leaks->nr_wanted = 0;
	leaks->wants_ages = false;
	judge_members(model, &drafts);
	judge_queues(model, &drafts);
	judge_churns(model, &drafts);
	for (size_t i = 0; i < drafts.count; i++)
		if (drafts.items[i].class != POOL_NONE && drafts.items[i].site == POOL_NONE)
			merge(&drafts, i);
	publish(leaks, &drafts);
	free(drafts.items);
}

size_t model_verdicts(const struct model *model, const struct verdict **verdicts)
{
	*verdicts = model->leaks ? model->leaks->verdicts : NULL;
	return model->leaks ? model->leaks->nr_verdicts : 0;
}
