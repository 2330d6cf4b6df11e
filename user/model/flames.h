/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flame-style summaries are made of: how long each connection was in which state, and
 * what those that are gone have weighed, by the frames that were asked for. Those that live
 * are asked when a summary is taken. Internal to the model.
 */
#ifndef MODEL_FLAMES_H
#define MODEL_FLAMES_H

#include "base/index.h"
#include "base/pool.h"
#include "model/flame.h"
#include "model/flame_key.h"
#include "model/tracker.h"

/* The states that a full socket is in for some time, and FIN_WAIT2 of a minisock. */
enum course_state {
	COURSE_NONE,
	COURSE_SYN_SENT,
	COURSE_SYN_RECV,
	COURSE_ESTABLISHED,
	COURSE_FIN_WAIT1,
	COURSE_FIN_WAIT2,
	COURSE_CLOSE_WAIT,
	COURSE_LAST_ACK,
	COURSE_CLOSING,
	COURSE_ORPHAN,		/* a minisock in FIN_WAIT2 */
	NR_COURSE_STATES,
};

/* What a connection has been through in the window, beside what struct conn knows. */
struct course {
	uint64_t ns[NR_COURSE_STATES];	/* of those that it has left */
	uint64_t from_ns;	/* when it came into the one that it is in */
	uint64_t held_before;	/* held_ns() at the beginning of the window */
	uint8_t state;		/* enum course_state */
	uint8_t error;		/* of its connect(): errno; 0: none */
	bool peer_closed;	/* its peer's FIN came first */
	bool over_before;	/* the full socket had ended when the window began */
};

/* What stands under the same frames, once. */
struct flame_row {
	struct flame_key key;
	uint64_t weights[NR_FLAME_WEIGHTS];
};

struct flame_table {
	struct pool pool;	/* struct flame_row; the first one is of what there is no room for */
	struct index index;
	uint64_t unplaced;
};

struct flames {
	struct flame_by by;
	uint32_t asked;		/* the same, as bits by enum flame_frame */
	struct flame_table gone;	/* connections that are no more */
	uint32_t many;		/* from so many rows on those are no longer told apart by process */
	struct course *courses;	/* owned, by connection */
	uint32_t room;
	struct pool netns;	/* struct flame_netns: those that connections have been in */
	struct index by_netns;
	uint64_t from_ns;	/* when the window began */
};

/* NULL: no memory. */
struct flames *flames_new(const struct flame_by *by);
void flames_free(struct flames *flames);
/* To be called after every change of a connection's state. */
void flames_follow(struct model *model, uint32_t id);
/* Its connect() failed so. */
void flames_failed(struct model *model, uint32_t id, uint8_t error);
/* The connection is about to be forgotten. */
void flames_leave(struct model *model, uint32_t id);
/* The connection has ended, and which code opened it matters and may still be told. */
bool flames_await_stack(const struct model *model, uint32_t id);
/* @count connections like @like, of which nothing else is known, did what @mask says; @error: errno. */
void flames_add_sum(struct model *model, const struct conn *like, uint32_t mask, uint8_t error,
		    uint64_t count);

/* A bind() or listen() on @like's port, of which nothing more is known, failed with @error. */
void flames_add_bind(struct model *model, const struct conn *like, uint8_t error);

#endif
