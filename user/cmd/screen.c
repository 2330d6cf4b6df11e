// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the terminal, the view and the model meet. A frame is drawn at the end of an interval
 * and after a key, but no more often than anybody could see.
 */
#include "cmd/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/terminal.h"
#include "cmd/doctor_view.h"
#include "cmd/front.h"
#include "cmd/pace.h"
#include "cmd/pipeline.h"
#include "screen/view.h"
#include "sink/summary.h"
#include "source/live.h"

/* Between two frames. */
#define FRAME_NS 33000000ULL
/* While a moment is sought that takes longer than this. */
#define SEEK_FRAME_NS 500000000ULL

struct screen {
	const struct part *doctor;	/* borrowed */
	struct pace *pace;		/* borrowed; NULL: live */
	struct sink_opts opts;
	struct terminal *terminal;	/* owned; NULL: it was left */
	struct view *view;		/* owned */
	struct frame frame;		/* owned */
	int epoll_fd, timer_fd;
	uint64_t drawn_ns;		/* when the last frame was drawn */
	bool waiting;			/* the timer runs: a frame is due at its end */
	bool gone;			/* the terminal: there is nobody to say good-bye to */
};

static int add_fd(struct screen *screen, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(screen->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int screen_start(void *ctx, const struct sink_opts *opts, struct error *err)
{
	struct screen *screen = ctx;
	struct view_opts view = {
		.opts = &screen->opts,
		.doctor = screen->doctor,
		.replay = opts->replay,
	};

	screen->opts = *opts;
	screen->opts.out = stdout;
	screen->view = view_new(&view);
	if (!screen->view)
		return error_set(err, -ENOMEM, "no memory");
	screen->terminal = terminal_new(err);
	if (!screen->terminal)
		return err->code;
	screen->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	screen->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (screen->epoll_fd < 0 || screen->timer_fd < 0 ||
	    add_fd(screen, terminal_fd(screen->terminal)) || add_fd(screen, screen->timer_fd))
		return error_set(err, -errno, "cannot wait for keys: %s", strerror(errno));
	return 0;
}

static int screen_fd(void *ctx)
{
	const struct screen *screen = ctx;

	return screen->epoll_fd;
}

/* --------------------------------------------------------------------------------- drawing */

/* A frame of the terminal's present size. False: no memory. */
static bool fit_frame(struct screen *screen)
{
	unsigned int width, height;

	terminal_size(screen->terminal, &width, &height);
	if (screen->frame.cells && screen->frame.width == width && screen->frame.height == height)
		return true;
	frame_release(&screen->frame);
	return !frame_init(&screen->frame, width, height, terminal_is_ascii(screen->terminal));
}

/* Over what is there: that it goes on, and how far it is. */
static void draw_seeking(struct screen *screen, const struct model *model)
{
	const struct pace *pace = screen->pace;
	uint64_t at_ns = model_now_ns(model), from_ns = pace->from_ns;
	unsigned int percent = 0;
	char text[32];
	int len;

	if (at_ns > from_ns && pace->at_ns > from_ns)
		percent = (at_ns - from_ns) * 100 / (pace->at_ns - from_ns);
	len = snprintf(text, sizeof(text), "  seeking, %u %%  ", percent > 100 ? 100 : percent);
	frame_put(&screen->frame, screen->frame.height / 2,
		  screen->frame.width > len ? (screen->frame.width - len) / 2 : 0, len,
		  STYLE_SELECTED, text);
}

static void draw(struct screen *screen, const struct model *model)
{
	const struct pace *pace = screen->pace;
	struct view_now now = { .self = self_cost(), .wall_ns = live_now_ns() };

	screen->waiting = false;
	if (!screen->terminal || !fit_frame(screen))
		return;
	if (pace) {
		now.paused = pace->paused;
		now.speed = pace_speed(pace);
		now.from_ns = pace->from_ns;
		now.to_ns = pace->to_ns;
	}
	view_draw(screen->view, model, &now, &screen->frame);
	if (pace && pace->seeking)
		draw_seeking(screen, model);
	terminal_show(screen->terminal, &screen->frame);
	screen->drawn_ns = now.wall_ns;
}

/* Now, or when the last frame has been there for a while. */
static void want_frame(struct screen *screen, const struct model *model)
{
	bool seeking = screen->pace && screen->pace->seeking;
	uint64_t least_ns = seeking ? SEEK_FRAME_NS : FRAME_NS;
	uint64_t passed_ns = live_now_ns() - screen->drawn_ns;
	struct itimerspec once = { { 0 }, { 0 } };

	if (passed_ns >= least_ns) {
		draw(screen, model);
		return;
	}
	if (screen->waiting)
		return;
	once.it_value.tv_nsec = least_ns - passed_ns;
	timerfd_settime(screen->timer_fd, 0, &once, NULL);
	screen->waiting = true;
}

/* ------------------------------------------------------------------------------------ keys */

static void set_pace(struct screen *screen, const struct model *model, enum wish wish)
{
	struct pace *pace = screen->pace;
	uint64_t now_ns = live_now_ns();

	if (!pace)
		return;
	if (wish == WISH_PAUSE)
		pace_toggle(pace, now_ns);
	else if (wish == WISH_SEEK)
		pace_seek(pace, view_seek_by_ns(screen->view), model_now_ns(model));
	else
		pace_shift(pace, wish == WISH_FASTER, now_ns);
}

/* False: that was the last one. */
static bool take_key(struct screen *screen, const struct model *model,
		     const struct key_press *press, bool *draws)
{
	enum wish wish;

	if (press->key == KEY_HANGUP) {
		screen->gone = true;
		return false;
	}
	wish = view_key(screen->view, model, press);
	if (wish == WISH_QUIT)
		return false;
	*draws |= wish != WISH_NOTHING || press->key == KEY_RESIZED;
	if (wish != WISH_NOTHING && wish != WISH_DRAW)
		set_pace(screen, model, wish);
	return true;
}

/* What follows may take a moment, and is printed below what was there before. */
static void leave(struct screen *screen)
{
	if (screen->terminal)
		terminal_size(screen->terminal, &screen->opts.width, &screen->opts.height);
	terminal_free(screen->terminal);
	screen->terminal = NULL;
}

static bool screen_attend(void *ctx, struct model *model)
{
	struct screen *screen = ctx;
	struct key_press press;
	bool draws = false;
	uint64_t count;

	if (!screen->terminal)
		return false;
	if (read(screen->timer_fd, &count, sizeof(count)) == sizeof(count) && screen->waiting)
		draw(screen, model);
	while (terminal_key(screen->terminal, &press))
		if (!take_key(screen, model, &press, &draws)) {
			leave(screen);
			return false;
		}
	if (draws)
		want_frame(screen, model);
	return true;
}

/* ------------------------------------------------------------------------------- the model */

static void screen_event(void *ctx, const struct model_event *event)
{
	struct screen *screen = ctx;

	view_event(screen->view, event);
}

static void screen_ready(void *ctx, struct model *model)
{
	draw(ctx, model);
}

static bool screen_interval(void *ctx, struct model *model)
{
	struct screen *screen = ctx;

	want_frame(screen, model);
	return screen->terminal != NULL;
}

static void screen_clock(void *ctx, int64_t offset_ns)
{
	struct screen *screen = ctx;

	screen->opts.realtime_offset_ns = offset_ns;
	view_clock(screen->view, offset_ns);
}

static void screen_restart(void *ctx)
{
	struct screen *screen = ctx;

	view_restart(screen->view);
}

static void screen_close(void *ctx, struct model *model)
{
	struct screen *screen = ctx;
	bool shown = screen->terminal || screen->drawn_ns;

	leave(screen);
	if (model && shown && !screen->gone && model_now_ns(model)) {
		summary_print_head(model, &screen->opts, span_whole(model), stdout);
		summary_print_foot(model, &screen->opts, stdout);
		fflush(stdout);
	}
	view_free(screen->view);
	frame_release(&screen->frame);
	if (screen->epoll_fd >= 0)
		close(screen->epoll_fd);
	if (screen->timer_fd >= 0)
		close(screen->timer_fd);
}

/* ----------------------------------------------------------------------------- the command */

/* Seeking back reads it from its beginning. */
static bool is_file(const char *path)
{
	struct stat st;

	/* what is not there is complained of by who reads it */
	return strcmp(path, "-") && (stat(path, &st) || S_ISREG(st.st_mode));
}

bool screen_fits(const struct options *options)
{
	struct error err = { 0 };

	if (options->format_named || options->for_ns || !isatty(STDIN_FILENO) ||
	    !isatty(STDOUT_FILENO))
		return false;
	for (uint32_t i = 0; i < options->nr_inputs; i++)
		if (!is_file(options->inputs[i]))
			return false;
	if (!terminal_probe(&err))
		return true;
	log_msg(LOG_WARNING, "%s: here are the tables as plain text (-o text)", err.text);
	return false;
}

enum status screen_run(const struct options *options)
{
	const struct part doctor = doctor_part(options);
	struct screen screen = { .doctor = &doctor, .epoll_fd = -1, .timer_fd = -1 };
	const struct front front = {
		.ctx = &screen,
		.start = screen_start,
		.fd = screen_fd,
		.attend = screen_attend,
		.event = screen_event,
		.ready = screen_ready,
		.interval = screen_interval,
		.clock = screen_clock,
		.restart = screen_restart,
		.close = screen_close,
	};
	struct pace pace;
	struct pipeline pipeline = {
		.options = options,
		.front = &front,
		.leaks = true,
		.ports = true,
		.facts = true,
		.history = HISTORY_LAST,
		.extra = &doctor,
		.pace = options->nr_inputs ? &pace : NULL,
	};

	pace_init(&pace);
	screen.pace = pipeline.pace;
	return pipeline_run(&pipeline);
}
