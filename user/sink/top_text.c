/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `top` as text: the figures of the host, then tables per service, port, remote
 * host and their combination, then loss and audit. A terminal is drawn anew each
 * interval, cut to its size; elsewhere one block follows another.
 */
#include <stdlib.h>
#include <string.h>

#include "base/stream.h"
#include "sink/common.h"
#include "sink/part.h"
#include "sink/ports.h"
#include "sink/summary.h"
#include "sink/top_table.h"

#define DEFAULT_LIMIT 10
#define LEAST_LIMIT 6
#define CLEAR "\033[H\033[J"

struct top_text {
	struct sink sink;
	bool printed;		/* something stands above already */
};

static struct sink *top_text_open(const struct sink_ops *ops, const struct sink_opts *opts)
{
	struct top_text *top = sink_new(ops, opts, sizeof(*top));

	return top ? &top->sink : NULL;
}

/* One drawing of everything. */
struct frame {
	const struct sink_opts *opts;
	const struct model *model;
	struct span span;
	struct ranking rankings[NR_DIMENSIONS];
	unsigned int tables;	/* how many of them are drawn */
	uint32_t limit;
};

static const enum dimension order[NR_DIMENSIONS] = { DIM_SERVICE, DIM_PORT, DIM_REMOTE, DIM_PAIR };

static void frame_init(struct frame *frame, const struct sink_opts *opts, const struct model *model,
		       struct span span)
{
	unsigned int i;

	*frame = (struct frame){
		.opts = opts,
		.model = model,
		.span = span,
		.tables = NR_DIMENSIONS,
		.limit = opts->limit ? opts->limit : DEFAULT_LIMIT,
	};
	/* Without memory a ranking has no rows: its table says so. */
	for (i = 0; i < NR_DIMENSIONS; i++)
		ranking_init(&frame->rankings[i], model, order[i], RANKING_BY_ACTIVITY, span);
}

static void frame_release(struct frame *frame)
{
	unsigned int i;

	for (i = 0; i < NR_DIMENSIONS; i++)
		ranking_release(&frame->rankings[i]);
}

static void frame_print(const struct frame *frame, FILE *out)
{
	const struct top_table_opts opts = {
		.limit = frame->limit,
		.width = frame->opts->width,
		.bold = frame->opts->terminal,
		.names = frame->opts->names,
		.span = frame->span,
	};
	unsigned int i;

	summary_print_head(frame->model, frame->opts, frame->span, out);
	if (summary_is_empty(frame->model))
		fputs("\nNo TCP connection so far. To see some traffic: twtrace demo\n", out);
	for (i = 0; i < frame->tables; i++)
		top_table_print(frame->model, order[i], &frame->rankings[i], &opts, out);
	failures_print_sum(frame->model, out);
	summary_print_foot(frame->model, frame->opts, out);
}

/* As text, to be freed; NULL when there is no memory. */
static char *frame_draw(const struct frame *frame)
{
	char *text = NULL;
	size_t size;
	FILE *out = stream_memory(&text, &size);

	if (!out)
		return NULL;
	frame_print(frame, out);
	fclose(out);
	return text;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void cut_lines(char *text, size_t lines)
{
	for (; *text && lines; text++)
		lines -= *text == '\n';
	*text = '\0';
}

/*
 * What does not fit gives way: rows of every table down to a few, then the last
 * table, then the end of the text.
 */
static char *frame_draw_screen(struct frame *frame)
{
	size_t height = frame->opts->height ? frame->opts->height - 1 : SIZE_MAX;
	uint32_t limit = frame->limit;
	char *text = frame_draw(frame);

	while (text && count_lines(text) > height &&
	       (frame->limit > LEAST_LIMIT || frame->tables > 1)) {
		free(text);
		if (frame->limit > LEAST_LIMIT) {
			frame->limit--;
		} else {
			frame->tables--;
			frame->limit = limit;
		}
		text = frame_draw(frame);
	}
	if (text)
		cut_lines(text, height);
	return text;
}

static void top_text_interval(struct sink *sink, const struct model *model)
{
	struct top_text *top = (struct top_text *)sink;
	FILE *out = sink->opts.out;
	struct frame frame;
	char *text;

	if (sink->opts.replay || (sink->opts.once && !sink->opts.terminal))
		return;
	frame_init(&frame, &sink->opts, model, span_interval(model));
	if (sink->opts.terminal) {
		text = frame_draw_screen(&frame);
		fprintf(out, "%s%s", CLEAR, text ? text : "");
		free(text);
	} else {
		if (top->printed)
			putc('\n', out);
		frame_print(&frame, out);
	}
	frame_release(&frame);
	top->printed = true;
	fflush(out);
}

void top_print(const struct model *model, const struct sink_opts *opts)
{
	struct frame frame;

	frame_init(&frame, opts, model, span_whole(model));
	frame_print(&frame, opts->out);
	frame_release(&frame);
}

static void top_text_end(struct sink *sink, const struct model *model)
{
	struct top_text *top = (struct top_text *)sink;
	FILE *out = sink->opts.out;

	if (top->printed)
		fputs(sink->opts.terminal ? CLEAR : "\n", out);
	top_print(model, &sink->opts);
	fflush(out);
}

const struct sink_ops top_text_sink = {
	.name = "text",
	.open = top_text_open,
	.interval = top_text_interval,
	.end = top_text_end,
	.free = sink_free,
};
