// SPDX-License-Identifier: GPL-2.0-or-later
/* From the model to a flame-style summary, and on to whoever wants it in which format. */
#include "sink/flame_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "sink/common.h"

#define CAVEAT_LEN 192

static const struct format {
	const struct sink_ops *ops;
	void (*write)(const struct flame *flame, FILE *out);
	const char *suffix;
	double share;		/* smaller frames are folded, unless the user says otherwise */
} formats[] = {
	{ &flame_folded_sink, flame_folded_write, ".folded", 0 },
	{ &flame_svg_sink, flame_svg_write, ".svg", 0.001 },
	{ &flame_html_sink, flame_html_write, ".html", 0.0005 },
	{ &flame_speedscope_sink, flame_speedscope_write, ".speedscope.json", 0 },
	{ &flame_pprof_sink, flame_pprof_write, ".pb.gz", 0 },
};

static const struct format *format_of(const struct sink_ops *ops)
{
	const struct format *format = formats;

	while (format->ops != ops)
		format++;
	return format;
}

const char *flame_suffix(const struct sink_ops *ops)
{
	return format_of(ops)->suffix;
}

/* What is filled, and how remote hosts are named. */
struct filling {
	struct flame *flame;
	struct names *names;
	uint8_t dropped;	/* a frame that says nothing; NR_FLAME_FRAMES: none */
	int ret;
};

static void add_stack(void *ctx, const struct flame_stack *stack)
{
	struct filling *filling = ctx;
	struct flame_part parts[FLAME_MOST_PARTS];
	size_t count = 0;

	for (size_t i = 0; i < stack->count && count < FLAME_MOST_PARTS; i++) {
		const char *name = NULL;

		if (stack->parts[i].frame == filling->dropped)
			continue;
		if (stack->parts[i].frame == FRAME_REMOTE)
			name = names_of(filling->names, stack->remote_addr);
		parts[count] = stack->parts[i];
		if (name)
			parts[count].name = name;
		count++;
	}
	if (!filling->ret)
		filling->ret = flame_add(filling->flame, FLAME_NOW, parts, count, stack->weights);
}

/* The one host that the records are from; NULL: there are several. */
static const char *only_host(const struct model *model, const struct sink_opts *opts)
{
	const char *host = opts->host;

	for (unsigned int source = 0; source < MODEL_MAX_SOURCES; source++)
		if (model_was_fed(model, source) && strcmp(model_host(model, source), host))
			return NULL;
	return host;
}

/* What its figures rest on, into @text. */
static void say_caveat(const struct model *model, char text[static CAVEAT_LEN])
{
	uint64_t lost = 0, unplaced = model_flame_unplaced(model);
	char number[TEXT_LEN];
	size_t len;

	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		lost += model_loss(model, cause);
	len = snprintf(text, CAVEAT_LEN, "TIME_WAIT by evidence: %s",
		       evidence_name(model_evidence(model)));
	if (lost)
		len += snprintf(text + len, CAVEAT_LEN - len, "; %s events were lost",
				text_count(lost, number));
	if (unplaced)
		snprintf(text + len, CAVEAT_LEN - len,
			 "; %s figures had no room under a frame of their own",
			 text_count(unplaced, number));
}

static void fill_head(struct flame_head *head, const struct model *model,
		      const struct sink_opts *opts)
{
	const struct flame_opts *flame = opts->flame;

	*head = (struct flame_head){
		.host = only_host(model, opts),
		.by = flame->by,
		.shown = flame->shown,
		.weight = flame->weight,
		.color = flame->color,
		.from_ns = { sink_realtime(opts, model_flame_from_ns(model)) },
		.to_ns = { sink_realtime(opts, model_now_ns(model)) },
	};
	if (flame->base) {
		head->base_name = flame->base_name;
		head->normalized = flame->normalized;
		head->from_ns[FLAME_BASE] = flame->base->head.from_ns[FLAME_NOW];
		head->to_ns[FLAME_BASE] = flame->base->head.to_ns[FLAME_NOW];
	}
}

/* One host, though several recordings might have had several: no frame of it then. */
static uint8_t drop_host(struct flame_head *head, const struct flame_opts *opts)
{
	if (!opts->host_if_several || !head->host || head->by.frames[0] != FRAME_HOST)
		return NR_FLAME_FRAMES;
	memmove(head->by.frames, head->by.frames + 1, --head->by.count);
	head->shown--;
	return FRAME_HOST;
}

/* NULL: no memory, and somebody has been told. */
static struct flame *new_flame(const struct model *model, const struct sink_opts *opts,
			       char caveat[static CAVEAT_LEN])
{
	struct filling filling = { .names = opts->names };
	struct flame_head head;

	fill_head(&head, model, opts);
	say_caveat(model, caveat);
	head.caveat = caveat;
	filling.dropped = drop_host(&head, opts->flame);
	filling.flame = flame_new(&head);
	filling.ret = filling.flame ? 0 : -ENOMEM;
	if (!filling.ret)
		filling.ret = model_flame_each(model, add_stack, &filling);
	if (!filling.ret && opts->flame->base)
		filling.ret = flame_merge(filling.flame, FLAME_BASE, opts->flame->base);
	if (filling.ret) {
		log_msg(LOG_WARNING, "no memory for the summary");
		flame_free(filling.flame);
		return NULL;
	}
	return filling.flame;
}

/* An empty picture is one, but a terminal shows nothing of it. */
static void say_if_empty(const struct flame *flame)
{
	const struct flame_node *root = &flame->nodes[FLAME_ROOT];
	enum flame_weight weight = flame->head.weight;

	if (!root->total[FLAME_NOW][weight] && !root->total[FLAME_BASE][weight])
		log_msg(LOG_WARNING, "nothing to draw: no connection weighs anything in '%s'",
			flame_weight_name(weight));
}

static void write_flame(const struct sink *sink, const struct model *model, FILE *out)
{
	const struct format *format = format_of(sink->ops);
	const struct flame_opts *opts = sink->opts.flame;
	char caveat[CAVEAT_LEN];
	struct flame *flame = new_flame(model, &sink->opts, caveat);

	if (flame && !opts->deliver)
		say_if_empty(flame);
	if (flame && !flame_finish(flame, opts->share >= 0 ? opts->share : format->share))
		format->write(flame, out);
	flame_free(flame);
}

/* A window is over: its summary goes where the command sends them. */
static void flame_interval(struct sink *sink, const struct model *model)
{
	const struct flame_opts *opts = sink->opts.flame;
	char *bytes = NULL;
	size_t len = 0;
	FILE *out;

	if (!opts->deliver)
		return;
	out = open_memstream(&bytes, &len);
	if (!out)
		return;
	write_flame(sink, model, out);
	/* a window without anything is one, too */
	if (fclose(out))
		free(bytes);
	else
		opts->deliver(opts->ctx, bytes, len,
			      sink_realtime(&sink->opts, model_flame_from_ns(model)),
			      sink_realtime(&sink->opts, model_now_ns(model)));
}

static void flame_end(struct sink *sink, const struct model *model)
{
	if (sink->opts.flame->deliver)
		flame_interval(sink, model);
	else
		write_flame(sink, model, sink->opts.out);
}

/* Nothing is written: the summary is kept for a comparison. */
static void keep_end(struct sink *sink, const struct model *model)
{
	char caveat[CAVEAT_LEN];

	*sink->opts.flame->keep = new_flame(model, &sink->opts, caveat);
}

const struct sink_ops flame_keep_sink = {
	.name = "keep",
	.open = sink_open,
	.end = keep_end,
	.free = sink_free,
};

#define FLAME_SINK(NAME)                              \
	const struct sink_ops flame_##NAME##_sink = { \
		.name = #NAME,                        \
		.open = sink_open,                    \
		.interval = flame_interval,           \
		.end = flame_end,                     \
		.free = sink_free,                    \
	}

FLAME_SINK(folded);
FLAME_SINK(svg);
FLAME_SINK(html);
FLAME_SINK(speedscope);
FLAME_SINK(pprof);
