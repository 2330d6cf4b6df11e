/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sockets that `list` shows: the model's, copied, in order, cut at a limit. */
#ifndef SINK_LIST_H
#define SINK_LIST_H

#include "base/error.h"
#include "sink/sink.h"

/* Which sockets are listed. */
typedef bool (*list_wants_fn)(const struct conn_view *conn);
typedef bool (*list_where_fn)(void *ctx, const struct conn_view *conn);

struct list {
	struct conn_view **items;	/* owned, with all they point to */
	size_t count;
	size_t total;		/* how many there were before the cut */
	size_t room;
	size_t most;		/* kept while collecting, 0: all */
	enum list_sort sort;
	list_where_fn where;	/* of ctx */
	void *ctx;
	bool several_netns;	/* among all, not only those kept */
	bool short_of_memory;	/* some are missing */
	uint64_t netns_cookie;	/* of the first one */
};

/* Which of the model's sockets are asked for, beside what @wants says. */
struct list_only {
	struct filter filter;
	uint32_t states;	/* 1 << enum tw_state; 0: all */
};

/*
 * Names of states, with commas in between: "time_wait,CLOSE-WAIT", in any case, with '-' or '_' or
 * neither, since ss writes FIN-WAIT-1. Adds to @states. 0 or -EINVAL with a sentence.
 */
int list_parse_states(const char *text, uint32_t *states, struct error *err);
/* As @opts has it: sorted, limited, and only those asked for. @wants NULL: all. */
void list_init(struct list *list, const struct model *model, const struct sink_opts *opts,
	       list_wants_fn wants);
/* Of a choice that needs to know something. @limit 0: no limit. */
void list_init_where(struct list *list, const struct model *model, enum list_sort sort,
		     size_t limit, list_where_fn where, void *ctx);
void list_release(struct list *list);

/* How long it is in its state; false where that is unknown. */
bool list_age(const struct conn_view *conn, const struct model *model, uint64_t *age_ns);
/* How long its minisock will last; false for what is none, or unknown. */
bool list_left(const struct conn_view *conn, const struct model *model, uint64_t *left_ns);

#endif
