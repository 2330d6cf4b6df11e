/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets that `list` shows. */
#include "sink/list.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sink/common.h"

/* Listeners first: they answer "what holds this port". */
static int compare_age(const struct conn_view *left, const struct conn_view *right)
{
	int sign = (right->state == TW_LISTEN) - (left->state == TW_LISTEN);

	return sign ? sign : compare_u64(left->since_ns, right->since_ns);
}

static int compare_state(const struct conn_view *left, const struct conn_view *right)
{
	int sign = strcmp(state_name(left->state), state_name(right->state));

	return sign ? sign : compare_age(left, right);
}

static uint64_t expiry(const struct conn_view *conn)
{
	return conn->minisock ? conn->expires_ns : TIME_UNKNOWN;
}

static int compare_left(const struct conn_view *left, const struct conn_view *right)
{
	return compare_u64(expiry(left), expiry(right));
}

static int compare_local(const struct conn_view *left, const struct conn_view *right)
{
	int sign = compare_u64(left->local_port, right->local_port);

	if (!sign)
		sign = memcmp(left->local_addr, right->local_addr, sizeof(left->local_addr));
	return sign;
}

static int compare_remote(const struct conn_view *left, const struct conn_view *right)
{
	int sign = memcmp(left->remote_addr, right->remote_addr, sizeof(left->remote_addr));

	return sign ? sign : compare_u64(left->remote_port, right->remote_port);
}

static int compare_service(const struct conn_view *left, const struct conn_view *right)
{
	if (!left->service || !right->service)
		return (left->service == NULL) - (right->service == NULL);
	return strcmp(left->service, right->service);
}

static int compare_pid(const struct conn_view *left, const struct conn_view *right)
{
	if (!left->pid || !right->pid)
		return (left->pid == 0) - (right->pid == 0);
	return compare_u64(left->pid, right->pid);
}

static int (*const comparisons[NR_LIST_SORTS])(const struct conn_view *left,
					       const struct conn_view *right) = {
	[LIST_SORT_AGE] = compare_age,	     [LIST_SORT_STATE] = compare_state,
	[LIST_SORT_LEFT] = compare_left,     [LIST_SORT_LOCAL] = compare_local,
	[LIST_SORT_REMOTE] = compare_remote, [LIST_SORT_SERVICE] = compare_service,
	[LIST_SORT_PID] = compare_pid,
};

static int compare_items(const void *left_item, const void *right_item, void *ctx)
{
	const struct conn_view *left = *(const struct conn_view *const *)left_item;
	const struct conn_view *right = *(const struct conn_view *const *)right_item;
	const struct list *list = ctx;
	int sign = comparisons[list->sort](left, right);

	if (!sign)
		sign = compare_u64(left->cookie, right->cookie);
	/* Cookies of several recordings may be the same. */
	return sign ? sign : memcmp(left->local_addr, right->local_addr, sizeof(left->local_addr));
}

static void sort_and_cut(struct list *list, size_t limit)
{
	qsort_r(list->items, list->count, sizeof(*list->items), compare_items, list);
	while (limit && list->count > limit)
		free(list->items[--list->count]);
}

static size_t text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *append_text(char **end, const char *text)
{
	char *start = *end;

	if (!text)
		return NULL;
	*end = stpcpy(start, text) + 1;
	return start;
}

/* One piece of memory: the view, its holders, its texts. */
static struct conn_view *copy_view(const struct conn_view *view)
{
	size_t holders_size = view->nr_holders * sizeof(struct holder);
	struct conn_view *copy = malloc(sizeof(*copy) + holders_size + text_size(view->comm) +
					text_size(view->service) + text_size(view->cgroup));
	char *end;

	if (!copy)
		return NULL;
	*copy = *view;
	if (holders_size)
		memcpy(copy + 1, view->holders, holders_size);
	copy->holders = (const struct holder *)(copy + 1);
	end = (char *)(copy + 1) + holders_size;
	copy->comm = append_text(&end, view->comm);
	copy->service = append_text(&end, view->service);
	copy->cgroup = append_text(&end, view->cgroup);
	return copy;
}

static bool make_room(struct list *list)
{
	size_t room = list->room ? list->room * 2 : 256;
	struct conn_view **items;

	if (list->count < list->room)
		return true;
	items = reallocarray(list->items, room, sizeof(struct conn_view *));
	if (!items)
		return false;
	list->items = items;
	list->room = room;
	return true;
}

static void collect(void *ctx, const struct conn_view *view)
{
	struct list *list = ctx;
	struct conn_view *copy;

	if (list->where && !list->where(list->ctx, view))
		return;
	if (!list->total++)
		list->netns_cookie = view->netns_cookie;
	list->several_netns |= view->netns_cookie != list->netns_cookie;
	/* Twice the limit is collected and halved again, so a short list stays small. */
	if (list->most && list->count >= 2 * list->most)
		sort_and_cut(list, list->most);
	copy = make_room(list) ? copy_view(view) : NULL;
	if (copy)
		list->items[list->count++] = copy;
	else
		list->short_of_memory = true;
}

void list_init_where(struct list *list, const struct model *model, enum list_sort sort,
		     size_t limit, list_where_fn where, void *ctx)
{
	*list = (struct list){ .sort = sort, .most = limit, .where = where, .ctx = ctx };
	model_each_conn(model, collect, list);
	if (list->count)
		sort_and_cut(list, limit);
}

struct choice {
	const struct list_only *only;
	list_wants_fn wants;
};

static bool is_chosen(void *ctx, const struct conn_view *conn)
{
	const struct choice *choice = ctx;
	const struct list_only *only = choice->only;

	if (choice->wants && !choice->wants(conn))
		return false;
	return !only || ((!only->states || only->states >> conn->state & 1) &&
			 filter_wants(&only->filter, conn));
}

/* Whether the word at @text, up to a comma, is @name. */
static bool is_state(const char *text, const char *name)
{
	for (;; text++, name++) {
		text += strspn(text, "-_");
		name += strspn(name, "-_");
		if (!*name || toupper((unsigned char)*text) != *name)
			return !*name && (!*text || *text == ',');
	}
}

static int refuse_state(const char *text, size_t len, struct error *err)
{
	char known[256];
	size_t at = 0;

	for (unsigned int state = TW_ESTABLISHED; state < TW_NR_STATES; state++)
		at += (size_t)snprintf(known + at, sizeof(known) - at, "%s%s", at ? ", " : "",
				       state_name(state));
	return error_set(err, -EINVAL, "'%.*s' is no state; there are: %s",
			 len < 64 ? (int)len : 64, text, known);
}

int list_parse_states(const char *text, uint32_t *states, struct error *err)
{
	for (;; text++) {
		unsigned int state = TW_ESTABLISHED;
		size_t len = strcspn(text, ",");

		while (state < TW_NR_STATES && !is_state(text, state_name(state)))
			state++;
		if (state == TW_NR_STATES)
			return refuse_state(text, len, err);
		*states |= 1U << state;
		text += len;
		if (!*text)
			return 0;
	}
}

void list_init(struct list *list, const struct model *model, const struct sink_opts *opts,
	       list_wants_fn wants)
{
	struct choice choice = { .only = opts->only, .wants = wants };

	list_init_where(list, model, opts->sort, opts->limit, is_chosen, &choice);
}

void list_release(struct list *list)
{
	while (list->count)
		free(list->items[--list->count]);
	free(list->items);
	*list = (struct list){ 0 };
}

bool list_age(const struct conn_view *conn, const struct model *model, uint64_t *age_ns)
{
	uint64_t now_ns = model_now_ns(model);

	if (conn->since_ns == TIME_UNKNOWN)
		return false;
	/* how long ago we looked says nothing of a listener's age */
	if (conn->state == TW_LISTEN && conn->since_bound)
		return false;
	*age_ns = now_ns > conn->since_ns ? now_ns - conn->since_ns : 0;
	return true;
}

bool list_left(const struct conn_view *conn, const struct model *model, uint64_t *left_ns)
{
	uint64_t now_ns = model_now_ns(model);

	if (expiry(conn) == TIME_UNKNOWN)
		return false;
	*left_ns = conn->expires_ns > now_ns ? conn->expires_ns - now_ns : 0;
	return true;
}
