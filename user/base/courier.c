// SPDX-License-Identifier: GPL-2.0-or-later
/* Under the lock is what both threads see; it is never held in a call of ops, nor of log. */
#include "base/courier.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/caps.h"
#include "base/index.h"
#include "base/log.h"
#include "base/thread.h"

#define NS_PER_MS 1000000ULL
/* deliver() was told to come back: so long it may take. */
#define INTERRUPT_MS 500
#define NAME_BYTES 16	/* what the kernel keeps of a thread's */

struct parcel {
	struct parcel *next;
	void *bytes;		/* owned */
	size_t len;
	unsigned int tries;
};

struct courier {
	const struct courier_ops *ops;
	void *ctx;
	struct courier_config config;
	char name[NAME_BYTES];
	pthread_t thread;

	pthread_mutex_t lock;	/* over everything below */
	pthread_cond_t changed;	/* CLOCK_MONOTONIC */
	bool ready;		/* the thread has got rid of what it must not have */
	bool finishing, stop, abandoned, ended;
	bool busy;		/* it is in deliver(), with the parcel out of the queue */
	struct parcel *first, **last;	/* owned */
	size_t waiting;
	uint64_t due_ns;	/* CLOCK_MONOTONIC; 0: at once */
	uint64_t until_ns;	/* of finishing */
	bool asked_to_wait;	/* due_ns is not the courier's own wish */
	unsigned int failures;	/* in a row */
	uint64_t random;
	struct courier_report report;

	/* the thread's own */
	struct error start_err;
	uint64_t lost_before;	/* dropped and refused, when it began to fail */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 * NS_PER_MS + now.tv_nsec;
}

uint64_t courier_delay_ms(const struct courier_config *config, unsigned int failures,
			  uint64_t retry_after_ms, uint32_t random)
{
	uint64_t first = config->first_ms ? config->first_ms : COURIER_FIRST_MS;
	uint64_t longest = config->longest_ms ? config->longest_ms : COURIER_LONGEST_MS;
	unsigned int doubled = failures > 32 ? 31 : failures - 1;
	uint64_t delay = first << doubled < longest ? first << doubled : longest;

	if (!retry_after_ms)
		return delay - (delay / 2 * random >> 32);
	if (retry_after_ms > COURIER_PATIENCE_MS)
		retry_after_ms = COURIER_PATIENCE_MS;
	return retry_after_ms + (retry_after_ms / 8 * random >> 32);
}

/* -------------------------------------------------------------------- with the lock held */

static void parcel_free(struct parcel *parcel)
{
	free(parcel->bytes);
	free(parcel);
}

static struct parcel *take_first(struct courier *courier)
{
	struct parcel *parcel = courier->first;

	courier->first = parcel->next;
	if (!courier->first)
		courier->last = &courier->first;
	courier->waiting--;
	return parcel;
}

static void put_back(struct courier *courier, struct parcel *parcel)
{
	parcel->next = courier->first;
	if (!courier->first)
		courier->last = &parcel->next;
	courier->first = parcel;
	courier->waiting++;
}

static void drop_waiting(struct courier *courier, size_t most)
{
	while (courier->waiting > most) {
		parcel_free(take_first(courier));
		courier->report.dropped++;
	}
}

/* Whether @courier->changed was signalled before @until_ns. */
static bool wait_until(struct courier *courier, uint64_t until_ns)
{
	const struct timespec until = {
		.tv_sec = until_ns / (1000 * NS_PER_MS),
		.tv_nsec = until_ns % (1000 * NS_PER_MS),
	};

	return pthread_cond_timedwait(&courier->changed, &courier->lock, &until) != ETIMEDOUT;
}

/* ---------------------------------------------------------------------------- the thread */

/* The parcel has been tried: what becomes of it, and when the next try is. */
static void settle(struct courier *courier, struct parcel *parcel, enum courier_verdict verdict,
		   const struct courier_failure *failure)
{
	uint64_t delay_ms;

	courier->due_ns = 0;
	if (verdict != COURIER_DELIVERED) {
		courier->failures++;
		memcpy(courier->report.last_error, failure->err.text,
		       sizeof(courier->report.last_error));
	}
	if (verdict == COURIER_AGAIN) {
		courier->random = hash_mix(courier->random + 1);
		delay_ms = courier_delay_ms(&courier->config, courier->failures,
					    failure->retry_after_ms, courier->random);
		courier->due_ns = now_ns() + delay_ms * NS_PER_MS;
		courier->asked_to_wait = failure->retry_after_ms;
		if (++parcel->tries < courier->config.tries) {
			put_back(courier, parcel);
			drop_waiting(courier, courier->config.max_waiting);
			return;
		}
		courier->report.dropped++;
	} else if (verdict == COURIER_REFUSED) {
		courier->report.refused++;
	} else {
		courier->report.delivered++;
		courier->failures = 0;
	}
	parcel_free(parcel);
}

/* Logs what is new: it fails, it works again. */
static void tell(const char *name, enum courier_verdict verdict,
		 const struct courier_failure *failure, uint64_t lost)
{
	if (verdict == COURIER_AGAIN)
		log_msg(LOG_WARNING, "%s: %s; trying again", name, failure->err.text);
	else if (verdict == COURIER_REFUSED)
		log_msg(LOG_WARNING, "%s: %s", name, failure->err.text);
	else if (lost)
		log_msg(LOG_WARNING, "%s: works again, after %" PRIu64 " were lost", name, lost);
	else
		log_msg(LOG_WARNING, "%s: works again", name);
}

/* Takes and leaves the lock held. */
static void deliver_first(struct courier *courier)
{
	struct courier_failure failure = { .retry_after_ms = 0 };
	struct parcel *parcel = take_first(courier);
	uint64_t lost = courier->report.dropped + courier->report.refused;
	unsigned int failures = courier->failures;
	enum courier_verdict verdict;

	courier->busy = true;
	pthread_mutex_unlock(&courier->lock);
	verdict = courier->ops->deliver(courier->ctx, parcel->bytes, parcel->len, &failure);
	pthread_mutex_lock(&courier->lock);
	courier->busy = false;
	settle(courier, parcel, verdict, &failure);
	/* neither failure after failure nor what simply works */
	if (!failures == (verdict == COURIER_DELIVERED))
		return;
	if (!failures)
		courier->lost_before = lost;
	pthread_mutex_unlock(&courier->lock);
	tell(courier->name, verdict, &failure, lost - courier->lost_before);
	pthread_mutex_lock(&courier->lock);
}

/* Until there is something to deliver, and it is time; false: that is not to be any more. */
static bool wait_for_work(struct courier *courier)
{
	while (!courier->stop) {
		if (!courier->first) {
			if (courier->finishing)
				return false;
			pthread_cond_wait(&courier->changed, &courier->lock);
		} else if (courier->due_ns <= now_ns()) {
			return true;
		} else if (courier->finishing && courier->due_ns > courier->until_ns) {
			return false;
		} else {
			wait_until(courier, courier->due_ns);
		}
	}
	return false;
}

static void destroy(struct courier *courier)
{
	if (courier->ops->release)
		courier->ops->release(courier->ctx);
	pthread_cond_destroy(&courier->changed);
	pthread_mutex_destroy(&courier->lock);
	free(courier);
}

static void *run(void *arg)
{
	struct courier *courier = arg;
	int ret = 0;
	bool abandoned;

	if (courier->ops->begin)
		ret = courier->ops->begin(courier->ctx, &courier->start_err);
	if (!ret)
		ret = caps_limit(NO_CAPS, &courier->start_err);
	pthread_setname_np(pthread_self(), courier->name);
	pthread_mutex_lock(&courier->lock);
	courier->ready = true;
	pthread_cond_broadcast(&courier->changed);
	while (!ret && wait_for_work(courier))
		deliver_first(courier);
	drop_waiting(courier, 0);
	courier->ended = true;
	pthread_cond_broadcast(&courier->changed);
	abandoned = courier->abandoned;
	pthread_mutex_unlock(&courier->lock);
	if (abandoned)
		destroy(courier);
	return NULL;
}

/* ---------------------------------------------------------------------------- the sender */

static int start(struct courier *courier, struct error *err)
{
	int ret = thread_start(&courier->thread, run, courier);

	if (ret)
		return error_set(err, ret, "cannot start a thread: %s", strerror(-ret));
	pthread_mutex_lock(&courier->lock);
	while (!courier->ready)
		pthread_cond_wait(&courier->changed, &courier->lock);
	ret = courier->start_err.code;
	pthread_mutex_unlock(&courier->lock);
	if (!ret)
		return 0;
	pthread_join(courier->thread, NULL);
	return error_set(err, ret, "%s", courier->start_err.text);
}

struct courier *courier_new(const struct courier_ops *ops, void *ctx,
			    const struct courier_config *config, struct error *err)
{
	static const struct courier_ops nothing;
	struct courier *courier = malloc(sizeof(*courier));
	pthread_condattr_t monotonic;

	if (!courier) {
		error_set(err, -ENOMEM, "no memory");
		return NULL;
	}
	*courier = (struct courier){ .ops = ops, .ctx = ctx, .config = *config };
	courier->config.tries = config->tries ? config->tries : COURIER_TRIES;
	snprintf(courier->name, sizeof(courier->name), "%s", config->name);
	courier->last = &courier->first;
	courier->random = now_ns() ^ (uintptr_t)courier;
	pthread_mutex_init(&courier->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&courier->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (start(courier, err)) {
		courier->ops = &nothing;
		destroy(courier);
		return NULL;
	}
	return courier;
}

void courier_send(struct courier *courier, void *bytes, size_t len)
{
	struct parcel *parcel = malloc(sizeof(*parcel));

	if (!parcel)
		free(bytes);
	else
		*parcel = (struct parcel){ .bytes = bytes, .len = len };
	pthread_mutex_lock(&courier->lock);
	if (parcel) {
		*courier->last = parcel;
		courier->last = &parcel->next;
		courier->waiting++;
		drop_waiting(courier, courier->config.max_waiting);
		pthread_cond_broadcast(&courier->changed);
	} else {
		courier->report.dropped++;
	}
	pthread_mutex_unlock(&courier->lock);
}

void courier_report(struct courier *courier, struct courier_report *report)
{
	pthread_mutex_lock(&courier->lock);
	*report = courier->report;
	pthread_mutex_unlock(&courier->lock);
}

static void wait_for_end(struct courier *courier, uint64_t until_ns)
{
	while (!courier->ended && wait_until(courier, until_ns))
		;
}

void courier_finish(struct courier *courier, unsigned int patience_ms,
		    struct courier_report *report)
{
	bool abandoned;

	pthread_mutex_lock(&courier->lock);
	courier->finishing = true;
	courier->until_ns = now_ns() + patience_ms * NS_PER_MS;
	if (!courier->asked_to_wait)
		courier->due_ns = 0;
	pthread_cond_broadcast(&courier->changed);
	wait_for_end(courier, courier->until_ns);
	courier->stop = true;
	pthread_cond_broadcast(&courier->changed);
	if (courier->busy && courier->ops->interrupt) {
		pthread_mutex_unlock(&courier->lock);
		courier->ops->interrupt(courier->ctx);
		pthread_mutex_lock(&courier->lock);
	}
	if (!courier->busy || courier->ops->interrupt)
		wait_for_end(courier, now_ns() + INTERRUPT_MS * NS_PER_MS);
	drop_waiting(courier, 0);
	/* it may not come back for as long as this process lives */
	abandoned = courier->abandoned = !courier->ended;
	if (abandoned) {
		courier->report.dropped += courier->busy;
		pthread_detach(courier->thread);
	}
	*report = courier->report;
	pthread_mutex_unlock(&courier->lock);
	if (abandoned)
		return;
	pthread_join(courier->thread, NULL);
	destroy(courier);
}
