// SPDX-License-Identifier: GPL-2.0-or-later
/* From the model to a flame-style summary, and on to whoever wants it in which format. */
#include "sink/flame_sink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stream.h"
#include "sink/common.h"

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
	uint32_t without;	/* frames that are left out, a bit each */
	int ret;
};

static void add_stack(void *ctx, const struct flame_stack *stack)
{
	struct filling *filling = ctx;
	struct flame_part parts[FLAME_MOST_PARTS];
	size_t count = 0;

	for (size_t i = 0; i < stack->count && count < FLAME_MOST_PARTS; i++) {
		const char *name = NULL;

		if (filling->without >> stack->parts[i].frame & 1)
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

static bool tells_of_time_wait(const struct flame_head *head)
{
	return head->weight == WEIGHT_TIME_WAIT || head->weight == WEIGHT_TIME_WAIT_SECONDS ||
	       flame_by_has(&head->by, FRAME_END);
}

/* One more sentence; @len is what there is of @text. */
__attribute__((format(printf, 3, 4))) static size_t add_caveat(char text[static CAVEAT_LEN],
							       size_t len, const char *format, ...)
{
	va_list args;

	if (len && len < CAVEAT_LEN)
		len += snprintf(text + len, CAVEAT_LEN - len, "; ");
	va_start(args, format);
	if (len < CAVEAT_LEN)
		len += vsnprintf(text + len, CAVEAT_LEN - len, format, args);
	va_end(args);
	return len;
}

/* What its figures rest on, into @text, where that needs a word. */
static void say_caveat(struct flame_head *head, const struct model *model, uint64_t unplaced,
		       bool one_sided, char text[static CAVEAT_LEN])
{
	char number[TEXT_LEN];
	uint64_t lost = 0;
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int cause = 0; cause < TW_NR_LOSS; cause++)
		lost += model_loss(model, cause);
	if (model_evidence(model) == EVIDENCE_INFERRED && tells_of_time_wait(head))
		len = add_caveat(text, len,
				 "TIME_WAIT is inferred: early ends show only when the kernel is "
				 "polled");
	if (one_sided)
		len = add_caveat(text, len, "Code is known on one side only, and left out on both");
	if (lost)
		len = add_caveat(text, len, "%s events were lost since the start",
				 text_count(lost, number));
	if (unplaced)
		add_caveat(text, len, "%s figures had no room and are under (other)",
			   text_count(unplaced, number));
	head->caveat = text[0] ? text : NULL;
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

/* A frame that says nothing here is no part of stacks. Returns its bit, 0: it never was. */
static uint32_t leave_out(struct flame_head *head, enum flame_frame frame)
{
	uint8_t *at = memchr(head->by.frames, frame, head->by.count);

	if (!at)
		return 0;
	head->shown -= at < head->by.frames + head->shown;
	head->by.count--;
	memmove(at, at + 1, head->by.frames + head->by.count - at);
	return 1U << frame;
}

static bool knows_code(const struct flame *flame)
{
	for (uint32_t id = FLAME_ROOT; id < flame->count; id++)
		if (flame->nodes[id].frame == FRAME_STACK)
			return true;
	return false;
}

/* NULL: no memory, and somebody has been told. */
static struct flame *new_flame(const struct model *model, const struct sink_opts *opts,
			       char caveat[static CAVEAT_LEN])
{
	const struct flame_opts *flame = opts->flame;
	struct filling filling = { .names = opts->names };
	bool code = model_flame_has_stacks(model), one_sided;
	struct flame_head head;
	uint64_t unplaced = 0;
	int ret = 0;

	fill_head(&head, model, opts);
	one_sided = flame->base && flame_by_has(&head.by, FRAME_STACK) &&
		    knows_code(flame->base) != code;
	if (flame->host_if_several && head.host)
		filling.without |= leave_out(&head, FRAME_HOST);
	if (!code || one_sided)
		filling.without |= leave_out(&head, FRAME_STACK);
	for (unsigned int frame = 0; frame < NR_FLAME_FRAMES; frame++)
		if (!flame_by_has(&flame->by, frame))
			filling.without |= 1U << frame;
	filling.flame = flame_new(&head);
	filling.ret = filling.flame ? 0 : -ENOMEM;
	if (!filling.ret)
		ret = model_flame_each(model, add_stack, &filling, &unplaced);
	/* what could not be added is known by then */
	if (ret)
		filling.ret = ret;
	if (!filling.ret && flame->base)
		filling.ret = flame_merge(filling.flame, FLAME_BASE, flame->base);
	if (filling.ret) {
		log_msg(LOG_WARNING, "no memory for the summary");
		flame_free(filling.flame);
		return NULL;
	}
	say_caveat(&filling.flame->head, model, unplaced, one_sided, caveat);
	return filling.flame;
}

struct flame *flame_of_model(const struct model *model, const struct sink_opts *opts,
			     char caveat[static CAVEAT_LEN])
{
	return new_flame(model, opts, caveat);
}

/* An empty picture is one, but a terminal shows nothing of it. */
static void say_what_is_missing(const struct flame *flame, const struct flame_opts *opts)
{
	const struct flame_node *root = &flame->nodes[FLAME_ROOT];
	enum flame_weight weight = flame->head.weight;

	if (!root->total[FLAME_NOW][weight] && !root->total[FLAME_BASE][weight])
		log_msg(LOG_WARNING, "nothing to draw: no connection weighs anything in '%s'",
			flame_weight_name(weight));
	else if (opts->stacks_expected && !flame_by_has(&flame->head.by, FRAME_STACK))
		log_msg(LOG_WARNING,
			"no code is drawn: none is known of these connections (--stacks tells of "
			"those that are opened while traced)");
}

/* 0, or -ENOMEM, and somebody has been told. */
static int write_flame(const struct sink *sink, const struct model *model, FILE *out)
{
	const struct format *format = format_of(sink->ops);
	const struct flame_opts *opts = sink->opts.flame;
	char caveat[CAVEAT_LEN];
	struct flame *flame = new_flame(model, &sink->opts, caveat);
	int ret;

	if (!flame)
		return -ENOMEM;
	if (!opts->deliver)
		say_what_is_missing(flame, opts);
	ret = flame_finish(flame, opts->share >= 0 ? opts->share : format->share);
	if (ret)
		log_msg(LOG_WARNING, "no memory for the summary");
	else
		format->write(flame, out);
	flame_free(flame);
	return ret;
}

/* NULL: it could not be made, and somebody has been told. */
static char *flame_bytes(const struct sink *sink, const struct model *model, size_t *len)
{
	char *bytes = NULL;
	FILE *out = stream_memory(&bytes, len);
	int ret = out ? write_flame(sink, model, out) : -ENOMEM;
	bool broken = !ret && (ferror(out) || fflush(out));

	if (!out || broken)
		log_msg(LOG_WARNING, "no memory for the summary");
	if (out)
		fclose(out);
	if (!ret && !broken)
		return bytes;
	free(bytes);
	return NULL;
}

int flame_profile_write(const struct model *model, const struct sink_opts *opts)
{
	char caveat[CAVEAT_LEN];
	struct flame *flame = new_flame(model, opts, caveat);
	int ret = flame ? flame_finish(flame, opts->flame->share) : -ENOMEM;

	if (!ret)
		flame_pprof_write(flame, opts->out);
	flame_free(flame);
	return ret;
}

/* A window is over: its summary goes where the command sends them. */
static void flame_interval(struct sink *sink, const struct model *model)
{
	const struct flame_opts *opts = sink->opts.flame;
	size_t len = 0;
	char *bytes;

	if (!opts->deliver)
		return;
	bytes = flame_bytes(sink, model, &len);
	opts->deliver(opts->ctx, bytes, len, sink_realtime(&sink->opts, model_flame_from_ns(model)),
		      sink_realtime(&sink->opts, model_now_ns(model)));
}

static void flame_end(struct sink *sink, const struct model *model)
{
	if (sink->opts.flame->deliver)
		flame_interval(sink, model);
	else if (write_flame(sink, model, sink->opts.out))
		stream_fail(sink->opts.out, ENOMEM);
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
