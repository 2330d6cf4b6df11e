// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lines above everything: what a user with a problem sees first.
 *
 *   web-1  14:03:22  traced for 1m12s  evidence: fentry            twtrace 1.2% CPU, 24 MB
 *   rates      58.4/s opened, 58.4/s closed, 0.0/s failed; 84 open, 12 CLOSE-WAIT, 70 ESTAB
 *   TIME-WAIT  1,204 now, 1,300 at most  ▁▂▃▅▇█▇▆ over 1m12s
 *   ports      at half, now 61% of 28,232 used, none left in 3m20s: 10.0.0.1 -> 10.0.0.2:80
 *   leaks      LEAK (and 2 more) shop: 1,204 sockets in CLOSE-WAIT on port 8080, from 10.0.0.5
 *   losses     none; audit: 2 namespaces agree with the kernel
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "screen/spark.h"
#include "screen/state.h"
#include "sink/ranking.h"
#include "sink/summary.h"
#include "sink/top_columns.h"

#define LABEL_WIDTH 11
#define LEAST_SPARK 8
#define LINE_LEN 1280
#define NS_PER_SECOND 1000000000ULL

/* Text after text in one line. */
struct pen {
	struct frame *frame;
	unsigned int row, column;
};

struct scene {
	struct view *view;
	const struct model *model;
	const struct view_now *now;
};

__attribute__((format(printf, 3, 4))) static void put(struct pen *pen, enum style style,
						      const char *format, ...)
{
	char text[LINE_LEN];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pen->column += frame_put(pen->frame, pen->row, pen->column, pen->frame->width, style, text);
}

static void label(struct pen *pen, const char *text)
{
	put(pen, STYLE_DIM, "%s", text);
	pen->column = LABEL_WIDTH;
}

static void draw_state(struct pen *pen, const struct scene *scene)
{
	const struct view_now *now = scene->now;

	if (scene->view->site.replay)
		put(pen, STYLE_STRONG, now->paused ? "  PAUSED" : "  %.4gx", now->speed);
	if (scene->view->frozen)
		put(pen, STYLE_WARN, "  FROZEN");
}

static void cost_text(const struct cost *cost, char *text, size_t size)
{
	unsigned int tenths = isnan(cost->share) ? 0 : (unsigned int)(cost->share * 1000 + 0.5);
	char memory[TEXT_LEN] = "-", share[TEXT_LEN] = "-";

	if (!isnan(cost->share))
		snprintf(share, sizeof(share), "%u.%u%%", tenths / 10, tenths % 10);
	if (cost->self.resident_bytes)
		snprintf(memory, sizeof(memory), "%u MB",
			 (unsigned int)((cost->self.resident_bytes + (1 << 19)) >> 20));
	snprintf(text, size, "twtrace %s CPU, %s", share, memory);
}

static void draw_title(struct pen *pen, const struct scene *scene)
{
	const struct model *model = scene->model;
	const struct site *site = &scene->view->site;
	uint64_t ready_ns = model_ready_ns(model), now_ns = model_now_ns(model);
	char text[TIME_TEXT_LEN], cost[3 * TEXT_LEN];
	unsigned int width = pen->frame->width;
	const char *own;

	put(pen, STYLE_STRONG, "%s", site->opts.host ? site->opts.host : "unknown host");
	if (now_ns)
		put(pen, STYLE_PLAIN, "  %s", site_clock(site, now_ns, text));
	draw_state(pen, scene);
	if (ready_ns && now_ns > ready_ns)
		put(pen, STYLE_PLAIN, "  traced for %s", text_duration(now_ns - ready_ns, text));
	if (site->opts.filtered)
		put(pen, STYLE_PLAIN, "  filtered");
	put(pen, STYLE_DIM, "  evidence: %s", evidence_name(model_evidence(model)));
	cost_text(&scene->view->cost, cost, sizeof(cost));
	own = pen->column + 2 + strlen(cost) <= width ? cost : cost + strlen("twtrace ");
	if (pen->column + 2 + strlen(own) <= width)
		frame_put_right(pen->frame, pen->row, 0, width, STYLE_DIM, own);
}

/* Over the last interval; where there is no history of it, over the running one. */
static double rate_of(const struct model *model, enum field field)
{
	size_t count = model_history(model);
	struct span span = span_interval(model);
	double rate = NAN;

	for (unsigned int at = 0; count > 1 && at < NR_HISTORY_FIELDS; at++) {
		const struct history_point *last = model_history_at(model, count - 1);
		const struct history_point *before = model_history_at(model, count - 2);

		if (history_field(at) == field)
			return (double)(last->count[at] - before->count[at]) * NS_PER_SECOND /
			       (double)(last->ts_ns - before->ts_ns);
	}
	return span_rate(&span, model_totals(model), field, &rate) ? rate : NAN;
}

static const char *rate_text(double rate, char text[static TEXT_LEN])
{
	static const struct top_column column = { .kind = TOP_RATE };

	return top_figure_text(&column, rate, text);
}

static void draw_rates(struct pen *pen, const struct scene *scene)
{
	const struct row *totals = model_totals(scene->model);
	double opened = rate_of(scene->model, FIELD_OPENED);
	double closed = rate_of(scene->model, FIELD_CLOSED);
	double failed = rate_of(scene->model, FIELD_FAILED);
	char text[TEXT_LEN];

	label(pen, "rates");
	if (isnan(opened)) {
		put(pen, STYLE_DIM, "not known yet");
	} else {
		put(pen, STYLE_PLAIN, "%s/s opened", rate_text(opened, text));
		put(pen, STYLE_PLAIN, ", %s/s closed", rate_text(closed, text));
		put(pen, failed > 0 ? STYLE_WARN : STYLE_PLAIN, ", %s/s failed",
		    rate_text(failed, text));
	}
	put(pen, STYLE_PLAIN, "; %s open", text_count(totals->count[FIELD_OPEN], text));
	/* what nobody closes is told before what is in use */
	if (totals->count[FIELD_CLOSE_WAIT])
		put(pen, STYLE_WARN, ", %s CLOSE-WAIT",
		    text_count(totals->count[FIELD_CLOSE_WAIT], text));
	put(pen, STYLE_PLAIN, ", %s ESTAB", text_count(totals->count[FIELD_ESTABLISHED], text));
	if (totals->count[FIELD_FIN_WAIT2])
		put(pen, STYLE_PLAIN, ", %s FIN-WAIT2",
		    text_count(totals->count[FIELD_FIN_WAIT2], text));
}

static void draw_time_wait(struct pen *pen, const struct scene *scene)
{
	const struct row *totals = model_totals(scene->model);
	struct spark spark = spark_of(scene->model, FIELD_TIME_WAIT);
	char number[TEXT_LEN], span[TEXT_LEN], over[2 * TEXT_LEN];
	unsigned int room;

	label(pen, "TIME-WAIT");
	put(pen, STYLE_STRONG, "%s now", text_count(totals->count[FIELD_TIME_WAIT], number));
	put(pen, STYLE_PLAIN, ", %s at most  ", text_count(spark.peak, number));
	snprintf(over, sizeof(over), " over %s", text_duration(spark.span_ns, span));
	room = pen->frame->width - pen->column;
	if (!spark.span_ns || room < strlen(over) + LEAST_SPARK)
		return;
	room -= (unsigned int)strlen(over);
	pen->column += spark_draw(&spark, scene->model, pen->frame, pen->row, pen->column, room);
	put(pen, STYLE_DIM, "%s", over);
}

static const struct {
	const char *words;
	enum style style;
} levels[NR_BUDGET_LEVELS] = {
	[BUDGET_FINE] = { "enough", STYLE_GOOD },
	[BUDGET_NEARING] = { "at half within a minute", STYLE_WARN },
	[BUDGET_HALF] = { "at half", STYLE_WARN },
	[BUDGET_EXHAUSTED] = { "none left", STYLE_BAD },
};

static void draw_budget(struct pen *pen, const struct budget *budget, const char *place)
{
	unsigned int used = budget->capacity ? 100ULL * budget->used / budget->capacity : 100;
	bool outlook = budget->end_ns && budget->end_ns != TIME_UNKNOWN;
	char number[TEXT_LEN];

	if (budget->low || budget->level != BUDGET_FINE)
		put(pen, levels[budget->level].style, "%s", levels[budget->level].words);
	else
		put(pen, STYLE_DIM, "how many there are is not known; %s used at most",
		    text_count(budget->used, number));
	if (budget->level == BUDGET_EXHAUSTED && budget->failures)
		put(pen, STYLE_WARN, " for %s connect()", text_count(budget->failures, number));
	if (budget->low)
		put(pen, STYLE_PLAIN, ", %s%u%% of %s used",
		    budget->level == BUDGET_FINE ? "at most " : "now ", used,
		    text_count(budget->capacity, number));
	if (outlook && budget->level != BUDGET_FINE && !budget_is_unexplained(budget))
		put(pen, STYLE_WARN, ", none left in %s", text_duration(budget->end_ns, number));
	put(pen, STYLE_PLAIN, ": %s", place);
}

static void draw_ports(struct pen *pen, const struct scene *scene)
{
	const struct gist *gist = &scene->view->gist;

	label(pen, "ports");
	if (gist->budgets)
		draw_budget(pen, &gist->budget, gist->place);
	else
		put(pen, STYLE_DIM, "no outgoing connection so far");
}

static void draw_leaks(struct pen *pen, const struct scene *scene)
{
	static const enum style styles[] = {
		[LEVEL_NONE] = STYLE_PLAIN,
		[LEVEL_WATCH] = STYLE_STRONG,
		[LEVEL_SUSPECT] = STYLE_WARN,
		[LEVEL_LEAK] = STYLE_BAD,
	};
	const struct gist *gist = &scene->view->gist;

	label(pen, "leaks");
	if (!gist->verdicts) {
		put(pen, STYLE_DIM, "none so far");
		return;
	}
	put(pen, styles[gist->level], "%s ", leak_level_word(gist->level));
	if (gist->verdicts > 1)
		put(pen, STYLE_DIM, "(and %zu more) ", gist->verdicts - 1);
	put(pen, STYLE_PLAIN, "%s", gist->verdict);
}

static bool something_is_missing(const struct model *model, unsigned int *worst)
{
	*worst = 0;
	for (unsigned int cause = 1; cause < TW_NR_LOSS; cause++)
		if (model_loss(model, cause) > model_loss(model, *worst))
			*worst = cause;
	return model_loss(model, *worst);
}

static size_t disagreements(const struct audit *audits, size_t count)
{
	size_t differ = 0;

	for (size_t i = 0; i < count; i++) {
		bool differs = false;

		for (unsigned int kind = 0; kind < NR_AUDIT_KINDS; kind++)
			differs |= audit_late(&audits[i].figures[kind]) != 0;
		differ += differs;
	}
	return differ;
}

static void draw_audit(struct pen *pen, const struct model *model)
{
	const struct audit *audits;
	size_t count = model_audits(model, &audits), differ = disagreements(audits, count);

	if (differ)
		put(pen, STYLE_WARN, "; audit: %zu of %zu namespaces differ%s from the kernel",
		    differ, count, differ == 1 ? "s" : "");
	else if (count)
		put(pen, STYLE_DIM, "; audit: %zu namespace%s with the kernel", count,
		    count == 1 ? " agrees" : "s agree");
}

static void draw_losses(struct pen *pen, const struct scene *scene)
{
	const struct model *model = scene->model;
	const char *separator = "";
	char number[TEXT_LEN];
	unsigned int worst;

	label(pen, "losses");
	if (!something_is_missing(model, &worst))
		put(pen, STYLE_DIM, "none");
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++) {
		/* what was told in sum or not printed is in every count */
		bool counted = cause == TW_LOSS_SPILLED || cause == TW_LOSS_OUTPUT_FULL;

		if (!model_loss(model, cause))
			continue;
		put(pen, counted ? STYLE_WARN : STYLE_BAD, "%s%s %s", separator,
		    text_count(model_loss(model, cause), number), loss_cause_name(cause));
		separator = ", ";
	}
	draw_audit(pen, model);
	if (model_loss(model, worst))
		put(pen, STYLE_PLAIN, "; %s: %s", loss_cause_name(worst), loss_explanation(worst));
}

static void draw_progress(struct pen *pen, const struct scene *scene)
{
	uint64_t from_ns = scene->now->from_ns, to_ns = scene->now->to_ns;
	uint64_t now_ns = model_now_ns(scene->model);
	uint64_t at_ns = now_ns > from_ns ? now_ns - from_ns : 0, all_ns = to_ns - from_ns;
	char at[TEXT_LEN], all[TEXT_LEN], text[3 * TEXT_LEN];
	unsigned int width, done;

	label(pen, "recording");
	if (to_ns <= from_ns)
		return;
	at_ns = at_ns > all_ns ? all_ns : at_ns;
	snprintf(text, sizeof(text), " %s of %s", text_duration(at_ns, at),
		 text_duration(all_ns, all));
	width = pen->frame->width - pen->column - (unsigned int)strlen(text);
	done = (unsigned int)((double)at_ns * width / (double)all_ns);
	for (unsigned int i = 0; i < width; i++)
		put(pen, i < done ? STYLE_GRAPH : STYLE_DIM, "%s", i < done ? "█" : "░");
	put(pen, STYLE_PLAIN, "%s", text);
}

static bool is_replay(const struct scene *scene)
{
	return scene->view->site.replay;
}

static bool ports_are_short(const struct scene *scene)
{
	return scene->view->gist.budgets && scene->view->gist.budget.level != BUDGET_FINE;
}

static bool something_leaks(const struct scene *scene)
{
	return scene->view->gist.verdicts;
}

static bool something_is_lost(const struct scene *scene)
{
	const struct audit *audits;
	size_t count = model_audits(scene->model, &audits);
	unsigned int worst;

	return something_is_missing(scene->model, &worst) || disagreements(audits, count);
}

/* Where there is no room for all, those that have something to say stay, then the first ranks. */
static const struct {
	void (*draw)(struct pen *pen, const struct scene *scene);
	bool (*speaks)(const struct scene *scene);	/* NULL: no more than usual */
	bool (*is_there)(const struct scene *scene);	/* NULL: always */
	unsigned int rank;
} lines[] = {
	{ draw_title, NULL, NULL, 0 },
	{ draw_rates, NULL, NULL, 2 },
	{ draw_time_wait, NULL, NULL, 1 },
	{ draw_ports, ports_are_short, NULL, 3 },
	{ draw_leaks, something_leaks, NULL, 4 },
	{ draw_losses, something_is_lost, NULL, 6 },
	{ draw_progress, NULL, is_replay, 5 },
};

#define NR_LINES (sizeof(lines) / sizeof(lines[0]))
/* What speaks up goes before all but the title and TIME-WAIT. */
#define LOUD 2

static unsigned int rank_of(size_t line, const struct scene *scene)
{
	if (lines[line].is_there && !lines[line].is_there(scene))
		return UINT8_MAX;
	if (lines[line].speaks && lines[line].speaks(scene))
		return LOUD + lines[line].rank;
	return lines[line].rank < LOUD ? lines[line].rank : lines[line].rank + NR_LINES + LOUD;
}

unsigned int draw_header(struct view *view, const struct model *model, const struct view_now *now,
			 struct frame *frame, unsigned int height)
{
	struct scene scene = { .view = view, .model = model, .now = now };
	unsigned int rank[NR_LINES], drawn = 0;

	gist_refresh(&view->gist, &view->site, model, site_period_ns(&view->site, 0));
	/* two thirds are the page, at least */
	height = height > frame->height / 3 ? frame->height / 3 : height;
	for (size_t i = 0; i < NR_LINES; i++)
		rank[i] = rank_of(i, &scene);
	for (size_t i = 0; i < NR_LINES; i++) {
		struct pen pen = { .frame = frame, .row = drawn };
		unsigned int before = 0;

		for (size_t j = 0; j < NR_LINES; j++)
			before += rank[j] < rank[i];
		if (rank[i] == UINT8_MAX || before >= height)
			continue;
		lines[i].draw(&pen, &scene);
		drawn++;
	}
	return drawn;
}
