// SPDX-License-Identifier: GPL-2.0-or-later
/* Chunks are written in the order in which they came. Under the lock is what both threads see. */
#include "base/outlet_writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/thread.h"

#define MOST_SPARE 4

struct writer {
	const struct outlet_ops *ops;
	void *ctx;
	int event_fd;		/* owned */
	bool started;		/* the filler's own */

	pthread_t thread;
	pthread_mutex_t lock;	/* over everything below */
	pthread_cond_t pushed;
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

/* -------------------------------------------------------------------- with the lock held */

static void recycle(struct writer *writer, struct chunk *chunk)
{
	if (chunk->room > CHUNK_ROOM || writer->nr_spare == MOST_SPARE) {
		chunk_free(chunk);
		return;
	}
	chunk_clear(chunk);
	chunk->next = writer->spare;
	writer->spare = chunk;
	writer->nr_spare++;
}

static void notify(struct writer *writer)
{
	eventfd_write(writer->event_fd, 1);
}

static void pop(struct writer *writer)
{
	struct chunk *chunk = writer->first;

	writer->first = chunk->next;
	if (!writer->first)
		writer->last = &writer->first;
	writer->claimed = 0;
	recycle(writer, chunk);
}

/* Keeps of the queue what the thread has claimed; returns what goes. */
static struct outlet_tally drop_unclaimed(struct writer *writer)
{
	struct outlet_tally dropped = { 0 };
	struct chunk *first = writer->first, *chunk, *next;

	if (!first)
		return dropped;
	chunk_cut(first, writer->claimed, &dropped);
	for (chunk = first->next; chunk; chunk = next) {
		next = chunk->next;
		chunk_tally(chunk, 0, &dropped);
		recycle(writer, chunk);
	}
	first->next = NULL;
	writer->last = &first->next;
	writer->left = first->len - first->sent;
	if (!writer->busy && first->sent == first->len && !first->flush)
		pop(writer);
	return dropped;
}

static void fail(struct writer *writer, int error)
{
	if (!writer->error)
		writer->error = error;
	while (writer->first)
		pop(writer);
	writer->left = 0;
	notify(writer);
}

/* ------------------------------------------------------------------------------ the thread */

/* Writes some of the first chunk, or flushes after it. Takes and leaves the lock held. */
static void write_some(struct writer *writer, size_t most)
{
	struct chunk *chunk = writer->first;
	ssize_t ret;
	size_t len;

	if (writer->claimed <= chunk->sent)
		writer->claimed = chunk_claim(chunk, most);
	len = writer->claimed - chunk->sent;
	writer->busy = true;
	pthread_mutex_unlock(&writer->lock);
	if (len)
		ret = writer->ops->write(writer->ctx, chunk->bytes + chunk->sent, len);
	else
		ret = writer->ops->flush(writer->ctx);
	pthread_mutex_lock(&writer->lock);
	writer->busy = false;
	if (ret < 0) {
		fail(writer, (int)ret);
		return;
	}
	if (len) {
		chunk->sent += (size_t)ret;
		writer->left -= (size_t)ret;
	} else {
		chunk->flush = false;
	}
	if (chunk->sent == chunk->len && !chunk->flush)
		pop(writer);
}

static void destroy(struct writer *writer)
{
	struct chunk *chunk;

	while ((chunk = writer->first)) {
		writer->first = chunk->next;
		chunk_free(chunk);
	}
	while ((chunk = writer->spare)) {
		writer->spare = chunk->next;
		chunk_free(chunk);
	}
	close(writer->event_fd);
	if (writer->ops->release)
		writer->ops->release(writer->ctx);
	pthread_cond_destroy(&writer->pushed);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

static void *run(void *arg)
{
	struct writer *writer = arg;
	int ret = writer->ops->begin ? writer->ops->begin(writer->ctx) : 0;
	bool abandoned;
	size_t most;

	if (!ret)
		ret = caps_limit(NO_CAPS, NULL);
	pthread_mutex_lock(&writer->lock);
	if (ret)
		fail(writer, ret);
	while (!writer->stop) {
		if (writer->first) {
			/* the output may be asked only once there is something for it */
			pthread_mutex_unlock(&writer->lock);
			most = writer->ops->most ? writer->ops->most(writer->ctx) : SIZE_MAX;
			pthread_mutex_lock(&writer->lock);
			/* meanwhile all of it may have been dropped, or nobody waits for it */
			if (writer->first && !writer->stop)
				write_some(writer, most);
			continue;
		}
		if (writer->awaited)
			notify(writer);
		pthread_cond_wait(&writer->pushed, &writer->lock);
	}
	abandoned = writer->abandoned;
	pthread_mutex_unlock(&writer->lock);
	if (abandoned)
		destroy(writer);
	return NULL;
}

/* ------------------------------------------------------------------------------ the filler */

struct writer *writer_new(const struct outlet_ops *ops, void *ctx)
{
	struct writer *writer = malloc(sizeof(*writer));

	if (!writer)
		return NULL;
	*writer = (struct writer){ .ops = ops, .ctx = ctx };
	writer->last = &writer->first;
	writer->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (writer->event_fd < 0) {
		free(writer);
		return NULL;
	}
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->pushed, NULL);
	return writer;
}

void writer_free(struct writer *writer)
{
	bool abandoned = false;

	if (!writer)
		return;
	if (writer->started) {
		pthread_mutex_lock(&writer->lock);
		writer->stop = true;
		drop_unclaimed(writer);
		/* it may not return for as long as this process lives */
		abandoned = writer->abandoned = writer->busy;
		if (abandoned)
			pthread_detach(writer->thread);
		pthread_cond_signal(&writer->pushed);
		pthread_mutex_unlock(&writer->lock);
	}
	if (abandoned)
		return;
	if (writer->started)
		pthread_join(writer->thread, NULL);
	destroy(writer);
}

void writer_write(struct writer *writer, const char *bytes, size_t len)
{
	while (len && !writer->error) {
		ssize_t done = writer->ops->write(writer->ctx, bytes, len);

		if (done < 0) {
			writer->error = (int)done;
		} else {
			bytes += done;
			len -= (size_t)done;
		}
	}
}

void writer_flush(struct writer *writer)
{
	if (writer->ops->flush && !writer->error)
		writer->error = writer->ops->flush(writer->ctx);
}

int writer_start(struct writer *writer, struct error *err)
{
	int ret = thread_start(&writer->thread, run, writer);

	if (ret)
		return error_set(err, ret, "cannot start a thread: %s", strerror(-ret));
	writer->started = true;
	return 0;
}

bool writer_is_started(const struct writer *writer)
{
	return writer->started;
}

struct chunk *writer_new_chunk(struct writer *writer)
{
	struct chunk *chunk;

	pthread_mutex_lock(&writer->lock);
	chunk = writer->spare;
	if (chunk) {
		writer->spare = chunk->next;
		writer->nr_spare--;
	}
	pthread_mutex_unlock(&writer->lock);
	return chunk ? chunk : chunk_new();
}

void writer_push(struct writer *writer, struct chunk *chunk)
{
	chunk->next = NULL;
	pthread_mutex_lock(&writer->lock);
	if (writer->error) {
		recycle(writer, chunk);
	} else {
		*writer->last = chunk;
		writer->last = &chunk->next;
		writer->left += chunk->len;
		pthread_cond_signal(&writer->pushed);
	}
	pthread_mutex_unlock(&writer->lock);
}

size_t writer_left(const struct writer *writer)
{
	return atomic_load_explicit(&writer->left, memory_order_relaxed);
}

struct outlet_tally writer_left_tally(struct writer *writer)
{
	struct outlet_tally tally = { 0 };

	pthread_mutex_lock(&writer->lock);
	for (const struct chunk *chunk = writer->first; chunk; chunk = chunk->next)
		chunk_tally(chunk, chunk->sent, &tally);
	pthread_mutex_unlock(&writer->lock);
	return tally;
}

struct outlet_tally writer_discard(struct writer *writer)
{
	struct outlet_tally dropped;

	pthread_mutex_lock(&writer->lock);
	dropped = drop_unclaimed(writer);
	pthread_mutex_unlock(&writer->lock);
	return dropped;
}

int writer_error(const struct writer *writer)
{
	return writer->error;
}

void writer_fail(struct writer *writer, int error)
{
	pthread_mutex_lock(&writer->lock);
	fail(writer, error);
	pthread_mutex_unlock(&writer->lock);
}

int writer_fd(const struct writer *writer)
{
	return writer->event_fd;
}

bool writer_await(struct writer *writer)
{
	eventfd_t unused;

	eventfd_read(writer->event_fd, &unused);
	pthread_mutex_lock(&writer->lock);
	writer->awaited = (writer->first || writer->busy) && !writer->error;
	pthread_mutex_unlock(&writer->lock);
	return writer->awaited;
}
