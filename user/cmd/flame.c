// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace flame`: where connections and connection-seconds are, as a flame-style summary. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/log.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/flame_args.h"
#include "cmd/pipeline.h"
#include "sink/flame_sink.h"

#define SECOND_NS 1000000000ULL
/* What Pyroscope's own agents push in. */
#define DEFAULT_PUSH_NS (15 * SECOND_NS)

/* The rest of what a reader of the page may want, behind what is shown at first. */
static void append_choices(struct flame_by *by)
{
	static const uint8_t choices[] = { FRAME_SERVICE, FRAME_PROCESS, FRAME_ROLE,  FRAME_PORT,
					   FRAME_REMOTE,  FRAME_STATE,	 FRAME_CLOSE, FRAME_END };

	for (unsigned int i = 0; i < sizeof(choices); i++)
		flame_by_append(by, choices[i]);
}

static void prepend_host(struct flame_by *by)
{
	if (flame_by_has(by, FRAME_HOST))
		return;
	memmove(by->frames + 1, by->frames, by->count++);
	by->frames[0] = FRAME_HOST;
}

static bool shows(const struct flame_opts *flame, enum flame_frame frame)
{
	return memchr(flame->by.frames, frame, flame->shown) != NULL;
}

/* From what was asked for to what is drawn. */
static void choose(const struct options *options, const struct flame_args *args,
		   struct flame_opts *flame)
{
	const struct flame_view *view = args->view;
	bool several = options->nr_inputs > 1;

	if (!view)
		view = flame_view_of(args->weight);
	flame->weight = args->weight < NR_FLAME_WEIGHTS ? args->weight : view->weight;
	flame->by = args->by.count ? args->by : view->by;
	if (options->stacks)
		flame_by_append(&flame->by, FRAME_STACK);
	flame->host_if_several = several && !flame_by_has(&flame->by, FRAME_HOST);
	if (several)
		prepend_host(&flame->by);
	flame->shown = flame->by.count;
	if (options->format == &flame_html_sink)
		append_choices(&flame->by);
	if (args->color < 0 && !shows(flame, FRAME_STATE) && shows(flame, FRAME_SERVICE))
		flame->color = FLAME_BY_SERVICE;
	if (args->color >= 0)
		flame->color = args->color;
	flame->share = args->share;
	flame->normalized = args->normalize;
	flame->stacks_expected = options->stacks || flame_by_has(&args->by, FRAME_STACK);
}

/* Reads the base; an enum status. */
static enum status read_base(const struct options *options, const struct flame_args *args,
			     struct flame_opts *flame, struct flame **base)
{
	static char name[4 * PATH_MAX];
	struct options base_options = *options;
	struct flame_opts base_flame = *flame;
	struct pipeline pipeline = { .options = &base_options, .flame = &base_flame };
	enum status status;

	base_options.inputs[0] = args->diff;
	base_options.input_fds[0] = args->diff_fd;
	base_options.nr_inputs = 1;
	base_options.confined = true;
	base_options.format = &flame_keep_sink;
	base_options.for_ns = 0;
	base_options.interval_ns = SECOND_NS;
	base_flame.keep = base;
	base_flame.host_if_several = false;
	base_flame.deliver = NULL;
	/* live, loading follows: what it needs can't be given up yet */
	caps_lower();
	status = pipeline_run(&pipeline);
	caps_raise(options->nr_inputs ? NO_CAPS : ALL_CAPS);
	flame->base = *base;
	flame->base_name = text_clean(args->diff, strlen(args->diff), name, sizeof(name));
	return status == STATUS_OK && !*base ? STATUS_FAILED : status;
}

/*
 * A window is so many intervals: the kernel is compared with each second, whatever the window.
 * Returns how many; 0: one window, from beginning to end.
 */
static uint32_t choose_window(struct options *options, const struct flame_args *args)
{
	uint64_t window_ns = args->interval_ns;
	uint32_t intervals;

	if (!window_ns && args->delivery.push && !options->nr_inputs)
		window_ns = DEFAULT_PUSH_NS;
	if (!window_ns)
		return 0;
	intervals = (window_ns + SECOND_NS - 1) / SECOND_NS;
	options->interval_ns = window_ns / intervals;
	return intervals;
}

/*
 * What is read is open, what is written has its threads: from here on nobody else is needed, but
 * to load what traces. 0 or -errno.
 */
static int give_up(struct options *options, struct flame_args *args, struct error *err)
{
	if (args->diff)
		args->diff_fd = confine_input(args->diff);
	if (!options->nr_inputs)
		return 0;
	options->written_later = args->delivery.pattern;
	return confine_offline(options, err);
}

/* Where the summaries go, if not to standard output. 0 or -errno. */
static int choose_delivery(struct options *options, struct flame_args *args, uint32_t window,
			   struct flame_opts *flame, struct error *err)
{
	struct delivery_config *config = &args->delivery;
	static char pattern[64];

	if (window && !config->push && !config->pattern) {
		snprintf(pattern, sizeof(pattern), "twtrace-%%Y%%m%%dT%%H%%M%%SZ%s",
			 flame_suffix(options->format));
		config->pattern = pattern;
	}
	config->waits = options->nr_inputs != 0;
	config->window_ns = window ? window * options->interval_ns : 0;
	if (!config->pattern && !config->push)
		return 0;
	flame->ctx = delivery_open(config, err);
	flame->deliver = delivery_take;
	return flame->ctx ? 0 : err->code;
}

static enum status complain(const struct error *err)
{
	log_msg(LOG_WARNING, "%s", err->text);
	return STATUS_FAILED;
}

static enum status draw(struct options *options, struct flame_args *args)
{
	struct flame_opts flame = { 0 };
	struct pipeline pipeline = { .options = options, .flame = &flame, .announces = true };
	enum status status = STATUS_OK;
	struct flame *base = NULL;
	struct error err = { 0 };

	choose(options, args, &flame);
	pipeline.window = choose_window(options, args);
	if ((!options->nr_inputs && confine_user(options, &err)) ||
	    choose_delivery(options, args, pipeline.window, &flame, &err) ||
	    give_up(options, args, &err))
		status = complain(&err);
	if (status == STATUS_OK && args->diff)
		status = read_base(options, args, &flame, &base);
	if (status == STATUS_OK)
		status = pipeline_run(&pipeline);
	if (!delivery_close(flame.ctx) && status == STATUS_OK)
		status = STATUS_FAILED;
	flame_free(base);
	return status;
}

/* The format that a file's name tells of; NULL: none. */
static const struct sink_ops *format_of_file(const struct options *options, const char *pattern)
{
	const struct sink_ops *const *format = options->formats;
	size_t len = strlen(pattern), suffix;

	for (; *format; format++) {
		suffix = strlen(flame_suffix(*format));
		if (len > suffix && !strcmp(pattern + len - suffix, flame_suffix(*format)))
			return *format;
	}
	return NULL;
}

static void choose_format(struct options *options, const struct flame_args *args)
{
	const struct sink_ops *of_file = NULL;

	if (options->format_named)
		return;
	if (args->delivery.pattern)
		of_file = format_of_file(options, args->delivery.pattern);
	if (of_file)
		options->format = of_file;
	else if (args->delivery.push)
		options->format = &flame_pprof_sink;
}

/* What does not go together, as a sentence; NULL: it is fine. */
static const char *objection(const struct options *options, const struct flame_args *args)
{
	const struct delivery_config *delivery = &args->delivery;
	bool to_output = !delivery->pattern && !delivery->push && !args->interval_ns;

	if (to_output && options->format != &flame_folded_sink && isatty(STDOUT_FILENO))
		return "this format is for a file, and standard output is a terminal: name one, as in "
		       "'twtrace flame --write flame.svg'";
	if (args->normalize && !args->diff)
		return "--normalize scales the base of --diff, and there is none";
	if (args->color == FLAME_BY_SERVICE && args->by.count &&
	    !flame_by_has(&args->by, FRAME_SERVICE))
		return "--color service needs service among the frames of --by";
	if (delivery->push && options->format != &flame_pprof_sink)
		return "--push sends pprof, and --write has the same: leave --output out, or call the "
		       "file .pb.gz";
	if (!delivery->push && (delivery->nr_labels || delivery->tenant || delivery->token_file))
		return "--push-label, --push-tenant and --push-token-file are of --push URL, and "
		       "there is none";
	return NULL;
}

int cmd_flame(int argc, char **argv)
{
	static const struct sink_ops *const formats[] = {
		&flame_folded_sink,	&flame_svg_sink,   &flame_html_sink,
		&flame_speedscope_sink, &flame_pprof_sink, NULL
	};
	static const struct option_spec spec = {
		.doc = "Draws where connections and connection-seconds are: by service, port, remote "
		       "host, state and code, for every tool that people look at such summaries with.\v"
		       "  twtrace flame --for 30s --write now.svg            (open it in a browser)\n"
		       "  twtrace flame --by time_wait -i host.twr --write time_wait.html\n"
		       "  twtrace flame --diff before.twr -i after.twr --write diff.svg\n"
		       "Without --for it runs until Ctrl-C and then writes what it has. Times in "
		       "folded stacks are in microseconds.",
		.groups = GROUP_FOR | GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER |
			  GROUP_LIVE | GROUP_STACKS,
		.formats = formats,
		.own = flame_rows,
	};
	struct flame_args args;
	struct options options;
	const char *why;

	options_init(&options);
	flame_args_init(&args);
	options.own = &args;
	options_parse(&options, &spec, argc, argv);
	choose_format(&options, &args);
	why = objection(&options, &args);
	if (why) {
		log_msg(LOG_WARNING, "%s", why);
		return STATUS_USAGE;
	}
	return draw(&options, &args);
}
