// SPDX-License-Identifier: GPL-2.0-or-later
/* Outgoing connections, from facts that the tracker has into a row of attempts. */
#include "model/attempts.h"

#include <stdlib.h>
#include <string.h>

#include "model/tracker.h"

#define MS_NS 1000000ULL
#define ALL_OF_IT UINT32_MAX

struct attempts *attempts_new(void)
{
	struct attempts *attempts = calloc(1, sizeof(*attempts));

	if (!attempts)
		return NULL;
	attempts->paths = calloc(MAX_ATTEMPT_PATHS, sizeof(*attempts->paths));
	if (!attempts->paths || index_init(&attempts->by_path)) {
		free(attempts->paths);
		free(attempts);
		return NULL;
	}
	return attempts;
}

void attempts_free(struct attempts *attempts)
{
	if (!attempts)
		return;
	index_release(&attempts->by_path);
	free(attempts->paths);
	free(attempts->items);
	free(attempts->of_conn);
	free(attempts);
}

static bool path_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct attempts *attempts = ctx;

	return !memcmp(&attempts->paths[id], key, sizeof(struct attempt_path));
}

static uint32_t path_of(struct model *model, const struct conn *conn)
{
	const struct netns *netns = netns_at(model, conn->netns);
	struct attempts *attempts = model->attempts;
	struct attempt_path path;
	uint32_t hash, id;

	/* compared as bytes */
	memset(&path, 0, sizeof(path));
	path.netns_cookie = netns->cookie;
	path.netns_ino = netns->ino;
	path.source = conn->source;
	path.remote_port = conn->remote_port;
	memcpy(path.local_addr, conn->local_addr, sizeof(path.local_addr));
	memcpy(path.remote_addr, conn->remote_addr, sizeof(path.remote_addr));
	hash = hash_bytes(&path, sizeof(path));
	id = index_find(&attempts->by_path, hash, path_equal, attempts, &path);
	if (id != INDEX_NONE || attempts->nr_paths == MAX_ATTEMPT_PATHS)
		return id;
	if (index_insert(&attempts->by_path, hash, attempts->nr_paths))
		return INDEX_NONE;
	attempts->paths[attempts->nr_paths] = path;
	return attempts->nr_paths++;
}

/* Room for one more; NULL: there is none, and the replay ends here. */
static struct attempt *next_item(struct model *model)
{
	struct attempts *attempts = model->attempts;

	if (attempts->count == attempts->room && attempts->room < MAX_ATTEMPTS) {
		size_t room = attempts->room ? 2 * attempts->room : 1024;
		struct attempt *grown;

		room = room < MAX_ATTEMPTS ? room : MAX_ATTEMPTS;
		grown = realloc(attempts->items, room * sizeof(*grown));
		if (grown) {
			attempts->items = grown;
			attempts->room = room;
		}
	}
	return attempts->count < attempts->room ? &attempts->items[attempts->count] : NULL;
}

static bool make_room(struct model *model, uint32_t id)
{
	struct attempts *attempts = model->attempts;
	uint32_t room = (id / POOL_CHUNK + 1) * POOL_CHUNK, *grown;

	if (id < attempts->room_conns)
		return true;
	grown = realloc(attempts->of_conn, (size_t)room * sizeof(*grown));
	if (!grown)
		return false;
	memset(grown + attempts->room_conns, 0,
	       (size_t)(room - attempts->room_conns) * sizeof(*grown));
	attempts->of_conn = grown;
	attempts->room_conns = room;
	return true;
}

/* A connection that this host began, and that is not over when it is first seen. */
static bool is_attempt(const struct conn *conn)
{
	return conn->wanted && conn->direction == DIRECTION_OUTGOING && conn->remote_port &&
	       (conn->phase == PHASE_MINI ||
		(conn->phase == PHASE_FULL && conn->state != TW_CLOSE && conn->state != TW_LISTEN));
}

static struct attempt *begin(struct model *model, uint32_t id)
{
	struct attempts *attempts = model->attempts;
	const struct conn *conn = conn_at(model, id);
	struct attempt *item = next_item(model);
	uint32_t path = item && make_room(model, id) ? path_of(model, conn) : INDEX_NONE;

	if (path == INDEX_NONE) {
		attempts->left_out++;
		if (!attempts->until_ns)
			attempts->until_ns = model->now_ns;
		return NULL;
	}
	*item = (struct attempt){
		.start_ns = conn->phase == PHASE_FULL && !conn->preexisting ? conn->born_ns : 0,
		.path = path,
		/* connect() shows its own choice of port only later */
		.bound = conn->state == TW_SYN_SENT && conn->local_port != 0,
	};
	/* what a dump alone has told of began some time before it */
	if (!item->start_ns && model->ready)
		item->start_ns = model->now_ns;
	attempts->of_conn[id] = ++attempts->count;
	return item;
}

static void note_minisock(const struct model *model, struct attempt *item, const struct conn *conn)
{
	uint64_t close_ns = item->close_ns;

	if (!item->mini) {
		item->mini = true;
		item->close = CLOSE_BY_US;
		/* true TIME_WAIT from its birth, unless it shows the other substate first */
		item->turned_ms = 0;
		if (!close_ns)
			item->close_ns = close_ns = conn->since_ns;
	}
	if (conn->phase == PHASE_MINI && conn->state == TW_FIN_WAIT2)
		item->turned_ms = ALL_OF_IT;
	else if (conn->phase == PHASE_MINI && item->turned_ms == ALL_OF_IT)
		item->turned_ms = conn->since_ns > close_ns ? (conn->since_ns - close_ns) / MS_NS :
							      0;
	if (conn->phase == PHASE_OVER && conn->ended_mini && !item->end_ns) {
		item->end_ns = conn->since_ns;
		item->reason = conn->end;
		item->exact = model->tier[conn->source] > EVIDENCE_SNAPSHOT;
	}
}

static void note_close(struct attempt *item, const struct conn *conn)
{
	item->close_ns = conn->since_ns;
	if (item->outcome == ATTEMPT_PENDING)
		/* one that is bound may fail so too: then it is its own port that is taken */
		item->outcome = conn->failed && !conn->local_port ? ATTEMPT_NO_PORT :
								    ATTEMPT_FAILED;
	else if (conn->reset)
		item->close = CLOSE_BY_RESET;
	else
		item->close = conn->closed_first ? CLOSE_BY_RESET : CLOSE_BY_PEER;
}

/* Bucket overflow, which a dump may tell of after the birth was believed in. */
static void note_refusal(struct attempt *item)
{
	item->refused = true;
	item->mini = false;
	item->close = CLOSE_BY_US;
}

void attempts_follow(struct model *model, uint32_t id)
{
	struct attempts *attempts = model->attempts;
	const struct conn *conn = conn_at(model, id);
	struct attempt *item = NULL;

	if (id < attempts->room_conns && attempts->of_conn[id])
		item = &attempts->items[attempts->of_conn[id] - 1];
	else if (is_attempt(conn))
		item = begin(model, id);
	if (!item)
		return;
	item->service = conn_owner(model, conn)->service;
	if (conn->local_port)
		item->port = conn->local_port;
	if (conn->phase == PHASE_FULL && conn->state != TW_SYN_SENT && conn->state != TW_CLOSE)
		item->outcome = ATTEMPT_OPENED;
	if (conn->phase != PHASE_FULL && !item->close_ns)
		note_close(item, conn);
	if (conn->phase == PHASE_MINI || (conn->phase == PHASE_OVER && conn->ended_mini))
		note_minisock(model, item, conn);
	if (conn->refused)
		note_refusal(item);
}

void attempts_leave(struct model *model, uint32_t id)
{
	if (id < model->attempts->room_conns)
		model->attempts->of_conn[id] = 0;
}

void attempts_restart(struct model *model)
{
	struct attempts *attempts = model->attempts;
	uint32_t id;

	attempts->count = 0;
	attempts->left_out = attempts->until_ns = 0;
	for (id = 0; id < attempts->room_conns; id++)
		attempts->of_conn[id] = 0;
	for (id = pool_next(&model->conns, 0); id != POOL_NONE;
	     id = pool_next(&model->conns, id + 1)) {
		attempts_follow(model, id);
		if (id < attempts->room_conns && attempts->of_conn[id])
			attempts->items[attempts->of_conn[id] - 1].start_ns = 0;
	}
}
