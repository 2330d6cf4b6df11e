// SPDX-License-Identifier: GPL-2.0-or-later
/* A cache of names, and the thread that fills it through the system's resolver. */
#include "base/names.h"

#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/caps.h"
#include "base/index.h"
#include "base/pool.h"
#include "base/text.h"
#include "base/thread.h"

#define NAMES_MAX 16384
#define NAME_LEN 256	/* RFC 1035, 2.3.4: a name has no more */

struct entry {
	uint8_t addr[ADDR_LEN];
	char *name;	/* owned; NULL: not known (yet) */
};

struct names {
	pthread_t thread;
	pthread_mutex_t lock;	/* over everything below */
	pthread_cond_t asked;
	struct pool pool;	/* struct entry, in the order they were asked for */
	struct index index;
	pthread_cond_t idle;
	uint32_t next;		/* first entry not looked up */
	bool started;
	bool busy;		/* within the resolver */
	bool stop;
};

static bool entry_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct names *names = ctx;

	return !memcmp(((struct entry *)pool_at(&names->pool, id))->addr, key, ADDR_LEN);
}

/* Blocks as long as the resolver does; NULL: there is no name. */
static char *look_up(const uint8_t addr[static ADDR_LEN])
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	bool v4 = addr_is_v4(addr);
	char host[NI_MAXHOST], clean[NAME_LEN];

	memcpy(&in6.sin6_addr, addr, ADDR_LEN);
	memcpy(&in4.sin_addr, addr + 12, 4);
	if (getnameinfo(v4 ? (struct sockaddr *)&in4 : (struct sockaddr *)&in6,
			v4 ? sizeof(in4) : sizeof(in6), host, sizeof(host), NULL, 0, NI_NAMEREQD))
		return NULL;
	return strdup(text_clean(host, strlen(host), clean, sizeof(clean)));
}

static void *run(void *arg)
{
	struct names *names = arg;

	/* what an answer can do is to be nothing; without a name all goes on */
	if (caps_limit(NO_CAPS, NULL))
		return NULL;
	pthread_mutex_lock(&names->lock);
	while (!names->stop) {
		struct entry *entry;
		char *name;

		if (names->next == names->pool.used) {
			pthread_cond_signal(&names->idle);
			pthread_cond_wait(&names->asked, &names->lock);
			continue;
		}
		entry = pool_at(&names->pool, names->next++);
		names->busy = true;
		pthread_mutex_unlock(&names->lock);
		/* the address is written once, before the entry can be seen here */
		name = look_up(entry->addr);
		pthread_mutex_lock(&names->lock);
		names->busy = false;
		entry->name = name;
	}
	pthread_mutex_unlock(&names->lock);
	return NULL;
}

struct names *names_new(void)
{
	struct names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	pool_init(&names->pool, sizeof(struct entry));
	pthread_mutex_init(&names->lock, NULL);
	pthread_cond_init(&names->asked, NULL);
	pthread_cond_init(&names->idle, NULL);
	if (index_init(&names->index)) {
		free(names);
		return NULL;
	}
	return names;
}

void names_free(struct names *names)
{
	bool busy;

	if (!names)
		return;
	pthread_mutex_lock(&names->lock);
	names->stop = true;
	busy = names->busy;
	pthread_cond_signal(&names->asked);
	pthread_mutex_unlock(&names->lock);
	if (names->started && busy) {
		/* a resolver may take many seconds: the thread keeps what it uses */
		pthread_detach(names->thread);
		return;
	}
	if (names->started)
		pthread_join(names->thread, NULL);
	for (uint32_t id = 0; id < names->pool.used; id++)
		free(((struct entry *)pool_at(&names->pool, id))->name);
	index_release(&names->index);
	pool_release(&names->pool);
	pthread_cond_destroy(&names->asked);
	pthread_cond_destroy(&names->idle);
	pthread_mutex_destroy(&names->lock);
	free(names);
}

/* With the lock held. */
static void ask(struct names *names, const uint8_t addr[static ADDR_LEN], uint32_t hash)
{
	uint32_t id = names->pool.count < NAMES_MAX ? pool_take(&names->pool) : POOL_NONE;

	if (id == POOL_NONE)
		return;
	/* started by the first question, not before: a thread keeps the privileges that
	 * its maker had, and by then they have been dropped */
	if (!names->started)
		names->started = !thread_start(&names->thread, run, names);
	memcpy(((struct entry *)pool_at(&names->pool, id))->addr, addr, ADDR_LEN);
	/* one that no index finds would be asked for for ever: the cap bounds that too */
	index_insert(&names->index, hash, id);
	pthread_cond_signal(&names->asked);
}

const char *names_of(struct names *names, const uint8_t addr[static ADDR_LEN])
{
	uint32_t hash = hash_bytes(addr, ADDR_LEN), id;
	const char *name = NULL;

	if (!names || addr_is_any(addr))
		return NULL;
	pthread_mutex_lock(&names->lock);
	id = index_find(&names->index, hash, entry_equal, names, addr);
	if (id == INDEX_NONE)
		ask(names, addr, hash);
	else
		name = ((struct entry *)pool_at(&names->pool, id))->name;
	pthread_mutex_unlock(&names->lock);
	return name;
}

void names_wait(struct names *names, unsigned int timeout_ms)
{
	struct timespec until = thread_deadline(timeout_ms);

	pthread_mutex_lock(&names->lock);
	while (names->started && (names->busy || names->next != names->pool.used))
		/* a clock that is set meanwhile changes nothing */
		if (pthread_cond_clockwait(&names->idle, &names->lock, CLOCK_MONOTONIC, &until))
			break;
	pthread_mutex_unlock(&names->lock);
}
