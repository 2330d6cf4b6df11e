// SPDX-License-Identifier: GPL-2.0-or-later
/* Listeners whose queue of connections to accept() is full: dumps tell how long it is. */
#include <math.h>
#include <string.h>

#include "base/addr.h"
#include "model/drafts.h"
#include "model/signs.h"

#define MAX_QUEUES 1024
#define SECOND_NS 1000000000ULL

static struct queue *at(const struct leaks *leaks, uint32_t id)
{
	return pool_at_sized(&leaks->queues, id, sizeof(struct queue));
}

/* Those that have been full are few: a walk will do. */
static uint32_t find(const struct leaks *leaks, uint64_t cookie, uint32_t source)
{
	uint32_t id = pool_next(&leaks->queues, 0);

	while (id != POOL_NONE &&
	       (at(leaks, id)->cookie != cookie || at(leaks, id)->source != source))
		id = pool_next(&leaks->queues, id + 1);
	return id;
}

/* sk_acceptq_is_full() (include/net/sock.h): one more than the backlog fits. */
static bool is_full(const struct tw_socket *record)
{
	return record->rqueue > record->wqueue;
}

static struct queue *make(struct model *model, const struct conn *conn)
{
	struct leaks *leaks = model->leaks;
	uint32_t id = leaks->queues.count < MAX_QUEUES ? pool_take(&leaks->queues) : POOL_NONE;
	struct queue *queue;

	if (id == POOL_NONE)
		return NULL;
	queue = at(leaks, id);
	*queue = (struct queue){
		.cookie = conn->cookie,
		.source = conn->source,
		.netns_cookie = netns_at(model, conn->netns)->cookie,
		.local_port = conn->local_port,
	};
	memcpy(queue->local_addr, conn->local_addr, 16);
	return queue;
}

/* Connections to it, ever; 0: not known. */
static uint32_t opened_at(struct leaks *leaks, const struct row_key *key)
{
	uint32_t class = leaks_class(leaks, key);

	return class == POOL_NONE ? 0 : leaks_class_at(leaks, class)->now[SAMPLED_OPENED];
}

void queues_listener(struct model *model, const struct conn *conn, const struct tw_socket *record)
{
	struct leaks *leaks = model->leaks;
	uint32_t id, before;
	struct queue *queue;

	if (!leaks || !conn->wanted || (!leaks->queues.count && !is_full(record)))
		return;
	id = find(leaks, conn->cookie, conn->source);
	if (!is_full(record)) {
		if (id != POOL_NONE) {
			owners_leave(&model->owners, at(leaks, id)->owner);
			pool_give(&leaks->queues, id);
		}
		return;
	}
	queue = id == POOL_NONE ? make(model, conn) : at(leaks, id);
	if (!queue)
		return;
	before = queue->owner;
	queue->owner = owners_enter(&model->owners, model->services, conn_owner(model, conn));
	owners_leave(&model->owners, before);
	queue->key = (struct row_key){ .service = owners_at(&model->owners, queue->owner)->service,
				       .port = conn->local_port,
				       .role = ROLE_SERVER };
	if (!queue->full_ns) {
		queue->full_ns = record->head.ts_ns;
		queue->opened = opened_at(leaks, &queue->key);
	}
	queue->looks++;
	queue->ts_ns = record->head.ts_ns;
	queue->waiting = record->rqueue;
	queue->backlog = record->wqueue;
}

/* Those that listen no more go. */
static void forget_gone(struct model *model)
{
	struct leaks *leaks = model->leaks;

	for (uint32_t id = pool_next(&leaks->queues, 0); id != POOL_NONE;
	     id = pool_next(&leaks->queues, id + 1)) {
		const struct queue *queue = at(leaks, id);
		uint32_t conn = tracker_find(model, queue->cookie, queue->source);

		if (conn != POOL_NONE && conn_at(model, conn)->phase == PHASE_FULL &&
		    conn_at(model, conn)->state == TW_LISTEN)
			continue;
		owners_leave(&model->owners, queue->owner);
		pool_give(&leaks->queues, id);
	}
}

const struct queue *queues_full_at(const struct model *model, const struct conn *conn)
{
	const struct leaks *leaks = model->leaks;

	for (uint32_t id = pool_next(&leaks->queues, 0); id != POOL_NONE;
	     id = pool_next(&leaks->queues, id + 1)) {
		const struct queue *queue = at(leaks, id);
		bool same = !memcmp(queue->local_addr, conn->remote_addr, 16), here;

		if (queue->source != conn->source || queue->local_port != conn->remote_port)
			continue;
		/* in another namespace only one that its address tells apart */
		here = queue->netns_cookie == netns_at(model, conn->netns)->cookie;
		if (here ? addr_is_any(queue->local_addr) || same :
			   same && !addr_is_loopback(conn->remote_addr))
			return queue;
	}
	return NULL;
}

/* At every dump since then there was no room in it. */
static bool judge_queue(struct model *model, const struct queue *queue, struct verdict *verdict)
{
	uint64_t full_ns = queue->ts_ns - queue->full_ns;
	/* a place in it becomes free with each accept(): more have come than fit */
	bool drains = opened_at(model->leaks, &queue->key) > queue->opened + queue->backlog + 1;

	*verdict = (struct verdict){
		.level = queue->looks < 2 || full_ns < 3 * SECOND_NS  ? LEVEL_NONE :
			 drains					      ? LEVEL_WATCH :
			 queue->looks < 3 || full_ns < 10 * SECOND_NS ? LEVEL_SUSPECT :
									LEVEL_LEAK,
		.kind = LEAK_ACCEPT_QUEUE,
		.netns_cookie = queue->netns_cookie,
		.source = queue->source,
		.count = queue->waiting,
		.limit = queue->backlog,
		.confidence = 1 - exp(-(double)queue->looks / 3),
		.watched_ns = full_ns,
		.since_ns = queue->full_ns,
		.at_least = true,
		.quiet_percent = -1,
		.one_segment_percent = -1,
	};
	if (verdict->level == LEVEL_NONE)
		return false;
	verdict_place(model, verdict, &queue->key, 0);
	verdict_holder(model, verdict, queue->owner, 1);
	return true;
}

void queues_judge(struct model *model, struct drafts *drafts)
{
	struct leaks *leaks = model->leaks;
	struct verdict verdict;
	uint32_t id;

	forget_gone(model);
	for (id = pool_next(&leaks->queues, 0); id != POOL_NONE;
	     id = pool_next(&leaks->queues, id + 1))
		if (judge_queue(model, pool_at(&leaks->queues, id), &verdict))
			drafts_put(drafts, &verdict, POOL_NONE, POOL_NONE);
}
