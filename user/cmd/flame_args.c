// SPDX-License-Identifier: GPL-2.0-or-later
/* What `twtrace flame` can be asked for, as tables. */
#include "cmd/flame_args.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "sink/flame.h"
#include "sink/pyroscope.h"

/* What there is to choose from when nothing is chosen: one picture for each question. */
static const struct flame_view views[] = {
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
	  { { FRAME_SERVICE, FRAME_ERROR, FRAME_REMOTE, FRAME_PORT, FRAME_STACK }, 5 } },
};

#define NR_VIEWS (sizeof(views) / sizeof(views[0]))

/* The view of each weight, where that alone was chosen. */
static const struct flame_view *const of_weight[NR_FLAME_WEIGHTS] = {
	[WEIGHT_CONNECTIONS] = &views[0],	[WEIGHT_OPEN] = &views[1],
	[WEIGHT_TIME_WAIT] = &views[2],		[WEIGHT_SECONDS] = &views[1],
	[WEIGHT_TIME_WAIT_SECONDS] = &views[2], [WEIGHT_FAILURES] = &views[3],
};

void flame_args_init(struct flame_args *args)
{
	*args = (struct flame_args){ .weight = NR_FLAME_WEIGHTS, .color = -1, .share = -1 };
}

const struct flame_view *flame_view_of(enum flame_weight weight)
{
	return weight < NR_FLAME_WEIGHTS ? of_weight[weight] : &views[0];
}

void flame_by_append(struct flame_by *by, enum flame_frame frame)
{
	if (!flame_by_has(by, frame))
		by->frames[by->count++] = frame;
}

static int add_frame(struct flame_by *by, const char *arg, const char *name, size_t len,
		     struct error *err)
{
	unsigned int frame = 0;

	while (frame < NR_FLAME_FRAMES && (strlen(flame_frame_name(frame)) != len ||
					   memcmp(flame_frame_name(frame), name, len)))
		frame++;
	for (unsigned int i = 0; i < NR_VIEWS; i++)
		if (strlen(views[i].name) == len && !memcmp(views[i].name, name, len))
			return error_set(err, -EINVAL, "'%s': %s is a view, and stands alone", arg,
					 views[i].name);
	if (frame == NR_FLAME_FRAMES)
		return error_set(
			err, -EINVAL,
			"'%s': there is no frame '%.*s', but these: service, process, comm, "
			"role, port, local_port, remote, remote_port, state, close, end, "
			"error, netns, host, stack; or one of: everything, leaks, time_wait, failures",
			arg, (int)len, name);
	if (flame_by_has(by, frame))
		return error_set(err, -EINVAL, "'%s' names '%.*s' twice", arg, (int)len, name);
	flame_by_append(by, frame);
	return 0;
}

static int set_by(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	args->by.count = 0;
	args->view = NULL;
	for (unsigned int i = 0; i < NR_VIEWS; i++)
		if (!strcmp(arg, views[i].name)) {
			args->view = &views[i];
			return 0;
		}
	for (const char *at = arg;; at++) {
		size_t len = strcspn(at, ",");

		if (add_frame(&args->by, arg, at, len, err))
			return err->code;
		at += len;
		if (!*at)
			return 0;
	}
}

static int set_weight(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	for (unsigned int weight = 0; weight < NR_FLAME_WEIGHTS; weight++)
		if (!strcmp(arg, flame_weight_name(weight))) {
			args->weight = weight;
			return 0;
		}
	return error_set(err, -EINVAL,
			 "'%s' is no weight; there are: connections, open, time_wait, seconds, "
			 "time_wait_seconds, failures",
			 arg);
}

static int set_color(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	if (strcmp(arg, "state") && strcmp(arg, "service"))
		return error_set(err, -EINVAL, "'%s' is neither state nor service", arg);
	args->color = strcmp(arg, "state") ? FLAME_BY_SERVICE : FLAME_BY_STATE;
	return 0;
}

static int set_fold(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	if (parse_percent(arg, &args->share, err))
		return err->code;
	return 0;
}

static int set_diff(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	if (!arg[0])
		return error_set(err, -EINVAL, "'' is no recording");
	args->diff = arg;
	return 0;
}

static int set_normalize(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	(void)arg;
	(void)err;
	args->normalize = true;
	return 0;
}

static int set_interval(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	if (parse_duration(arg, &args->interval_ns, err))
		return err->code;
	/* the kernel is compared with no more often */
	if (args->interval_ns < 1000000000)
		return error_set(err, -EINVAL, "'%s' is too short; 1s is the least", arg);
	return 0;
}

static int set_write(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	if (!arg[0])
		return error_set(err, -EINVAL, "'' names no file");
	if (!strcmp(arg, "-"))
		return error_set(err, -EINVAL,
				 "'-': standard output is where it goes without --write");
	args->delivery.pattern = arg;
	return 0;
}

/* Whether it is a good one is libcurl's to say. */
static bool has_host(const char *authority)
{
	const char *end = authority + strcspn(authority, "/");
	const char *at = memrchr(authority, '@', (size_t)(end - authority));
	const char *host = at ? at + 1 : authority;

	return host < end && *host != ':';
}

static int set_push(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	if (strncmp(arg, "http://", 7) && strncmp(arg, "https://", 8))
		return error_set(err, -EINVAL, "'%s' is no URL of http or https", arg);
	if (strpbrk(arg, "?#"))
		return error_set(err, -EINVAL,
				 "'%s': the URL takes no query (?) and no fragment (#)", arg);
	if (!has_host(strstr(arg, "://") + 3))
		return error_set(err, -EINVAL, "'%s' names no host", arg);
	args->delivery.push = arg;
	return 0;
}

static int set_label(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;
	size_t len = strcspn(arg, "=");
	char name[256];

	snprintf(name, sizeof(name), "%.*s", (int)len, arg);
	if (len >= sizeof(name) || !pyroscope_is_label_name(name) || !arg[len] || !arg[len + 1])
		return error_set(err, -EINVAL,
				 "'%s' is no label: it takes NAME=VALUE, the name of letters, "
				 "digits and _, without a digit at the beginning",
				 arg);
	if (args->delivery.nr_labels == DELIVERY_LABELS)
		return error_set(err, -EINVAL, "'%s': more than %d labels", arg, DELIVERY_LABELS);
	args->delivery.labels[args->delivery.nr_labels++] = arg;
	return 0;
}

static int set_tenant(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	if (!arg[0] || strpbrk(arg, "\r\n"))
		return error_set(err, -EINVAL, "'%s' is no tenant", arg);
	args->delivery.tenant = arg;
	return 0;
}

static int set_token_file(struct options *options, const char *arg, struct error *err)
{
	struct flame_args *args = options->own;

	(void)err;
	args->delivery.token_file = arg;
	return 0;
}

enum own_key {
	KEY_INTERVAL = KEY_OWN,
	KEY_BY,
	KEY_WEIGHT,
	KEY_COLOR,
	KEY_FOLD,
	KEY_DIFF,
	KEY_NORMALIZE,
	KEY_WRITE,
	KEY_PUSH,
	KEY_PUSH_LABEL,
	KEY_PUSH_TENANT,
	KEY_PUSH_TOKEN,
};

const struct option_row flame_rows[] = {
	{ 0,
	  set_interval,
	  { "interval", KEY_INTERVAL, "DURATION", 0,
	    "a summary of its own for each such time, 1s at least: 1m, 1h (see --write, --push)",
	    1 } },
	{ 0,
	  set_by,
	  { "by", KEY_BY, "FRAME[,FRAME]", 0,
	    "what stacks are made of, from the root on: service, process, comm, role, port, local_port, remote, remote_port, state, close, end, error, netns, host, stack; or a view: everything, leaks, time_wait, failures (default: by the weight)",
	    5 } },
	{ 0,
	  set_weight,
	  { "weight", KEY_WEIGHT, "W", 0,
	    "connections (default), open (now), time_wait (now), seconds (open, in each state), time_wait_seconds (a port held), failures",
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
	{ 0,
	  set_color,
	  { "color", KEY_COLOR, "KIND", 0,
	    "by state or service (default: state, where it is drawn)", 5 } },
	{ 0,
	  set_write,
	  { "write", KEY_WRITE, "FILE", 0,
	    "write into FILE, for each --interval again; % as in date(1), of the window's end in UTC (default with --interval: twtrace-%Y%m%dT%H%M%SZ and the format's suffix)",
	    6 } },
	{ 0,
	  set_push,
	  { "push", KEY_PUSH, "URL", 0,
	    "send pprof to a server that takes Pyroscope's push, for each --interval (live 15s if not given)",
	    6 } },
	{ 0,
	  set_label,
	  { "push-label", KEY_PUSH_LABEL, "NAME=VALUE", 0,
	    "with --push, a label of what is sent (repeatable); service_name is twtrace otherwise",
	    6 } },
	{ 0,
	  set_tenant,
	  { "push-tenant", KEY_PUSH_TENANT, "ID", 0, "with --push, whose it is (X-Scope-OrgID)",
	    6 } },
	{ 0,
	  set_token_file,
	  { "push-token-file", KEY_PUSH_TOKEN, "FILE", 0,
	    "with --push, a bearer token to be sent along", 6 } },
	{ 0, NULL, { 0 } },
};
