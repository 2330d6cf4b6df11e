// SPDX-License-Identifier: GPL-2.0-or-later
/* A bounded table: thousands of different failures are read by nobody. */
#include "model/failure_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/failures.h"
#include "model/tracker.h"

#define MAX_FAILURES 4096
/* So many processes of those that are alike have a row each, the others one without a process. */
#define MAX_PIDS 16

void failures_free(struct failures *failures)
{
	if (!failures)
		return;
	index_release(&failures->index);
	free(failures->rows);
	free(failures->sorted);
	free(failures);
}

static bool has_table(struct model *model)
{
	struct failures *failures;

	if (model->failures)
		return true;
	failures = calloc(1, sizeof(*failures));
	if (failures && index_init(&failures->index)) {
		free(failures);
		failures = NULL;
	}
	model->failures = failures;
	return failures != NULL;
}

static bool row_equal(const void *ctx, uint32_t id, const void *key)
{
	const struct failures *failures = ctx;

	return !memcmp(&failures->rows[id].key, key, sizeof(struct failure_key));
}

static int make_room(struct failures *failures)
{
	size_t room = failures->room ? 2 * failures->room : 16;
	struct failure_row *rows;
	struct failure *sorted;

	if (failures->count < failures->room)
		return 0;
	if (failures->count == MAX_FAILURES)
		return -ENOSPC;
	rows = realloc(failures->rows, room * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	failures->rows = rows;
	sorted = realloc(failures->sorted, room * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	failures->sorted = sorted;
	failures->room = room;
	return 0;
}

static struct failure_row *new_row(struct failures *failures, const struct failure_key *key,
				   uint32_t hash)
{
	struct failure_row *row;

	if (make_room(failures) || index_insert(&failures->index, hash, failures->count))
		return NULL;
	row = &failures->rows[failures->count++];
	memset(row, 0, sizeof(*row));
	row->key = *key;
	text_clean(key->comm, strnlen(key->comm, TW_COMM_LEN), row->comm, sizeof(row->comm));
	return row;
}

static void add_to(struct failure_row *row, const struct failure *like)
{
	struct failure *failure = &row->failure;

	if (!failure->count) {
		*failure = *like;
		failure->holder.kind = HELD_UNKNOWN;
	} else {
		failure->count += like->count;
		failure->last_ns = like->last_ns;
		if (like->took_max_ns > failure->took_max_ns)
			failure->took_max_ns = like->took_max_ns;
	}
	/* who was in the way once is more than not to know it */
	if (like->holder.kind == HELD_UNKNOWN)
		return;
	failure->holder = like->holder;
	row->holder_comm[0] = '\0';
	if (like->holder.comm)
		memcpy(row->holder_comm, like->holder.comm, strlen(like->holder.comm) + 1);
}

/* What is counted in passing: index_find() shows all that have the hash. */
struct census {
	const struct failures *failures;
	unsigned int *alike;
};

static bool count_alike(const void *ctx, uint32_t id, const void *key)
{
	const struct census *census = ctx;

	*census->alike += !memcmp(&census->failures->rows[id].key, key, ALIKE_LEN);
	return false;
}

/* Workers that live for one request have a process each: they must not fill the table. */
static bool has_room_for_pid(const struct failures *failures, const struct failure_key *key,
			     uint32_t hash)
{
	unsigned int alike = 0;
	const struct census census = { .failures = failures, .alike = &alike };

	index_find(&failures->index, hash, count_alike, &census, key);
	return alike < MAX_PIDS && failures->count < MAX_FAILURES / 2;
}

/* NULL: no room. */
static struct failure_row *row_for(struct failures *failures, const struct failure_key *key)
{
	uint32_t hash = hash_bytes(key, ALIKE_LEN);
	uint32_t id = index_find(&failures->index, hash, row_equal, failures, key);
	struct failure_key folded = *key;

	if (id == INDEX_NONE && key->pid != PID_UNKNOWN && !has_room_for_pid(failures, key, hash)) {
		folded.pid = PID_UNKNOWN;
		id = index_find(&failures->index, hash, row_equal, failures, &folded);
	}
	return id == INDEX_NONE ? new_row(failures, &folded, hash) : &failures->rows[id];
}

void failure_table_add(struct model *model, const struct failure_key *key,
		       const struct failure *like)
{
	struct failure_row *row = NULL;

	if (has_table(model))
		row = row_for(model->failures, key);
	else
		model->loss[TW_LOSS_NO_MEMORY]++;
	if (row)
		add_to(row, like);
	else
		model->failures_left_out += like->count;
}

static int compare(const void *left, const void *right)
{
	const struct failure *one = left, *other = right;

	if (one->count != other->count)
		return one->count < other->count ? 1 : -1;
	return (one->first_ns > other->first_ns) - (one->first_ns < other->first_ns);
}

/* What is borrowed from here or from elsewhere in the model is found anew. */
static void describe(const struct model *model, const struct failure_row *row,
		     struct failure *failure)
{
	const struct failure_key *key = &row->key;

	*failure = row->failure;
	failure->kind = key->kind;
	failure->error = key->error;
	failure->netns_cookie = key->netns_cookie;
	failure->source = key->source;
	failure->netns_name = tracker_netns_name(model, key->netns_cookie, key->source);
	failure->service = services_name(model->services, key->service);
	failure->pid = key->pid;
	failure->comm = row->comm[0] ? row->comm : NULL;
	failure->local_port = key->local_port;
	failure->remote_port = key->remote_port;
	failure->reuse = key->reuse;
	failure->inferred = key->inferred;
	memcpy(failure->local_addr, key->local_addr, 16);
	memcpy(failure->remote_addr, key->remote_addr, 16);
	failure->holder.comm = row->holder_comm[0] ? row->holder_comm : NULL;
}

size_t model_failures(const struct model *model, const struct failure **result)
{
	struct failures *failures = model->failures;

	*result = failures ? failures->sorted : NULL;
	if (!failures)
		return 0;
	for (size_t i = 0; i < failures->count; i++)
		describe(model, &failures->rows[i], &failures->sorted[i]);
	qsort(failures->sorted, failures->count, sizeof(*failures->sorted), compare);
	return failures->count;
}

static bool is_alike(const struct failure *one, const struct failure *other)
{
	return one->kind == other->kind && one->error == other->error &&
	       one->netns_cookie == other->netns_cookie && one->source == other->source &&
	       one->service == other->service && one->local_port == other->local_port &&
	       one->remote_port == other->remote_port && one->reuse == other->reuse &&
	       one->inferred == other->inferred &&
	       !memcmp(one->local_addr, other->local_addr, 16) &&
	       !memcmp(one->remote_addr, other->remote_addr, 16);
}

uint64_t failures_of_service(const struct failure *failures, size_t count, size_t at)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		if (!is_alike(&failures[i], &failures[at]))
			continue;
		if (i < at)
			return 0;
		sum += failures[i].count;
	}
	return sum;
}

uint64_t model_failures_left_out(const struct model *model)
{
	return model->failures_left_out;
}
