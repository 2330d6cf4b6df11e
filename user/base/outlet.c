// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queue is a list of chunks, each some whole units. Under the lock are the list and
 * what the thread is about; the chunk that is being filled is the filler's alone.
 */
#include "base/outlet.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/chunk.h"

#define STDIO_BYTES 16384	/* what a chunk has room for beyond CHUNK_BYTES */
#define MOST_SPARE 4

struct outlet {
	const struct outlet_ops *ops;
	void *ctx;
	size_t capacity;
	FILE *file;		/* owned; NULL: nobody has asked for it */
	int event_fd;		/* owned */

	/* the filler's own */
	struct chunk *filling;	/* owned; NULL: none */
	/* Of it, with what waits in the file: where the last unit ended. Less than CHUNK_BYTES,
	 * or all of it is in the chunk. */
	size_t whole;
	bool spoilt;		/* the unit being made does not fit into memory */
	bool full;
	bool started;

	pthread_t thread;
	pthread_mutex_t lock;	/* over everything below */
	pthread_cond_t handed_over;
	struct chunk *first, **last;	/* owned: the queue */
	struct chunk *spare;	/* owned */
	unsigned int nr_spare;
	size_t claimed;		/* of the first chunk: so far it is going to be written */
	bool busy;		/* the thread is in a call of ops */
	bool stop, abandoned, awaited;

	/* written under the lock, read by the filler without */
	atomic_size_t left;	/* bytes in the queue that are not written */
	atomic_int error;
};

/* -------------------------------------------------------------------------- spare chunks */

/* With the lock held. */
static void recycle(struct outlet *outlet, struct chunk *chunk)
{
	if (chunk->room > CHUNK_ROOM || outlet->nr_spare == MOST_SPARE) {
		chunk_free(chunk);
		return;
	}
	chunk_clear(chunk);
	chunk->next = outlet->spare;
	outlet->spare = chunk;
	outlet->nr_spare++;
}

/* The chunk to fill; NULL when there is no memory. */
static struct chunk *filling(struct outlet *outlet)
{
	if (outlet->filling)
		return outlet->filling;
	pthread_mutex_lock(&outlet->lock);
	outlet->filling = outlet->spare;
	if (outlet->spare) {
		outlet->spare = outlet->spare->next;
		outlet->nr_spare--;
	}
	pthread_mutex_unlock(&outlet->lock);
	if (!outlet->filling)
		outlet->filling = chunk_new();
	return outlet->filling;
}

/* -------------------------------------------------------------------- with the lock held */

static void notify(struct outlet *outlet)
{
	eventfd_write(outlet->event_fd, 1);
}

static void pop(struct outlet *outlet)
{
	struct chunk *chunk = outlet->first;

	outlet->first = chunk->next;
	if (!outlet->first)
		outlet->last = &outlet->first;
	outlet->claimed = 0;
	recycle(outlet, chunk);
}

/* Keeps of the queue what the thread has claimed; returns what goes. */
static struct outlet_tally drop_unclaimed(struct outlet *outlet)
{
	struct outlet_tally dropped = { 0 };
	struct chunk *first = outlet->first, *chunk, *next;

	if (!first)
		return dropped;
	chunk_cut(first, outlet->claimed, &dropped);
	for (chunk = first->next; chunk; chunk = next) {
		next = chunk->next;
		chunk_tally(chunk, 0, &dropped);
		recycle(outlet, chunk);
	}
	first->next = NULL;
	outlet->last = &first->next;
	outlet->left = first->len - first->sent;
	if (!outlet->busy && first->sent == first->len && !first->flush)
		pop(outlet);
	return dropped;
}

static void fail(struct outlet *outlet, int error)
{
	if (!outlet->error)
		outlet->error = error;
	while (outlet->first)
		pop(outlet);
	outlet->left = 0;
	notify(outlet);
}

/* ------------------------------------------------------------------------------ the thread */

/* Writes some of the first chunk, or flushes after it. Takes and leaves the lock held. */
static void write_some(struct outlet *outlet, size_t most)
{
	struct chunk *chunk = outlet->first;
	ssize_t ret;
	size_t len;

	if (outlet->claimed <= chunk->sent)
		outlet->claimed = chunk_claim(chunk, most);
	len = outlet->claimed - chunk->sent;
	outlet->busy = true;
	pthread_mutex_unlock(&outlet->lock);
	if (len)
		ret = outlet->ops->write(outlet->ctx, chunk->bytes + chunk->sent, len);
	else
		ret = outlet->ops->flush(outlet->ctx);
	pthread_mutex_lock(&outlet->lock);
	outlet->busy = false;
	if (ret < 0) {
		fail(outlet, (int)ret);
		return;
	}
	if (len) {
		chunk->sent += (size_t)ret;
		outlet->left -= (size_t)ret;
	} else {
		chunk->flush = false;
	}
	if (chunk->sent == chunk->len && !chunk->flush)
		pop(outlet);
}

static void destroy(struct outlet *outlet)
{
	struct chunk *chunk;

	if (outlet->file) {
		__fpurge(outlet->file);
		fclose(outlet->file);
	}
	while ((chunk = outlet->first)) {
		outlet->first = chunk->next;
		chunk_free(chunk);
	}
	while ((chunk = outlet->spare)) {
		outlet->spare = chunk->next;
		chunk_free(chunk);
	}
	chunk_free(outlet->filling);
	if (outlet->event_fd >= 0)
		close(outlet->event_fd);
	if (outlet->ops->release)
		outlet->ops->release(outlet->ctx);
	pthread_cond_destroy(&outlet->handed_over);
	pthread_mutex_destroy(&outlet->lock);
	free(outlet);
}

static void *run(void *arg)
{
	struct outlet *outlet = arg;
	bool abandoned;
	size_t most;

	pthread_mutex_lock(&outlet->lock);
	while (!outlet->stop) {
		if (outlet->first) {
			/* the output may be asked only once there is something for it */
			pthread_mutex_unlock(&outlet->lock);
			most = outlet->ops->most ? outlet->ops->most(outlet->ctx) : SIZE_MAX;
			pthread_mutex_lock(&outlet->lock);
			/* meanwhile all of it may have been dropped, or nobody waits for it */
			if (outlet->first && !outlet->stop)
				write_some(outlet, most);
			continue;
		}
		if (outlet->awaited)
			notify(outlet);
		pthread_cond_wait(&outlet->handed_over, &outlet->lock);
	}
	abandoned = outlet->abandoned;
	pthread_mutex_unlock(&outlet->lock);
	if (abandoned)
		destroy(outlet);
	return NULL;
}

/* ------------------------------------------------------------------------------ the filler */

static ssize_t put_bytes(void *cookie, const char *bytes, size_t len)
{
	outlet_put(cookie, bytes, len);
	/* what went wrong is known already, and said where it can be told */
	return (ssize_t)len;
}

struct outlet *outlet_new(const struct outlet_ops *ops, void *ctx, size_t capacity)
{
	struct outlet *outlet = malloc(sizeof(*outlet));

	if (!outlet)
		return NULL;
	*outlet = (struct outlet){ .ops = ops, .ctx = ctx, .capacity = capacity };
	outlet->last = &outlet->first;
	pthread_mutex_init(&outlet->lock, NULL);
	pthread_cond_init(&outlet->handed_over, NULL);
	outlet->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (outlet->event_fd >= 0)
		return outlet;
	pthread_cond_destroy(&outlet->handed_over);
	pthread_mutex_destroy(&outlet->lock);
	free(outlet);
	return NULL;
}

FILE *outlet_file(struct outlet *outlet)
{
	static const cookie_io_functions_t functions = { .write = put_bytes };

	if (outlet->file)
		return outlet->file;
	outlet->file = fopencookie(outlet, "w", functions);
	if (!outlet->file)
		return NULL;
	setvbuf(outlet->file, NULL, _IOFBF, STDIO_BYTES);
	/* one thread has it: no lock for every character */
	__fsetlocking(outlet->file, FSETLOCKING_BYCALLER);
	return outlet->file;
}

void outlet_free(struct outlet *outlet)
{
	bool abandoned = false;

	if (!outlet)
		return;
	if (outlet->started) {
		pthread_mutex_lock(&outlet->lock);
		outlet->stop = true;
		drop_unclaimed(outlet);
		/* it may not return for as long as this process lives */
		abandoned = outlet->abandoned = outlet->busy;
		if (abandoned)
			pthread_detach(outlet->thread);
		pthread_cond_signal(&outlet->handed_over);
		pthread_mutex_unlock(&outlet->lock);
	}
	if (abandoned)
		return;
	if (outlet->started)
		pthread_join(outlet->thread, NULL);
	destroy(outlet);
}

int outlet_start(struct outlet *outlet, struct error *err)
{
	sigset_t all, before;
	int ret;

	/* the file goes on into the queue */
	if (outlet->file)
		fflush(outlet->file);
	/* signals are for who can act on them */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&outlet->thread, NULL, run, outlet);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (ret)
		return error_set(err, -ret, "cannot start a thread: %s", strerror(ret));
	outlet->started = true;
	return 0;
}

static void write_through(struct outlet *outlet, const char *bytes, size_t len)
{
	while (len && !outlet->error) {
		ssize_t done = outlet->ops->write(outlet->ctx, bytes, len);

		if (done < 0) {
			outlet->error = (int)done;
		} else {
			bytes += done;
			len -= (size_t)done;
		}
	}
}

void outlet_put(struct outlet *outlet, const void *bytes, size_t len)
{
	struct chunk *chunk;

	if (!outlet->started) {
		write_through(outlet, bytes, len);
		return;
	}
	chunk = outlet->spoilt ? NULL : filling(outlet);
	if (!chunk) {
		outlet->spoilt = true;
		return;
	}
	if (!chunk_grow(chunk, len)) {
		/* units that have ended may come out of the file only now: for them there is room */
		len = outlet->whole > chunk->len ? outlet->whole - chunk->len : 0;
		outlet->spoilt = true;
	}
	memcpy(chunk->bytes + chunk->len, bytes, len);
	chunk->len += len;
}

/* Hands over the units that have ended. */
static void hand_over(struct outlet *outlet, bool flush)
{
	struct chunk *chunk;

	if (outlet->file)
		fflush(outlet->file);
	chunk = outlet->filling;
	assert(chunk->len == outlet->whole);
	chunk->flush = flush;
	chunk->next = NULL;
	outlet->filling = NULL;
	outlet->whole = 0;
	pthread_mutex_lock(&outlet->lock);
	if (outlet->error) {
		recycle(outlet, chunk);
	} else {
		*outlet->last = chunk;
		outlet->last = &chunk->next;
		outlet->left += chunk->len;
		pthread_cond_signal(&outlet->handed_over);
	}
	pthread_mutex_unlock(&outlet->lock);
}

/*
 * What there is of the unit being made is forgotten. Those before it go, so that the next one
 * has a chunk of its own.
 */
static void forget_unit(struct outlet *outlet)
{
	if (outlet->file)
		__fpurge(outlet->file);
	if (outlet->filling)
		outlet->filling->len = outlet->whole;
	outlet->spoilt = false;
	if (outlet->whole)
		hand_over(outlet, false);
}

bool outlet_end_unit(struct outlet *outlet, struct outlet_tally tally)
{
	struct chunk *chunk;
	size_t end;

	if (!outlet->started)
		return true;
	chunk = outlet->spoilt ? NULL : filling(outlet);
	end = chunk ? chunk->len + (outlet->file ? __fpending(outlet->file) : 0) : 0;
	/* out of the file, and into the chunk, while it can still be dropped */
	if (end >= CHUNK_BYTES && outlet->file)
		fflush(outlet->file);
	if (!chunk || outlet->spoilt) {
		forget_unit(outlet);
		return false;
	}
	if (end == outlet->whole)
		return true;
	outlet->whole = end;
	chunk_end_unit(chunk, end, tally);
	if (end >= CHUNK_BYTES || chunk->nr_units == CHUNK_UNITS)
		hand_over(outlet, false);
	return true;
}

void outlet_flush(struct outlet *outlet)
{
	bool flush = outlet->ops->flush;

	if (!outlet->started) {
		int ret;

		if (outlet->file)
			fflush(outlet->file);
		ret = flush && !outlet->error ? outlet->ops->flush(outlet->ctx) : 0;
		if (ret)
			outlet->error = ret;
		return;
	}
	/* without memory for it the next time will do */
	if (outlet->whole || (flush && filling(outlet)))
		hand_over(outlet, flush);
}

bool outlet_has_room(struct outlet *outlet)
{
	size_t left = atomic_load_explicit(&outlet->left, memory_order_relaxed) + outlet->whole;

	if (left >= outlet->capacity)
		outlet->full = true;
	else if (left <= outlet->capacity / 2)
		outlet->full = false;
	return !outlet->full;
}

size_t outlet_left(struct outlet *outlet)
{
	return outlet->left + outlet->whole;
}

struct outlet_tally outlet_left_tally(struct outlet *outlet)
{
	struct outlet_tally tally = { 0 };

	if (outlet->filling)
		chunk_tally(outlet->filling, 0, &tally);
	pthread_mutex_lock(&outlet->lock);
	for (const struct chunk *chunk = outlet->first; chunk; chunk = chunk->next)
		chunk_tally(chunk, chunk->sent, &tally);
	pthread_mutex_unlock(&outlet->lock);
	return tally;
}

struct outlet_tally outlet_discard(struct outlet *outlet)
{
	struct outlet_tally dropped;

	if (outlet->whole)
		hand_over(outlet, false);
	pthread_mutex_lock(&outlet->lock);
	dropped = drop_unclaimed(outlet);
	pthread_mutex_unlock(&outlet->lock);
	return dropped;
}

int outlet_error(struct outlet *outlet)
{
	return outlet->error;
}

int outlet_fd(const struct outlet *outlet)
{
	return outlet->event_fd;
}

bool outlet_await(struct outlet *outlet)
{
	eventfd_t unused;

	eventfd_read(outlet->event_fd, &unused);
	pthread_mutex_lock(&outlet->lock);
	outlet->awaited = (outlet->first || outlet->busy) && !outlet->error;
	pthread_mutex_unlock(&outlet->lock);
	return outlet->awaited;
}
