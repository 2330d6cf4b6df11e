// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The thread that has the canvas: it draws, reads keys, and takes part in the shell's job
 * control. The lock is never held while the terminal is waited for.
 */
#include "base/terminal_thread.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/canvas.h"
#include "base/caps.h"
#include "base/rescue.h"

void bell_ring(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return;		/* it has been rung often enough */
}

void bell_silence(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

/* Of more than anybody types the first ones count. */
static void put_key(struct terminal *terminal, struct key_press press)
{
	pthread_mutex_lock(&terminal->lock);
	if (terminal->nr_keys < TERMINAL_KEYS)
		terminal->keys[(terminal->first_key + terminal->nr_keys++) % TERMINAL_KEYS] = press;
	pthread_mutex_unlock(&terminal->lock);
	bell_ring(terminal->keys_fd);
}

static void tell_size(struct terminal *terminal, const struct canvas *canvas)
{
	unsigned int width, height;

	canvas_size(canvas, &width, &height);
	pthread_mutex_lock(&terminal->lock);
	terminal->width = width;
	terminal->height = height;
	pthread_mutex_unlock(&terminal->lock);
}

static void on_resize(struct terminal *terminal, struct canvas *canvas)
{
	canvas_resize(canvas);
	tell_size(terminal, canvas);
	put_key(terminal, (struct key_press){ .key = KEY_RESIZED });
}

static void enter(struct terminal *terminal, struct canvas *canvas)
{
	rescue_arm(true);
	canvas_enter(canvas);
	on_resize(terminal, canvas);
}

/* As any program: the shell stops it, and finds the terminal as it was. */
static void on_stop(struct terminal *terminal, struct canvas *canvas)
{
	const struct timespec at_once = { 0 };
	struct sigaction ours, stops = { .sa_handler = SIG_DFL };
	sigset_t stop, goes_on;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	sigemptyset(&goes_on);
	sigaddset(&goes_on, SIGCONT);
	canvas_leave(canvas);
	rescue_arm(false);
	sigaction(SIGTSTP, &stops, &ours);
	raise(SIGTSTP);
	/* here it stands until SIGCONT, which is no news then */
	pthread_sigmask(SIG_UNBLOCK, &stop, NULL);
	pthread_sigmask(SIG_BLOCK, &stop, NULL);
	sigaction(SIGTSTP, &ours, NULL);
	sigtimedwait(&goes_on, NULL, &at_once);
	enter(terminal, canvas);
}

static void on_signal(struct terminal *terminal, struct canvas *canvas)
{
	struct signalfd_siginfo info;

	while (read(terminal->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGWINCH)
			on_resize(terminal, canvas);
		else if (info.ssi_signo == SIGTSTP)
			on_stop(terminal, canvas);
		else
			/* after SIGSTOP: somebody else had the terminal meanwhile */
			enter(terminal, canvas);
	}
}

/* Swaps: what @frame held is of no use any more. */
static bool take_frame(struct terminal *terminal, struct frame *frame)
{
	struct frame taken;
	bool is_new;

	pthread_mutex_lock(&terminal->lock);
	is_new = terminal->is_new;
	if (is_new) {
		taken = terminal->shown;
		terminal->shown = *frame;
		*frame = taken;
		terminal->is_new = false;
	}
	pthread_mutex_unlock(&terminal->lock);
	return is_new;
}

/* What somebody has written over the screen (a message of the kernel, `wall`) goes. */
#define REPAINT_KEY ('L' & 0x1f)

static void read_keys(struct terminal *terminal, struct canvas *canvas)
{
	struct key_press press;

	while (canvas_key(canvas, &press))
		if (press.key == REPAINT_KEY)
			canvas_repaint(canvas);
		else
			put_key(terminal, press);
}

/* False: the terminal has gone. */
static bool attend(struct terminal *terminal, struct canvas *canvas, struct frame *frame)
{
	struct pollfd ready[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = terminal->signal_fd, .events = POLLIN },
		{ .fd = terminal->wake_fd, .events = POLLIN },
	};

	if (poll(ready, sizeof(ready) / sizeof(ready[0]), -1) < 0)
		return errno == EINTR;
	if (ready[0].revents & (POLLHUP | POLLERR | POLLNVAL))
		return false;
	if (ready[1].revents)
		on_signal(terminal, canvas);
	if (ready[0].revents)
		read_keys(terminal, canvas);
	if (ready[2].revents)
		bell_silence(terminal->wake_fd);
	if (take_frame(terminal, frame))
		canvas_draw(canvas, frame);
	return true;
}

static bool is_over(struct terminal *terminal)
{
	bool stop;

	pthread_mutex_lock(&terminal->lock);
	stop = terminal->stop;
	pthread_mutex_unlock(&terminal->lock);
	return stop;
}

static void tell(struct terminal *terminal, bool *what)
{
	pthread_mutex_lock(&terminal->lock);
	*what = true;
	pthread_cond_broadcast(&terminal->changed);
	pthread_mutex_unlock(&terminal->lock);
}

void *terminal_run(void *arg)
{
	struct terminal *terminal = arg;
	struct canvas *canvas = NULL;
	struct frame frame = { 0 };
	bool there = true;

	pthread_setname_np(pthread_self(), "screen");
	if (!caps_limit(NO_CAPS, &terminal->start_err)) {
		rescue_arm(true);
		canvas = canvas_new(terminal->ascii, &terminal->start_err);
	}
	if (canvas)
		tell_size(terminal, canvas);
	tell(terminal, &terminal->begun);
	while (canvas && there && !is_over(terminal))
		there = attend(terminal, canvas, &frame);
	if (!there)
		put_key(terminal, (struct key_press){ .key = KEY_HANGUP });
	canvas_free(canvas);
	rescue_arm(false);
	free(frame.cells);
	tell(terminal, &terminal->ended);
	return NULL;
}
