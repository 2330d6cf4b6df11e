/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What farewell.c is told by the rooms that see it happen. Internal to the model. */
#ifndef MODEL_FAREWELLS_H
#define MODEL_FAREWELLS_H

#include "model/farewell.h"
#include "model/kin.h"
#include "model/tracker.h"

struct farewell {
	struct kin kin;
	uint64_t cgroup_id;
	uint32_t pid;		/* the command's */
	unsigned int source;
	char *words;		/* owned, clean, each ends with NUL */
	uint32_t nr_words;
	bool ended;
	int status;
	struct farewell_counts counts;	/* of what is over */
	struct farewell_leak *leaks;	/* owned */
	uint32_t nr_leaks, room_leaks;
};

void farewell_free(struct farewell *farewell);
void farewell_scope(struct model *model, const struct tw_scope *record, unsigned int source);
void farewell_fork(struct model *model, const struct tw_fork *record, unsigned int source);
void farewell_exit(struct model *model, const struct tw_exit *record, unsigned int source);

/* Whether it is one of those that are counted: the command's, and opened while it ran. */
static inline bool farewell_counts_it(const struct conn *conn)
{
	return conn->ours && !conn->preexisting && conn->state != TW_LISTEN;
}

/*
 * Takes note of who acted on the connection (PID_UNKNOWN: nobody new) and of the control
 * group of its socket. True if it is the command's from now on, and was not before.
 */
bool farewell_notice(struct model *model, struct conn *conn, uint32_t pid, uint64_t cgroup_id);
/* It is @listener's child. The same. */
static inline bool farewell_inherit(struct conn *conn, const struct conn *listener)
{
	bool news = listener->ours && !conn->ours;

	conn->ours |= listener->ours;
	return news;
}

/* A process did to it what the record says; its state is still the one before. */
void farewell_acted(struct model *model, uint32_t id, const struct tw_transition *record);
/* The full socket is over; @record: its last change, NULL: that was not seen. */
void farewell_ended(struct model *model, const struct conn *conn,
		    const struct tw_transition *record, enum reset reset);
/* @count sockets like @like, of which nothing else is told, did this. */
void farewell_sum(struct model *model, const struct conn *like, const struct tw_record *head,
		  uint64_t count);

#endif
