// SPDX-License-Identifier: GPL-2.0-or-later
/* A queue, its thread, and the memory of what has been named already. */
#include "source/namer.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/caps.h"
#include "base/text.h"
#include "base/thread.h"
#include "source/frames.h"
#include "source/images.h"
#include "source/perf_map.h"

/* Jobs waiting and results not fetched, together: at most 11 MB. */
#define MOST_WAITING 2048
/* Stacks remembered, a power of two; when half of it is used it begins anew. */
#define MEMORY_SLOTS 16384
/* A program's debug information, or one who is asked for it, may take long. */
#define ENDS_WITHIN_MS 1000
/* The size of a record has 16 bits. */
#define MOST_TEXT 60000

struct job {
	struct job *next;
	struct maps *maps;
	size_t nr_chain;
	__u64 chain[TW_STACK_FRAMES];
	const struct tw_stack_seen *seen; /* behind this */
};

/* Of a stack at its addresses, and of a text: its number. */
struct memory {
	uint64_t key[MEMORY_SLOTS], number[MEMORY_SLOTS];
	size_t count;
};

struct namer {
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	pthread_t thread;
	bool running, ends, busy;
	struct job *first, **last;
	struct named *done, **done_last;
	size_t waiting;		/* jobs and results */
	/* the thread's own */
	struct images *images;
	struct perf_map perf_map;
	struct memory stacks, texts;
	struct frames frames;
	char text[MOST_TEXT + 1];
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/* FNV-1a, with a last stir; never 0. */
static uint64_t hash_text(const char *text, uint64_t flags)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	hash = mix(hash, flags);
	return hash ? hash : 1;
}

static uint64_t *memory_slot(struct memory *memory, uint64_t key)
{
	size_t slot = key >> 32 & (MEMORY_SLOTS - 1);

	while (memory->key[slot] && memory->key[slot] != key)
		slot = (slot + 1) & (MEMORY_SLOTS - 1);
	if (memory->key[slot])
		return &memory->number[slot];
	if (memory->count == MEMORY_SLOTS / 2) {
		memset(memory, 0, sizeof(*memory));
		slot = key >> 32 & (MEMORY_SLOTS - 1);
	}
	memory->key[slot] = key;
	memory->count++;
	return &memory->number[slot];
}

/* ------------------------------------------------------------------------- the thread */

struct place_ctx {
	struct namer *namer;
	const struct maps *maps;
};

static void rule_at(void *ctx, uint64_t ip, bool is_return, struct frame_rule *rule)
{
	const struct place_ctx *place_ctx = ctx;
	const struct image_place *place =
		images_place(place_ctx->namer->images, place_ctx->maps, ip, is_return);

	if (place)
		*rule = place->rule;
	else if (!maps_find(place_ctx->maps, ip - is_return))
		rule->base = FRAME_NO_CODE;
}

/* Code without a file: by a compiler's own list, or by what the memory is called. */
static void name_memory(struct namer *namer, const struct maps *maps, uint64_t ip, char *text,
			size_t size)
{
	const struct maps_region *region = maps_find(maps, ip);
	const char *path = region ? maps_path(maps, region) : "", *name;
	size_t len;

	if (!region) {
		snprintf(text, size, "[unknown]");
		return;
	}
	name = perf_map_find(&namer->perf_map, maps, ip, &len);
	if (name)
		text_clean(name, len, text, size);
	else
		text_clean(path[0] ? path : "[anon]", path[0] ? strlen(path) : 6, text, size);
}

/* The stack in words, in namer->text; its flags. */
static uint16_t write_text(struct namer *namer, const struct maps *maps)
{
	const struct frames *frames = &namer->frames;
	uint16_t flags = frames->gap || !frames->ended ? TW_STACK_INCOMPLETE : 0;
	size_t len = 0;

	namer->text[0] = '\0';
	for (size_t i = 0; i < frames->count; i++) {
		const struct image_place *place;
		char memory[256];
		const char *line;

		/* each may take a large file's reading */
		if (__atomic_load_n(&namer->ends, __ATOMIC_RELAXED))
			return flags | TW_STACK_INCOMPLETE;
		place = images_place(namer->images, maps, frames->ip[i], i > 0);
		if (place && place->startup)
			continue;
		if (!place)
			name_memory(namer, maps, frames->ip[i] - (i > 0), memory, sizeof(memory));
		line = place ? place->text : memory;
		if (len + strlen(line) + 2 > MOST_TEXT)
			return flags | TW_STACK_INCOMPLETE;
		len += snprintf(namer->text + len, MOST_TEXT - len, "%s%s", len ? "\n" : "", line);
	}
	return flags;
}

static struct tw_stack_text *text_record(const char *text, uint64_t number, uint16_t flags)
{
	size_t size = (sizeof(struct tw_stack_text) + strlen(text) + 1 + 7) & ~(size_t)7;
	struct tw_stack_text *record = calloc(1, size);

	if (!record)
		return NULL;
	record->head.kind = TW_STACK_TEXT;
	record->head.size = size;
	record->head.flags = flags;
	record->stack = number;
	strcpy(record->text, text);
	return record;
}

static uint64_t key_of(const struct frames *frames, const struct maps *maps)
{
	uint64_t key = mix(maps->serial, frames->gap << 1 | frames->ended);

	for (size_t i = 0; i < frames->count; i++)
		key = mix(key, frames->ip[i]);
	return key ? key : 1;
}

/* Gives the stack its number, and its text if nobody has been told of that yet. */
static void name_stack(struct namer *namer, const struct job *job, struct named *named)
{
	struct place_ctx ctx = { namer, job->maps };
	uint64_t *number, *told;
	uint16_t flags;

	frames_find(&namer->frames, job->seen, job->chain, job->nr_chain, rule_at, &ctx);
	number = memory_slot(&namer->stacks, key_of(&namer->frames, job->maps));
	if (!*number) {
		flags = write_text(namer, job->maps);
		*number = hash_text(namer->text, flags);
		told = memory_slot(&namer->texts, *number);
		if (!*told)
			named->text = text_record(namer->text, *number, flags);
		*told = named->text || *told;
	}
	named->stack.stack = *number;
}

static struct named *work_off(struct namer *namer, const struct job *job)
{
	const struct tw_stack_seen *seen = job->seen;
	struct named *named = calloc(1, sizeof(*named));

	if (!named)
		return NULL;
	named->stack = (struct tw_stack){
		.head = { .size = sizeof(named->stack),
			  .kind = TW_STACK,
			  .from = seen->head.from,
			  .error = seen->head.error },
		.cookie = seen->cookie,
		.pid = seen->pid,
		.tid = seen->tid,
	};
	memcpy(named->stack.thread, seen->thread, TW_COMM_LEN);
	if (job->maps && job->nr_chain)
		name_stack(namer, job, named);
	return named;
}

static void *run(void *arg)
{
	struct namer *namer = arg;
	struct named *named;
	struct job *job;

	/* what a program can do that it reads is to be nothing; its opener opens it (acts.h) */
	if (caps_limit(NO_CAPS, NULL))
		return NULL;
	pthread_mutex_lock(&namer->lock);
	while (!namer->ends) {
		job = namer->first;
		if (!job) {
			namer->busy = false;
			pthread_cond_broadcast(&namer->idle);
			pthread_cond_wait(&namer->work, &namer->lock);
			continue;
		}
		namer->busy = true;
		namer->first = job->next;
		if (!namer->first)
			namer->last = &namer->first;
		pthread_mutex_unlock(&namer->lock);
		named = work_off(namer, job);
		maps_put(job->maps);
		free(job);
		pthread_mutex_lock(&namer->lock);
		if (named) {
			*namer->done_last = named;
			namer->done_last = &named->next;
		} else {
			namer->waiting--;
		}
	}
	pthread_mutex_unlock(&namer->lock);
	return NULL;
}

/* ------------------------------------------------------------------- everybody else's */

struct namer *namer_new(struct keeper *opener)
{
	struct namer *namer = calloc(1, sizeof(*namer));
	pthread_condattr_t monotonic;

	if (!namer)
		return NULL;
	namer->perf_map.opener = opener;
	namer->images = images_new(opener);
	if (!namer->images) {
		free(namer);
		return NULL;
	}
	namer->last = &namer->first;
	namer->done_last = &namer->done;
	pthread_mutex_init(&namer->lock, NULL);
	pthread_cond_init(&namer->work, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&namer->idle, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return namer;
}

static bool end_thread(struct namer *namer)
{
	pthread_mutex_lock(&namer->lock);
	__atomic_store_n(&namer->ends, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&namer->work);
	pthread_mutex_unlock(&namer->lock);
	return thread_join(namer->thread, ENDS_WITHIN_MS);
}

bool namer_free(struct namer *namer)
{
	struct named *named;

	if (!namer)
		return true;
	if (namer->running && !end_thread(namer))
		return false;
	while (namer->first) {
		struct job *job = namer->first;

		namer->first = job->next;
		maps_put(job->maps);
		free(job);
	}
	named = namer_done(namer);
	while (named) {
		struct named *next = named->next;

		named_free(named);
		named = next;
	}
	images_free(namer->images);
	perf_map_release(&namer->perf_map);
	pthread_mutex_destroy(&namer->lock);
	pthread_cond_destroy(&namer->work);
	pthread_cond_destroy(&namer->idle);
	free(namer);
	return true;
}

static struct job *job_new(const struct tw_stack_seen *seen, struct maps *maps, const __u64 *chain,
			   size_t nr_chain)
{
	struct job *job = malloc(sizeof(*job) + seen->head.size);

	if (!job)
		return NULL;
	job->next = NULL;
	job->maps = maps ? maps_get(maps) : NULL;
	job->nr_chain = nr_chain < TW_STACK_FRAMES ? nr_chain : TW_STACK_FRAMES;
	if (nr_chain)
		memcpy(job->chain, chain, job->nr_chain * sizeof(*chain));
	memcpy(job + 1, seen, seen->head.size);
	job->seen = (const void *)(job + 1);
	return job;
}

int namer_add(struct namer *namer, const struct tw_stack_seen *seen, struct maps *maps,
	      const __u64 *chain, size_t nr_chain)
{
	struct job *job;
	int ret = 0;

	pthread_mutex_lock(&namer->lock);
	if (namer->waiting == MOST_WAITING) {
		ret = -ENOBUFS;
		goto out;
	}
	if (!namer->running) {
		ret = thread_start(&namer->thread, run, namer);
		if (ret)
			goto out;
		namer->running = true;
	}
	job = job_new(seen, maps, chain, nr_chain);
	if (!job) {
		ret = -ENOMEM;
		goto out;
	}
	*namer->last = job;
	namer->last = &job->next;
	namer->waiting++;
	namer->busy = true;
	pthread_cond_signal(&namer->work);
out:
	pthread_mutex_unlock(&namer->lock);
	return ret;
}

struct named *namer_done(struct namer *namer)
{
	struct named *done;

	pthread_mutex_lock(&namer->lock);
	done = namer->done;
	namer->done = NULL;
	namer->done_last = &namer->done;
	for (const struct named *named = done; named; named = named->next)
		namer->waiting--;
	pthread_mutex_unlock(&namer->lock);
	return done;
}

void named_free(struct named *named)
{
	free(named->text);
	free(named);
}

void namer_wait(struct namer *namer, unsigned int timeout_ms)
{
	struct timespec until = thread_deadline(timeout_ms);

	pthread_mutex_lock(&namer->lock);
	while (namer->running && namer->busy)
		if (pthread_cond_timedwait(&namer->idle, &namer->lock, &until))
			break;
	pthread_mutex_unlock(&namer->lock);
}
