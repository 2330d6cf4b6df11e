// SPDX-License-Identifier: GPL-2.0-or-later
/* `twtrace flame`: where connections and connection-seconds are, as a flame-style summary. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"
#include "cmd/command.h"
#include "cmd/pipeline.h"
#include "sink/flame_sink.h"

/* What there is to choose from when nothing is chosen: one picture for each question. */
static const struct view {
	const char *name;
	enum flame_weight weight;
	struct flame_by by;
} views[] = {
	{ "everything",
	  WEIGHT_CONNECTIONS,
	  { { FRAME_SERVICE, FRAME_ROLE, FRAME_PORT, FRAME_REMOTE, FRAME_STATE, FRAME_STACK },
	    6 } },
	{ "leaks",
	  WEIGHT_OPEN,
	  { { FRAME_SERVICE, FRAME_PROCESS, FRAME_ROLE, FRAME_PORT, FRAME_REMOTE, FRAME_STATE,
	      FRAME_STACK },
	    7 } },
	{ "time_wait",
	  WEIGHT_TIME_WAIT_SECONDS,
	  { { FRAME_SERVICE, FRAME_ROLE, FRAME_PORT, FRAME_REMOTE, FRAME_END, FRAME_STACK }, 6 } },
	{ "failures",
	  WEIGHT_FAILURES,
	  { { FRAME_SERVICE, FRAME_COMM, FRAME_REMOTE, FRAME_REMOTE_PORT, FRAME_STACK }, 5 } },
};

#define NR_VIEWS (sizeof(views) / sizeof(views[0]))

/* The view of each weight, where that alone was chosen. */
static const struct view *const of_weight[NR_FLAME_WEIGHTS] = {
	[WEIGHT_CONNECTIONS] = &views[0], [WEIGHT_OPEN] = &views[1],
	[WEIGHT_SECONDS] = &views[1],	  [WEIGHT_TIME_WAIT_SECONDS] = &views[2],
	[WEIGHT_FAILURES] = &views[3],
};

/* What the command line says, for this command only. */
struct asked {
	const struct view *view;	/* NULL: not chosen by name */
	struct flame_by by;		/* empty: not chosen */
	enum flame_weight weight;	/* NR_FLAME_WEIGHTS: not chosen */
	int color;			/* enum flame_color; -1: not chosen */
	double share;			/* below 0: not chosen */
	const char *diff;		/* NULL: none */
	bool normalize;
};

static bool asks_for(const struct flame_by *by, enum flame_frame frame)
{
	return memchr(by->frames, frame, by->count) != NULL;
}

static void append(struct flame_by *by, enum flame_frame frame)
{
	if (!asks_for(by, frame))
		by->frames[by->count++] = frame;
}

static int add_frame(struct flame_by *by, const char *arg, const char *name, size_t len,
		     struct error *err)
{
	unsigned int frame = 0;

	while (frame < NR_FLAME_FRAMES && (strlen(flame_frame_name(frame)) != len ||
					   memcmp(flame_frame_name(frame), name, len)))
		frame++;
	if (frame == NR_FLAME_FRAMES)
		return error_set(
			err, -EINVAL,
			"'%s': there is no frame '%.*s', but these: service, process, comm, "
			"role, port, local_port, remote, remote_port, state, close, end, "
			"netns, host, stack; or one of: everything, leaks, time_wait, failures",
			arg, (int)len, name);
	if (asks_for(by, frame))
		return error_set(err, -EINVAL, "'%s' names '%.*s' twice", arg, (int)len, name);
	append(by, frame);
	return 0;
}

static int set_by(struct options *options, const char *arg, struct error *err)
{
	struct asked *asked = options->own;

	asked->by.count = 0;
	asked->view = NULL;
	for (unsigned int i = 0; i < NR_VIEWS; i++)
		if (!strcmp(arg, views[i].name)) {
			asked->view = &views[i];
			return 0;
		}
	for (const char *at = arg;; at++) {
		size_t len = strcspn(at, ",");

		if (add_frame(&asked->by, arg, at, len, err))
			return err->code;
		at += len;
		if (!*at)
			return 0;
	}
}

static int set_weight(struct options *options, const char *arg, struct error *err)
{
	struct asked *asked = options->own;

	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		if (!strcmp(arg, flame_weight_name(weight))) {
			asked->weight = weight;
			return 0;
		}
	return error_set(err, -EINVAL,
			 "'%s' is no weight; there are: connections, open, seconds, "
			 "time_wait_seconds, failures",
			 arg);
}

static int set_color(struct options *options, const char *arg, struct error *err)
{
	struct asked *asked = options->own;

	if (strcmp(arg, "state") && strcmp(arg, "service"))
		return error_set(err, -EINVAL, "'%s' is neither state nor service", arg);
	asked->color = strcmp(arg, "state") ? FLAME_BY_SERVICE : FLAME_BY_STATE;
	return 0;
}

static int set_fold(struct options *options, const char *arg, struct error *err)
{
	struct asked *asked = options->own;

	if (parse_percent(arg, &asked->share, err))
		return err->code;
	return 0;
}

static int set_diff(struct options *options, const char *arg, struct error *err)
{
	struct asked *asked = options->own;

	if (!arg[0])
		return error_set(err, -EINVAL, "'' is no recording");
	asked->diff = arg;
	return 0;
}

static int set_normalize(struct options *options, const char *arg, struct error *err)
{
	struct asked *asked = options->own;

	(void)arg;
	(void)err;
	asked->normalize = true;
	return 0;
}

enum own_key { KEY_BY = KEY_OWN, KEY_WEIGHT, KEY_COLOR, KEY_FOLD, KEY_DIFF, KEY_NORMALIZE };

static const struct option_row own[] = {
	{ 0,
	  set_by,
	  { "by", KEY_BY, "FRAME[,FRAME]", 0,
	    "what stacks are made of, from the root on: service, process, comm, role, port, local_port, remote, remote_port, state, close, end, netns, host, stack; or everything (default), leaks, time_wait, failures",
	    5 } },
	{ 0,
	  set_weight,
	  { "weight", KEY_WEIGHT, "W", 0,
	    "connections (default), open, seconds (open, in each state), time_wait_seconds (a port held), failures",
	    5 } },
	{ 0,
	  set_diff,
	  { "diff", KEY_DIFF, "BASE", 0,
	    "compare with this recording: red has grown, blue has shrunk", 5 } },
	{ 0,
	  set_normalize,
	  { "normalize", KEY_NORMALIZE, NULL, 0,
	    "with --diff, scale the base to the same total: shares are compared", 5 } },
	{ 0,
	  set_fold,
	  { "fold", KEY_FOLD, "SHARE", 0,
	    "put frames below this share of all into (other): 1%, 0.05% (default: 0.1% in svg, 0.05% in html, else none)",
	    5 } },
	{ 0, set_color, { "color", KEY_COLOR, "KIND", 0, "by state (default) or service", 5 } },
};

/* The rest of what a reader of the page may want, behind what is shown at first. */
static void append_choices(struct flame_by *by)
{
	static const uint8_t choices[] = { FRAME_SERVICE, FRAME_PROCESS, FRAME_ROLE,  FRAME_PORT,
					   FRAME_REMOTE,  FRAME_STATE,	 FRAME_CLOSE, FRAME_END };

	for (unsigned int i = 0; i < sizeof(choices); i++)
		append(by, choices[i]);
}

static void prepend_host(struct flame_by *by)
{
	if (asks_for(by, FRAME_HOST))
		return;
	memmove(by->frames + 1, by->frames, by->count++);
	by->frames[0] = FRAME_HOST;
}

/* From what was asked for to what is drawn. */
static void choose(const struct options *options, const struct asked *asked,
		   struct flame_opts *flame)
{
	const struct view *view = asked->view;
	bool several = options->nr_inputs + (asked->diff != NULL) > 1;

	if (!view && asked->weight < NR_FLAME_WEIGHTS)
		view = of_weight[asked->weight];
	if (!view)
		view = &views[0];
	flame->weight = asked->weight < NR_FLAME_WEIGHTS ? asked->weight : view->weight;
	flame->by = asked->by.count ? asked->by : view->by;
	if (options->stacks)
		append(&flame->by, FRAME_STACK);
	flame->host_if_several = several && !asks_for(&flame->by, FRAME_HOST);
	if (several)
		prepend_host(&flame->by);
	flame->shown = flame->by.count;
	if (options->format == &flame_html_sink)
		append_choices(&flame->by);
	flame->color = asks_for(&flame->by, FRAME_STATE) ? FLAME_BY_STATE : FLAME_BY_SERVICE;
	if (asked->color >= 0)
		flame->color = asked->color;
	flame->share = asked->share;
	flame->normalized = asked->normalize;
}

/* Reads the base; an enum status. */
static enum status read_base(const struct options *options, const struct asked *asked,
			     struct flame_opts *flame, struct flame **base)
{
	struct options base_options = *options;
	struct flame_opts base_flame = *flame;
	struct pipeline pipeline = { .options = &base_options, .flame = &base_flame };
	enum status status;

	base_options.inputs[0] = asked->diff;
	base_options.nr_inputs = 1;
	base_options.format = &flame_keep_sink;
	base_options.for_ns = 0;
	base_flame.keep = base;
	base_flame.host_if_several = false;
	status = pipeline_run(&pipeline);
	flame->base = *base;
	flame->base_name = asked->diff;
	return status == STATUS_OK && !*base ? STATUS_FAILED : status;
}

static enum status draw(const struct options *options, const struct asked *asked)
{
	struct flame_opts flame = { 0 };
	struct pipeline pipeline = { .options = options, .flame = &flame };
	enum status status = STATUS_OK;
	struct flame *base = NULL;

	choose(options, asked, &flame);
	if (asked->diff)
		status = read_base(options, asked, &flame, &base);
	if (status == STATUS_OK)
		status = pipeline_run(&pipeline);
	flame_free(base);
	return status;
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
		       "  twtrace flame --for 30s -o svg >now.svg            (open it in a browser)\n"
		       "  twtrace flame --by time_wait -i host.twr -o html >time_wait.html\n"
		       "  twtrace flame --diff before.twr -i after.twr -o svg >diff.svg\n"
		       "Without --for it runs until Ctrl-C and then writes what it has. Times in "
		       "folded stacks are in microseconds.",
		.groups = GROUP_WINDOW | GROUP_OUTPUT | GROUP_NAMES | GROUP_INPUT | GROUP_FILTER |
			  GROUP_LIVE | GROUP_STACKS,
		.formats = formats,
		.own = own,
		.nr_own = sizeof(own) / sizeof(own[0]),
	};
	struct asked asked = { .weight = NR_FLAME_WEIGHTS, .color = -1, .share = -1 };
	struct options options;

	options_init(&options);
	options.own = &asked;
	options_parse(&options, &spec, argc, argv);
	if (options.format == &flame_pprof_sink && isatty(STDOUT_FILENO)) {
		log_msg(LOG_WARNING,
			"pprof is binary and standard output is a terminal: send it to a file, as in "
			"'twtrace flame -o pprof >flame.pb.gz'");
		return STATUS_USAGE;
	}
	return draw(&options, &asked);
}
