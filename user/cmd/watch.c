// SPDX-License-Identifier: GPL-2.0-or-later
/* epoll over what can happen. */
#include "cmd/watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/notify.h"
#include "base/text.h"
#include "cmd/child.h"
#include "cmd/front.h"
#include "cmd/signals.h"
#include "model/farewell.h"
#include "model/leak.h"
#include "source/scope.h"

/* After something came the ring is looked at again so soon, until nothing comes. */
#define FOLLOW_UP_MS 50
/* Comparing with the kernel takes at most so many thousandths of the time. */
#define SURVEY_BUDGET 10
/* Leaks have time, and what looks for them is to stay below a hundredth with all that it does. */
#define LEAKS_BUDGET 4
#define RECONCILE_NS 1000000000ULL
/* So much more for walks over open files: for holders, after sockets in CLOSE. */
#define HOLDERS_BUDGET 2
#define CLOSED_BUDGET 2
#define MAX_PROCESSES 32
/* What a command has closed may take so long to be answered. */
#define FAREWELL_NS 250000000ULL

enum waited { WAIT_RING, WAIT_INTERVAL, WAIT_OUTPUT, WAIT_CHILD, WAIT_FRONT, NR_WAITED };

struct watch {
	struct stage *stage;
	struct live *live;
	struct receiver to;
	struct child *child;	/* borrowed; NULL: no command is run */
	struct notify *notify;	/* borrowed */
	uint64_t reconciled_ns, until_ns;
	int epoll_fd, timer_fd;
	bool over;
};

static int watch_add(struct watch *watch, int fd, uint32_t events, enum waited what)
{
	struct epoll_event event = { .events = events, .data.u32 = what };

	return fd < 0 || epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int interval_timer(uint64_t ns)
{
	struct itimerspec every = {
		.it_interval = { ns / 1000000000, ns % 1000000000 },
		.it_value = { ns / 1000000000, ns % 1000000000 },
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0 && timerfd_settime(fd, 0, &every, NULL)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static int open_watch(struct watch *watch, struct error *err)
{
	const struct options *options = watch->stage->pipeline->options;
	const struct front *front = watch->stage->front;

	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch->timer_fd = interval_timer(options->interval_ns);
	if (watch->epoll_fd < 0 || watch_add(watch, live_fd(watch->live), EPOLLIN, WAIT_RING) ||
	    watch_add(watch, watch->timer_fd, EPOLLIN, WAIT_INTERVAL))
		return error_set(err, -errno, "cannot wait for events: %s", strerror(errno));
	if (watch->child && watch_add(watch, child_fd(watch->child), EPOLLIN, WAIT_CHILD))
		return error_set(err, -errno, "cannot wait for the command: %s", strerror(errno));
	if (front && watch_add(watch, front->fd(front->ctx), EPOLLIN, WAIT_FRONT))
		return error_set(err, -errno, "cannot wait for requests: %s", strerror(errno));
	/* a pipe whose reader has gone; a plain file can't be waited for, and need not */
	if (!watch->child)
		watch_add(watch, STDOUT_FILENO, 0, WAIT_OUTPUT);
	/* whatever it is, a write that has failed */
	for (unsigned int i = 0; i < STAGE_OUTLETS; i++)
		watch_add(watch, stage_outlet_fd(watch->stage, i), EPOLLIN, WAIT_OUTPUT);
	if (options->for_ns)
		watch->until_ns = live_now_ns() + options->for_ns;
	return 0;
}

static void close_watch(struct watch *watch)
{
	close(watch->epoll_fd);
	close(watch->timer_fd);
}

/* Those that hold what a verdict counts. */
static void tell_processes(struct watch *watch)
{
	uint32_t pids[MAX_PROCESSES];
	size_t count = model_wants_processes(watch->stage->model, pids, MAX_PROCESSES);

	live_tell_processes(watch->live, pids, count, &watch->to);
}

/* The last look: what has happened settles, and verdicts rest on what is there now. */
static void settle(struct watch *watch)
{
	struct model *model = watch->stage->model;

	live_drain(watch->live, &watch->to);
	live_interval(watch->live, 0, watch->stage->pipeline->leaks, &watch->to);
	if (watch->stage->pipeline->leaks)
		live_look_for_closed(watch->live, 0, &watch->to);
	/* who of the command runs on, and with what */
	if (watch->child)
		live_look_for_holders(watch->live, HOLDERS_BUDGET, &watch->to);
	live_drain(watch->live, &watch->to);
	model_judge(model);
	tell_processes(watch);
}

static void on_interval(struct watch *watch)
{
	bool leaks = watch->stage->pipeline->leaks;
	struct model *model = watch->stage->model;
	uint64_t interval_ns = watch->stage->pipeline->options->interval_ns;
	uint64_t expirations, now_ns = live_now_ns();

	if (read(watch->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	if (now_ns - watch->reconciled_ns + FOLLOW_UP_MS * 1000000ULL >= RECONCILE_NS) {
		watch->reconciled_ns = now_ns;
		live_interval(watch->live, leaks ? LEAKS_BUDGET : SURVEY_BUDGET,
			      model_wants_ages(model), &watch->to);
		if (live_may_look_for_holders(watch->live) &&
		    model_wants_holders(model, RECONCILE_NS))
			live_look_for_holders(watch->live, HOLDERS_BUDGET, &watch->to);
		if (model_wants_closed(model))
			live_look_for_closed(watch->live, CLOSED_BUDGET, &watch->to);
		tell_processes(watch);
	}
	live_drain(watch->live, &watch->to);
	watch->stage->nearly_over = watch->until_ns && watch->until_ns < now_ns + interval_ns / 2;
	if (!stage_interval(watch->stage))
		watch->over = true;
}

/* The sooner of two waits, where -1 is for ever. */
static int sooner(int a_ms, int b_ms)
{
	return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

/* How long to wait: until the end or the next beat, and not long while events keep coming. */
static int patience_ms(const struct watch *watch, bool busy)
{
	uint64_t now_ns = live_now_ns(), left_ms;
	int beat_ms = notify_wait_ms(watch->notify, now_ns);

	if (busy)
		beat_ms = sooner(beat_ms, FOLLOW_UP_MS);
	if (!watch->until_ns)
		return beat_ms;
	if (now_ns >= watch->until_ns)
		return 0;
	left_ms = (watch->until_ns - now_ns) / 1000000 + 1;
	return sooner(beat_ms, (int)(left_ms > 60000 ? 60000 : left_ms));
}

/* The ring was looked at just now: that is what the watchdog is to know. */
static void beat(struct watch *watch)
{
	const struct row *totals = model_totals(watch->stage->model);
	char open[TEXT_LEN], time_wait[TEXT_LEN], text[128];
	uint64_t now_ns = live_now_ns();

	if (!notify_is_due(watch->notify, now_ns))
		return;
	snprintf(text, sizeof(text), "tracing: %s connections open, %s sockets in TIME_WAIT",
		 text_count(totals->count[FIELD_OPEN], open),
		 text_count(totals->count[FIELD_TIME_WAIT], time_wait));
	notify_beat(watch->notify, now_ns, text);
}

/* All that it did comes before its end; what follows is the kernel's, and its peers'. */
static void on_child(struct watch *watch)
{
	bool over = watch->child->over;

	child_attend(watch->child);
	if (over || !watch->child->over)
		return;
	live_drain(watch->live, &watch->to);
	watch->until_ns = live_now_ns() + FAREWELL_NS;
	scope_tell_end(watch->stage->pipeline->scope, watch->child->status, live_now_ns(),
		       &watch->to);
}

/* Whether nothing more is to be waited for. */
static bool is_over(const struct watch *watch)
{
	if (signals_came() || (watch->until_ns && live_now_ns() >= watch->until_ns))
		return true;
	return watch->child && watch->child->over && !model_farewell_settling(watch->stage->model);
}

static void on_event(struct watch *watch, enum waited what)
{
	const struct front *front = watch->stage->front;

	if (what == WAIT_INTERVAL)
		on_interval(watch);
	else if (what == WAIT_CHILD)
		on_child(watch);
	else if (what == WAIT_FRONT)
		watch->over |= !front->attend(front->ctx, watch->stage->model);
	/* without its output a command runs on, and its status is wanted */
	else if (what == WAIT_OUTPUT && !watch->child)
		watch->over = true;
}

/* How many events, or -errno. */
static int wait_for(struct watch *watch, struct epoll_event *events, int timeout_ms)
{
	int ret = signals_wait(watch->epoll_fd, timeout_ms, false);

	if (ret <= 0)
		return ret;
	ret = epoll_wait(watch->epoll_fd, events, NR_WAITED, 0);
	return ret < 0 ? -errno : ret;
}

static int run(struct watch *watch, struct error *err)
{
	struct epoll_event events[NR_WAITED];
	bool busy = true;

	while (!watch->over) {
		int count = wait_for(watch, events, patience_ms(watch, busy));
		/* an event within WAKEUP_NS of the last wake-up makes none itself: only a look
		 * that much later may say that nothing comes */
		bool early = busy && count != 0;

		if (count < 0 && count != -EINTR)
			return error_set(err, count, "cannot wait for events: %s",
					 strerror(-count));
		for (int i = 0; i < count; i++) {
			on_event(watch, events[i].data.u32);
			early |= events[i].data.u32 == WAIT_INTERVAL;
		}
		busy = live_drain(watch->live, &watch->to) || early;
		if (signals_save_came())
			stage_save(watch->stage);
		beat(watch);
		/* a lone event shows at once, a flood is written by the drain */
		if (busy && !stage_flush(watch->stage))
			watch->over = true;
		if (is_over(watch))
			watch->over = true;
	}
	return 0;
}

int watch(struct stage *stage, struct live *live, struct notify *notify, struct error *err)
{
	struct watch watch = {
		.stage = stage,
		.live = live,
		.child = stage->pipeline->child,
		.notify = notify,
		.to = stage_receiver(stage),
		.reconciled_ns = live_now_ns(),
	};
	int ret = open_watch(&watch, err);

	if (!ret)
		ret = run(&watch, err);
	settle(&watch);
	live_end(live, &watch.to);
	close_watch(&watch);
	return ret;
}
