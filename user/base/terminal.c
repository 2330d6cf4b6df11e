// SPDX-License-Identifier: GPL-2.0-or-later
/* The side of a terminal that never waits: how it is taken over, asked and given back. */
#include "base/terminal.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/canvas.h"
#include "base/log.h"
#include "base/rescue.h"
#include "base/terminal_thread.h"

/* So long the thread may take to leave the screen. */
#define LEAVE_MS 500

static void on_nothing(int number)
{
	(void)number;
}

/*
 * Those of job control and of the window's size come by signal_fd: every thread holds them
 * back. That they have a handler keeps ncurses from having one.
 */
static void take_signals(struct terminal *terminal)
{
	struct sigaction nothing = { .sa_handler = on_nothing, .sa_flags = SA_RESTART };
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGWINCH);
	sigaddset(&ours, SIGCONT);
	sigaction(SIGWINCH, &nothing, &terminal->resize_before);
	sigaction(SIGTSTP, NULL, &terminal->stop_before);
	/* else whoever started it does not want it to be stopped */
	if (terminal->stop_before.sa_handler != SIG_IGN) {
		sigaddset(&ours, SIGTSTP);
		sigaction(SIGTSTP, &nothing, NULL);
	}
	pthread_sigmask(SIG_BLOCK, &ours, &terminal->mask_before);
	terminal->signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void give_signals_back(struct terminal *terminal)
{
	sigaction(SIGTSTP, &terminal->stop_before, NULL);
	sigaction(SIGWINCH, &terminal->resize_before, NULL);
	pthread_sigmask(SIG_SETMASK, &terminal->mask_before, NULL);
}

/* Signals are for who can act on them, but for what a thread does itself. */
static int start_thread(struct terminal *terminal)
{
	const int own[] = { SIGSEGV, SIGBUS,  SIGFPE,  SIGILL,	SIGTRAP,
			    SIGSYS,  SIGABRT, SIGTTIN, SIGTTOU, SIGRTMIN };
	sigset_t held, before;
	int ret;

	sigfillset(&held);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		sigdelset(&held, own[i]);
	pthread_sigmask(SIG_SETMASK, &held, &before);
	ret = pthread_create(&terminal->thread, NULL, terminal_run, terminal);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		return -ret;
	pthread_mutex_lock(&terminal->lock);
	while (!terminal->begun)
		pthread_cond_wait(&terminal->changed, &terminal->lock);
	pthread_mutex_unlock(&terminal->lock);
	return 0;
}

/* Whether the thread has left the screen in time. */
static bool wait_for_end(struct terminal *terminal)
{
	struct timespec until;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LEAVE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&terminal->lock);
	terminal->stop = true;
	pthread_mutex_unlock(&terminal->lock);
	bell_ring(terminal->wake_fd);
	pthread_mutex_lock(&terminal->lock);
	while (!terminal->ended && !ret)
		ret = pthread_cond_timedwait(&terminal->changed, &terminal->lock, &until);
	ret = terminal->ended;
	pthread_mutex_unlock(&terminal->lock);
	return ret;
}

static struct terminal *terminal_make(void)
{
	struct terminal *terminal = calloc(1, sizeof(*terminal));
	pthread_condattr_t attr;

	if (!terminal)
		return NULL;
	setlocale(LC_CTYPE, "");
	terminal->ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
	terminal->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	terminal->keys_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&terminal->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&terminal->changed, &attr);
	pthread_condattr_destroy(&attr);
	take_signals(terminal);
	return terminal;
}

static void terminal_release(struct terminal *terminal)
{
	close(terminal->wake_fd);
	close(terminal->keys_fd);
	close(terminal->signal_fd);
	pthread_cond_destroy(&terminal->changed);
	pthread_mutex_destroy(&terminal->lock);
	free(terminal->shown.cells);
	free(terminal);
}

static int start(struct terminal *terminal, struct error *err)
{
	char restore[RESCUE_BYTES];
	struct termios found;
	int ret;

	if (canvas_probe(restore, err))
		return err->code;
	if (tcgetattr(STDIN_FILENO, &found))
		return error_set(err, -errno, "standard input is no terminal: %s", strerror(errno));
	if (terminal->wake_fd < 0 || terminal->keys_fd < 0 || terminal->signal_fd < 0)
		return error_set(err, -EMFILE, "cannot wait for keys: %s", strerror(EMFILE));
	rescue_begin(STDOUT_FILENO, &found, restore, strlen(restore));
	ret = start_thread(terminal);
	if (ret)
		return error_set(err, ret, "cannot start a thread: %s", strerror(-ret));
	if (terminal->start_err.code)
		*err = terminal->start_err;
	return terminal->start_err.code;
}

struct terminal *terminal_new(struct error *err)
{
	struct terminal *terminal = terminal_make();

	if (!terminal) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	if (isatty(STDERR_FILENO))
		log_hold();
	if (start(terminal, err)) {
		terminal_free(terminal);
		return NULL;
	}
	return terminal;
}

void terminal_free(struct terminal *terminal)
{
	bool ended;

	if (!terminal)
		return;
	ended = !terminal->begun || wait_for_end(terminal);
	if (ended && terminal->begun)
		pthread_join(terminal->thread, NULL);
	/* else it waits for a terminal that takes nothing: it is left there, with what it needs */
	rescue_now();
	rescue_end();
	give_signals_back(terminal);
	log_release();
	if (ended)
		terminal_release(terminal);
}

int terminal_probe(struct error *err)
{
	char restore[RESCUE_BYTES];

	return canvas_probe(restore, err);
}

void terminal_size(struct terminal *terminal, unsigned int *width, unsigned int *height)
{
	pthread_mutex_lock(&terminal->lock);
	*width = terminal->width;
	*height = terminal->height;
	pthread_mutex_unlock(&terminal->lock);
}

bool terminal_is_ascii(const struct terminal *terminal)
{
	return terminal->ascii;
}

int terminal_fd(const struct terminal *terminal)
{
	return terminal->keys_fd;
}

bool terminal_key(struct terminal *terminal, struct key_press *press)
{
	bool there;

	pthread_mutex_lock(&terminal->lock);
	there = terminal->nr_keys != 0;
	if (there) {
		*press = terminal->keys[terminal->first_key];
		terminal->first_key = (terminal->first_key + 1) % TERMINAL_KEYS;
		terminal->nr_keys--;
	} else {
		bell_silence(terminal->keys_fd);
	}
	pthread_mutex_unlock(&terminal->lock);
	return there;
}

/* Without memory the frame before it stays. */
void terminal_show(struct terminal *terminal, const struct frame *frame)
{
	size_t size = (size_t)frame->width * frame->height * sizeof(*frame->cells);
	struct cell *cells;

	pthread_mutex_lock(&terminal->lock);
	cells = realloc(terminal->shown.cells, size ? size : 1);
	if (cells) {
		terminal->shown = *frame;
		terminal->shown.cells = memcpy(cells, frame->cells, size);
		terminal->is_new = true;
	}
	pthread_mutex_unlock(&terminal->lock);
	bell_ring(terminal->wake_fd);
}
